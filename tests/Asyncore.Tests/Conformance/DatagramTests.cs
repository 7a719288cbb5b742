using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R3: on datagram sockets each send is one packet, and an empty one is no end.</summary>
public class DatagramTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_EachSendIsOnePacketThatLeavesAtOnce(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd peer = loop.Bound(family, SocketType.Dgram);
        (Recorder channel, _) = Connected(loop, family, peer);

        Assert.Equal(3, channel.Send("one"u8));
        Assert.Equal(0, channel.Send([]));
        Assert.Equal(5, channel.Send("three"u8));

        byte[] buffer = new byte[100];
        Assert.Equal(3, peer.Receive(buffer)); // no pass has run
        Assert.Equal(0, peer.Receive(buffer));
        Assert.Equal(5, peer.Receive(buffer));
        Assert.Equal("three"u8.ToArray(), buffer[..5]);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_AnEmptyDatagramIsNoEnd(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd peer = loop.Bound(family, SocketType.Dgram);
        (Recorder channel, EndPoint own) = Connected(loop, family, peer);
        List<int> counts = [];
        channel.OnRead = () => counts.Add(channel.Recv(new byte[100]));
        foreach (int size in new[] { 0, 2, 0, 1 })
        {
            peer.SendTo(new byte[size], own);
        }

        loop.RunUntil(() => counts.Count == 4);

        Assert.Equal([0, 2, 0, 1], counts);
        Assert.True(channel.Connected);
        Assert.DoesNotContain("close", channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_ABoundDatagramSocketReceivesWithoutConnecting(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(family, SocketType.Dgram);
        channel.Bind(Backends.AnyAddress(family));
        List<int> counts = [];
        channel.OnRead = () => counts.Add(channel.Recv(new byte[100]));
        using FarEnd peer = loop.Bound(family, SocketType.Dgram);
        peer.SendTo(new byte[0], channel.Address!);
        peer.SendTo(new byte[7], channel.Address!);

        loop.RunUntil(() => counts.Count == 2);

        Assert.Equal([0, 7], counts);
        Assert.False(channel.Connected);
        Assert.Equal(["read", "read"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.IpFamilies), MemberType = typeof(Networks))]
    public void R3_ADatagramThatIsTooLargeThrowsAndClosesNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd peer = loop.Bound(family, SocketType.Dgram);
        (Recorder channel, _) = Connected(loop, family, peer);

        SocketException error = Assert.Throws<SocketException>(() => channel.Send(new byte[70_000]));

        Assert.Equal(SocketError.MessageSize, error.SocketErrorCode);
        loop.Passes(3);
        Assert.True(channel.Connected);
        Assert.Equal(2, channel.Send("ok"u8));
        Assert.Equal(2, peer.Receive(new byte[10]));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_ADatagramChannelCloses(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd peer = loop.Bound(family, SocketType.Dgram);
        (Recorder channel, EndPoint own) = Connected(loop, family, peer);
        channel.Send("last"u8);
        channel.Close();

        Assert.Equal(0, channel.Send("x"u8));
        Assert.Equal(0, channel.Recv(new byte[10]));
        Assert.Equal(4, peer.Receive(new byte[10]));
        Assert.Empty(loop.Channels);
        Assert.Equal(["connect"], channel.Events);
    }

    private static Socket Bound(AddressFamily family)
    {
        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        socket.Bind(Backends.AnyAddress(family));
        return socket;
    }

    // Bound to an address of its own, too, so that the peer can answer over Unix sockets as well.
    private static (Recorder Channel, EndPoint Own) Connected(EventLoop loop, AddressFamily family, FarEnd peer)
    {
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(family, SocketType.Dgram);
        channel.Bind(Backends.AnyAddress(family));
        EndPoint own = channel.Address!;
        channel.Connect(peer.LocalEndPoint!);
        Assert.Empty(channel.Events);
        loop.RunUntil(() => channel.Connected);
        Assert.Equal(["connect"], channel.Events);
        return (channel, own);
    }
}
