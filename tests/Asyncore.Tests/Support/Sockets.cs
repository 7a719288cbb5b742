using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>Plain blocking sockets for the other side of a channel, and channels made to listen.</summary>
internal static class Sockets
{
    private const int Patience = 20_000;

    /// <summary>A plain listener, not in any loop.</summary>
    public static Socket Listen(AddressFamily family)
    {
        Socket socket = Bound(family);
        socket.Listen(128);
        return socket;
    }

    /// <summary>A socket that is bound and does not listen: whoever connects to it is refused.</summary>
    public static Socket Bound(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(Backends.AnyAddress(family));
        return socket;
    }

    /// <summary>A connection, which the kernel makes whether or not anybody has accepted it yet.</summary>
    public static Socket Dial(EndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = Patience,
            SendTimeout = Patience,
        };
        socket.Connect(address);
        return socket;
    }

    /// <summary>
    /// Connects until that is refused. A child process that another test starts just then has a listener's descriptor too,
    /// until it has become its program: so long a listener that was closed goes on listening.
    /// </summary>
    public static void AwaitRefused(EndPoint address)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                Dial(address).Dispose();
            }
            catch (SocketException)
            {
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(Patience), $"somebody listens at {address}");
        }
    }

    /// <summary>Accepts a connection, or fails where none comes.</summary>
    public static Socket AcceptSoon(this Socket listener)
    {
        Assert.True(listener.Poll(TimeSpan.FromMilliseconds(Patience), SelectMode.SelectRead), "nobody has connected");
        Socket socket = listener.Accept();
        socket.ReceiveTimeout = Patience;
        socket.SendTimeout = Patience;
        return socket;
    }

    /// <summary>Makes a channel listen at an address of its own.</summary>
    public static T ListenOn<T>(this T channel, AddressFamily family, int backlog = 1024)
        where T : Dispatcher
    {
        channel.CreateSocket(family);
        channel.Bind(Backends.AnyAddress(family));
        channel.Listen(backlog);
        return channel;
    }

    /// <summary>Reads so many bytes, fewer only where the stream ends before.</summary>
    public static byte[] ReadExactly(this Socket socket, int count)
    {
        byte[] buffer = new byte[count];
        int done = 0;
        while (done < count)
        {
            int read = socket.Receive(buffer, done, count - done, SocketFlags.None);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return buffer[..done];
    }

    /// <summary>Reads until the peer's orderly end.</summary>
    public static byte[] ReadToEnd(this Socket socket)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        while (socket.Receive(buffer) is > 0 and var count)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    /// <summary>Reads to the end, or to the error that there is instead of one.</summary>
    public static (byte[] Bytes, SocketError Error) ReadAll(this Socket socket)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            int count = socket.Receive(buffer, 0, buffer.Length, SocketFlags.None, out SocketError error);
            if (count <= 0 || error != SocketError.Success)
            {
                return (all.ToArray(), error);
            }

            all.Write(buffer, 0, count);
        }
    }

    /// <summary>The error that reading ends with, after whatever can be read.</summary>
    public static SocketError ReadToError(this Socket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        SocketError error;
        while (socket.Receive(buffer, 0, buffer.Length, SocketFlags.None, out error) > 0)
        {
        }

        return error;
    }

    /// <summary>Small buffers, so that a sender whose peer does not read is soon told to wait.</summary>
    public static void ShrinkBuffers(this Socket socket)
    {
        socket.SendBufferSize = 64 * 1024;
        socket.ReceiveBufferSize = 64 * 1024;
    }

    /// <summary>Bytes that tell where in a stream they belong.</summary>
    public static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)((i * 7) ^ (i >> 8) ^ (i >> 16));
        }

        return bytes;
    }
}
