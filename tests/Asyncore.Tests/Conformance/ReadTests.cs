using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R1 and R2: what receiving gives, and when it is the end.</summary>
public class ReadTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R1_TheEndOfTheStreamCloses(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        peer.Dispose();

        AssertReadingEnds(loop, channel);

        Assert.Null(channel.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R1_AResetCloses(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        channel.Send("never read"u8); // which makes a Unix peer's close a reset
        channel.Flush();
        peer.ResetOnClose();
        peer.Dispose();
        channel.Await(Kernel.HangUp);

        AssertReadingEnds(loop, channel);

        Assert.Equal(SocketError.ConnectionReset, Reason(channel));
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R1_ATimeoutOfTheConnectionCloses(IoBackendKind kind, AddressFamily family)
    {
        // ETIMEDOUT, which CPython forgot: a peer whose window stays shut longer than TCP_USER_TIMEOUT.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the option is Linux's");
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        using Socket _ = peer;
        peer.ReceiveBufferSize = 4096;
        ours.SendBufferSize = 4096;
        Descriptors.SetOption(ours.Number(), Descriptors.TcpLevel, Descriptors.TcpUserTimeout, 1);
        var channel = new Recorder(ours, loop);
        while (channel.Send(new byte[100_000]) > 0)
        {
        }

        AssertReadingEnds(loop, channel);

        Assert.Equal(SocketError.TimedOut, Reason(channel));
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R1_AConnectionThatIsNoneAnyMoreCloses(IoBackendKind kind, AddressFamily family)
    {
        // ENOTCONN. The others of the list come by the same path and cannot be had without a network to break.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "connections are dissolved by Linux's connect(2)");
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        loop.Passes(2);
        Descriptors.Dissolve(channel.FileDescriptor);

        Assert.Equal(0, channel.Recv(new byte[10]));

        Assert.Equal(["close"], channel.Events);
        Assert.Equal(SocketError.NotConnected, Reason(channel));
        Assert.False(channel.Connected);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R1_ADescriptorThatIsGoneCloses(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind); // EBADF
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.Socket!.Dispose();

        Assert.Equal(0, channel.Recv(new byte[10]));

        Assert.Equal(["close"], channel.Events);
        Assert.False(channel.Connected);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R2_NothingThereGivesZeroAndClosesNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;

        Assert.Equal(0, channel.Recv(new byte[10]));
        Assert.True(channel.Receive().IsEmpty);

        Assert.True(channel.Connected);
        Assert.Empty(channel.Events);
        Assert.Equal(0, new Recorder(loop: loop).Recv(new byte[10])); // no socket yet
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R2_AnEmptyBufferGivesZeroAndClosesNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        peer.Deliver(channel, "x");
        Assert.Equal(0, channel.Recv([]));
        Assert.Equal(1, channel.Recv(new byte[10]));

        peer.Dispose();
        channel.Await(Kernel.In);
        Assert.Equal(0, channel.Recv([]));
        Assert.Empty(channel.Events);
        Assert.True(channel.Connected); // it takes a buffer to meet the end

        Assert.Equal(0, channel.Recv(new byte[10]));
        Assert.Equal(["close"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R2_AClosedChannelGivesZero(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        peer.Deliver(channel, "unread");

        channel.Close();

        Assert.Equal(0, channel.Recv(new byte[10]));
        Assert.False(channel.Connected);
        Assert.Empty(channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R2_SpuriousReadinessThrowsNothing(IoBackendKind kind, AddressFamily family)
    {
        // Both are ready, and whichever is served first empties the other.
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder one, FarEnd first) = loop.JoinRecorder(family);
        (Recorder two, FarEnd second) = loop.JoinRecorder(family);
        using FarEnd _ = first;
        using FarEnd __ = second;
        List<int> counts = [];
        one.OnRead = two.OnRead = () =>
        {
            counts.Add(one.Recv(new byte[10]));
            counts.Add(two.Recv(new byte[10]));
        };
        first.Deliver(one, "x");
        second.Deliver(two, "x");

        loop.RunUntil(() => counts.Count > 0);

        Assert.Equal([1, 1, 0, 0], counts);
        Assert.Equal(["read"], one.Events);
        Assert.Equal(["read"], two.Events);
        Assert.True(one.Connected && two.Connected);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R2_PeekingLeavesTheBytesAndReceiveTakesUpToItsLimit(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        peer.Deliver(channel, "abcdef");
        byte[] buffer = new byte[4];

        Assert.Equal(4, channel.Recv(buffer, SocketFlags.Peek));
        Assert.Equal("abcd"u8.ToArray(), buffer);
        Assert.Equal("ab"u8.ToArray(), channel.Receive(2).ToArray());
        Assert.Equal("cdef"u8.ToArray(), channel.Receive().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => channel.Receive(0).Length);
    }

    // One read event, whose Recv gives zero and has told the end by the time it returns.
    private static void AssertReadingEnds(EventLoop loop, Recorder channel)
    {
        List<(int Count, bool Connected, int Closes)> seen = [];
        channel.OnRead = () =>
        {
            int count = channel.Recv(new byte[10]);
            seen.Add((count, channel.Connected, channel.Events.Count(name => name == "close")));
        };

        loop.RunUntil(() => seen.Count > 0);
        Assert.Equal([(0, false, 1)], seen);
        Assert.Equal(0, channel.Recv(new byte[10]));
        Assert.Equal(["read", "close"], channel.Events);
        Assert.Equal(-1, channel.FileDescriptor);
        Assert.Empty(loop.Channels);
    }

    private static SocketError Reason(Dispatcher channel) =>
        Assert.IsType<SocketException>(channel.CloseReason).SocketErrorCode;
}
