using System.Net;
using System.Net.Sockets;

namespace Asyncore.Tests.Support;

/// <summary>
/// The other side of a channel, by blocking calls: a <see cref="Socket"/> of the system, or a socket of the network that
/// the channel's loop simulates. Calls are named as those of <see cref="Socket"/>.
/// </summary>
internal abstract class FarEnd : IDisposable
{
    public abstract EndPoint? LocalEndPoint { get; }

    public abstract int Available { get; }

    /// <summary>For what only the system has.</summary>
    /// <exception cref="NotSupportedException">It is of a simulated network.</exception>
    public static implicit operator Socket(FarEnd end) => end is SystemEnd { Socket: var socket }
        ? socket
        : throw new NotSupportedException("There is no Socket on a simulated network.");

    /// <summary>Sends all of it.</summary>
    public abstract void Send(ReadOnlySpan<byte> data);

    /// <summary>Sends what there is room for.</summary>
    /// <returns>How much; −1 where there is none.</returns>
    public abstract int SendSome(ReadOnlySpan<byte> data);

    public abstract void SendTo(ReadOnlySpan<byte> data, EndPoint address);

    /// <returns>How much has been received; 0 at the end.</returns>
    /// <exception cref="SocketException">The connection is broken, or nothing has come.</exception>
    public abstract int Receive(Span<byte> buffer);

    public abstract void Bind(EndPoint address);

    public abstract void Listen();

    public abstract void Connect(EndPoint address);

    /// <exception cref="SocketException">Nobody has connected.</exception>
    public abstract FarEnd Accept();

    /// <summary>Ends what is sent.</summary>
    public abstract void Shutdown();

    /// <summary>Makes closing reset the connection.</summary>
    public abstract void ResetOnClose();

    /// <summary>Whether receiving or accepting would not wait.</summary>
    public abstract bool IsReadable { get; }

    public abstract void Dispose();

    /// <summary>Reads so many bytes, fewer only where the stream ends before.</summary>
    public byte[] ReadExactly(int count)
    {
        byte[] buffer = new byte[count];
        int done = 0;
        while (done < count && Receive(buffer.AsSpan(done)) is > 0 and var read)
        {
            done += read;
        }

        return buffer[..done];
    }

    /// <summary>Reads until the channel's orderly end.</summary>
    public byte[] ReadToEnd()
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        while (Receive(buffer) is > 0 and var count)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    /// <summary>Reads until the channel's orderly end, while its loop runs.</summary>
    public byte[] ReadToEnd(EventLoop loop) => Read(loop, int.MaxValue, () => false);

    /// <summary>Reads so many bytes, fewer only where the stream ends before, while the channel's loop runs.</summary>
    public byte[] ReadExactly(int count, EventLoop loop) => Read(loop, count, () => false);

    /// <summary>Reads until something has come about, while the channel's loop runs.</summary>
    /// <returns>How much has been read.</returns>
    public int ReadUntil(Func<bool> condition, EventLoop loop) => Read(loop, int.MaxValue, condition).Length;

    /// <summary>The error that reading ends with, after whatever can be read; success at an orderly end.</summary>
    public SocketError ReadToError() => ReadToError(out _);

    /// <summary>The same, and what could be read.</summary>
    public SocketError ReadToError(out byte[] received)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (Receive(buffer) is > 0 and var count)
            {
                all.Write(buffer, 0, count);
            }

            return SocketError.Success;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode;
        }
        finally
        {
            received = all.ToArray();
        }
    }

    private byte[] Read(EventLoop loop, int most, Func<bool> condition)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        bool ended = false;
        loop.RunUntil(
            () =>
            {
                while (!ended && all.Length < most && IsReadable)
                {
                    int count = Receive(buffer.AsSpan(0, (int)Math.Min(buffer.Length, most - all.Length)));
                    all.Write(buffer, 0, count);
                    ended = count == 0;
                }

                return ended || all.Length == most || condition();
            },
            "what is to be read");
        return all.ToArray();
    }
}

/// <summary>A socket of the system.</summary>
internal sealed class SystemEnd(Socket socket) : FarEnd
{
    private const int Patience = 20_000;

    public Socket Socket => socket;

    public override EndPoint? LocalEndPoint => socket.LocalEndPoint;

    public override int Available => socket.Available;

    public override bool IsReadable => socket.Poll(0, SelectMode.SelectRead);

    /// <summary>A new one that waits for twenty seconds at most.</summary>
    public static SystemEnd Create(AddressFamily family, SocketType type) => Patient(new Socket(family, type, ProtocolType.Unspecified));

    public override void Send(ReadOnlySpan<byte> data) => socket.Send(data);

    public override int SendSome(ReadOnlySpan<byte> data)
    {
        socket.Blocking = false;
        int sent = socket.Send(data, SocketFlags.None, out SocketError error);
        socket.Blocking = true;
        return error switch
        {
            SocketError.Success => sent,
            SocketError.WouldBlock => -1,
            _ => throw new SocketException((int)error),
        };
    }

    public override void SendTo(ReadOnlySpan<byte> data, EndPoint address) => socket.SendTo(data, address);

    public override int Receive(Span<byte> buffer) => socket.Receive(buffer);

    public override void Bind(EndPoint address) => socket.Bind(address);

    public override void Listen() => socket.Listen(128);

    public override void Connect(EndPoint address) => socket.Connect(address);

    public override FarEnd Accept() => Patient(socket.AcceptSoon());

    public override void Shutdown() => socket.Shutdown(SocketShutdown.Send);

    public override void ResetOnClose() => TestLoop.ResetOnClose(socket);

    public override void Dispose() => socket.Dispose();

    private static SystemEnd Patient(Socket socket)
    {
        socket.ReceiveTimeout = Patience;
        socket.SendTimeout = Patience;
        return new SystemEnd(socket);
    }
}
