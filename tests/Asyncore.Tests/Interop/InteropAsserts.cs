using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>What these tests do again and again.</summary>
internal static class InteropAsserts
{
    /// <summary>Without showing a megabyte of each.</summary>
    public static void AssertSame(byte[] expected, byte[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.True(expected.AsSpan().SequenceEqual(actual), "the bytes are others");
    }

    /// <summary>Has one of ours talk to the other's server, and expects an orderly end.</summary>
    public static byte[] Talk(
        this EventLoop loop, EndPoint server, byte[] data, Manners manners = Manners.SpeakFirst)
    {
        var talker = new Talker(server, data, manners, loop);
        loop.RunUntil(() => talker.IsDone, "the end of the conversation");
        Assert.Null(talker.Error);
        return talker.Received;
    }

    /// <summary>Closes a server of ours; what is left in its loop must go by itself.</summary>
    public static void End(this EventLoop loop, Dispatcher server)
    {
        server.Close();
        loop.RunUntil(() => loop.Channels.Count == 0, "the end of every connection");
        loop.Run();
    }

    /// <summary>The address that a program said it listens at: a port, or else the path that it was given.</summary>
    public static EndPoint AddressOf(this Match match, AddressFamily family, EndPoint path)
    {
        if (family == AddressFamily.Unix)
        {
            return path;
        }

        bool isSix = family == AddressFamily.InterNetworkV6;
        int port = int.Parse(match.Groups["port"].ValueSpan, CultureInfo.InvariantCulture);
        return new IPEndPoint(isSix ? IPAddress.IPv6Loopback : IPAddress.Loopback, port);
    }

    /// <summary>The port of an address, as a command line has it.</summary>
    public static string PortOf(this EndPoint? address) =>
        Assert.IsType<IPEndPoint>(address).Port.ToString(CultureInfo.InvariantCulture);

    /// <summary>Removes a path that another program may have left behind.</summary>
    public static void Remove(this EndPoint address)
    {
        if (address is UnixDomainSocketEndPoint)
        {
            File.Delete(address.ToString()!);
        }
    }
}
