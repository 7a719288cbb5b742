using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>One pass: in what order, for whom, and when it waits (L1–L3).</summary>
public class LoopPassTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L1_APassIsTimersPostsInterestsAndEvents(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        peer.Deliver(channel, "x");
        List<string> order = channel.Events;
        channel.Reads = () =>
        {
            order.Add("asked");
            return true;
        };
        loop.Post(() => order.Add("post"));
        loop.CallLater(TimeSpan.Zero, () => order.Add("timer"));

        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal(["timer", "post", "asked", "read"], order);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void L1_OneChannelIsServedReadWriteExpt(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentChooser channel, FarEnd peer) = loop.JoinUrgent(family);
        using FarEnd owned = peer;
        channel.Writes = () => true;
        peer.Send("data"u8);
        peer.SendUrgent("!"u8);
        channel.Await(Kernel.In | Kernel.Priority | Kernel.Out);

        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal(["read", "write", "expt"], channel.Events);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void L1_OneChannelIsServedReadWriteExptClose(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentChooser channel, FarEnd peer) = loop.JoinUrgent(family);
        channel.Writes = () => true;
        peer.Send("data"u8);
        peer.SendUrgent("!"u8);
        channel.Await(Kernel.In | Kernel.Priority);
        peer.ResetOnClose();
        peer.Dispose();
        channel.Await(Kernel.In | Kernel.Priority | Kernel.Out | Kernel.Error);

        loop.RunOnce(TimeSpan.Zero);

        // select(2) has one word for an error and for urgent data, and after a reset nobody can tell any more.
        string[] urgent = kind == IoBackendKind.Select ? [] : ["expt"];
        Assert.Equal(["read", "write", .. urgent, "close"], channel.Events);
        Assert.Equal("data", channel.Text());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L1_APassThatHasNothingLeftAfterItsTimersAndPostsDoesNotWait(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(AddressFamily.Unix);
        using FarEnd owned = peer;
        loop.Passes(1);
        clock.OnSet = _ => Assert.Fail("the loop waits, though nothing is left");

        loop.CallLater(TimeSpan.Zero, channel.Close);
        Assert.False(loop.RunOnce());

        loop.Post(() => { });
        Assert.False(loop.RunOnce());

        TimerHandle far = loop.CallLater(TimeSpan.FromHours(1), () => { });
        loop.Post(far.Cancel);
        Assert.False(loop.RunOnce());

        IDisposable reason = loop.KeepAlive();
        loop.Post(reason.Dispose);
        Assert.False(loop.RunOnce());
        Assert.False(loop.RunOnce());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L1_ATimerThatFallsDueDuringTheWaitFiresInTheNextPass(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        loop.CallLater(TimeSpan.FromSeconds(5), () => channel.Events.Add("timer"));
        clock.OnSet = due =>
        {
            clock.OnSet = null;
            peer.Deliver(channel, "x");
            clock.Advance(due);
        };

        loop.RunOnce();
        Assert.Equal(["read"], channel.Events);

        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal(["read", "timer"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L2_AListenerIsNeverServedForWrite(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Chooser(loop: loop) { Writes = () => true };
        listener.CreateSocket(family);
        listener.Bind(Backends.AnyAddress(family));
        listener.Listen();
        loop.Passes(3);
        Assert.Empty(listener.Events);

        using FarEnd client = loop.Dial(listener.Address!);
        loop.RunUntil(() => listener.Events.Count > 0, "the connection");
        loop.Passes(3);
        Assert.Equal(["accepted"], listener.Events);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L2_ASocketThatListensAlreadyIsNeverServedForWrite(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        var listener = new Chooser(socket, loop) { Writes = () => true };

        loop.Passes(3);

        Assert.True(listener.Accepting);
        Assert.Empty(listener.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L3_AChannelAddedByAHandlerIsServedInTheNextPass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder first, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        peer.Deliver(first, "x");
        (Socket ours, Socket otherPeer) = TestLoop.Pair(family);
        using Socket otherOwned = otherPeer;
        otherPeer.Send("y"u8);
        Kernel.Await(ours, Kernel.In);
        Recorder? added = null;
        first.OnRead = () =>
        {
            first.Recv(new byte[10]);
            added = new Recorder(ours, loop);
        };

        loop.RunOnce(TimeSpan.Zero);
        Assert.NotNull(added);
        Assert.Empty(added.Events);

        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal(["read"], added.Events);
        Assert.Equal("y", added.Text());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L3_AnAcceptedChannelIsServedInTheNextPass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Recorder(loop: loop);
        listener.CreateSocket(family);
        listener.Bind(Backends.AnyAddress(family));
        listener.Listen();
        Recorder? served = null;
        listener.OnAccepted = accepted => served = new Recorder(accepted);
        using FarEnd client = loop.Dial(listener.Address!);
        client.Send("x"u8);
        loop.RunUntil(() =>
        {
            Assert.True(served is null || served.Events.Count == 0);
            return served is not null;
        });
        served!.Await(Kernel.In);

        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal(["read"], served!.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L3_AChannelClosedByAnotherHandlerInTheSamePassIsSkipped(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var peers = new List<FarEnd>();
        var channels = new List<Recorder>();
        for (int i = 0; i < 5; i++)
        {
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
            peers.Add(peer);
            channels.Add(channel);
            peer.Deliver(channel, "x");
            channel.OnRead = () => channels.ForEach(other =>
            {
                if (other != channel)
                {
                    other.Close();
                }
            });
        }

        loop.RunOnce(TimeSpan.Zero);

        Recorder alone = Assert.Single(loop.Channels.Values.Cast<Recorder>());
        Assert.Equal(["read"], channels.SelectMany(channel => channel.Events));
        Assert.Equal(["read"], alone.Events);
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L3_AChannelTakenOutByAnotherHandlerInTheSamePassIsSkipped(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder one, FarEnd onePeer) = loop.JoinRecorder(family);
        (Recorder two, FarEnd twoPeer) = loop.JoinRecorder(family);
        using FarEnd oneOwned = onePeer;
        using FarEnd twoOwned = twoPeer;
        onePeer.Deliver(one, "x");
        twoPeer.Deliver(two, "y");
        one.OnRead = two.DelChannel;
        two.OnRead = one.DelChannel;

        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal(["read"], one.Events.Concat(two.Events));
        (one.Events.Count == 0 ? one : two).Close();
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L3_AChannelClosedByAnotherHandlerIsNotToldWhatTheLoopKnowsByItself(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var nowhere = new UnixDomainSocketEndPoint("/nonexistent/asyncore.sock");
        var channels = new List<Recorder>();
        for (int i = 0; i < 3; i++)
        {
            var channel = new Recorder(loop: loop);
            channels.Add(channel);
            channel.CreateSocket(AddressFamily.Unix);
            channel.Connect(nowhere); // fails at once, which the loop tells
            channel.OnConnectFailed = _ => channels.ForEach(each => each.Close());
        }

        loop.Passes(3);

        Assert.Equal(["connect failed"], channels.SelectMany(channel => channel.Events));
    }
}
