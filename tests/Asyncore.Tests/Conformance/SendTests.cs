using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R3: sending on streams.</summary>
public class SendTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R3_TheSendsOfOnePassLeaveTogetherInOrderAtItsEnd(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(1000);
        int early = -1;
        channel.OnRead = () =>
        {
            channel.Recv(new byte[1]);
            for (int i = 0; i < all.Length; i += 10)
            {
                Assert.Equal(10, channel.Send(all.AsSpan(i, 10)));
            }

            early = peer.Available;
        };
        peer.Deliver(channel, "x");
        int before = family == AddressFamily.Unix ? 0 : Descriptors.DataSegmentsReceived(peer);

        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Null(channel.Error);
        Assert.Equal(0, early);
        Assert.Equal(all, peer.ReadExactly(all.Length)); // and no further pass was needed
        if (family != AddressFamily.Unix)
        {
            Assert.Equal(1, Descriptors.DataSegmentsReceived(peer) - before);
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_WhatIsSentOutsideTheLoopOrByATimerLeavesInThatPassToo(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.Send("outside "u8);
        loop.Post(() => channel.Send("posted "u8));
        loop.CallLater(TimeSpan.Zero, () => channel.Send("timer "u8));

        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal("outside timer posted "u8.ToArray(), peer.ReadExactly(21));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_FlushSendsAtOnce(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.Send("now"u8);

        channel.Flush();

        Assert.Equal("now"u8.ToArray(), peer.ReadExactly(3));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_AChannelHoldsItsBoundAndNoMore(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        Assert.Equal(256 * 1024, channel.SendBound);
        Assert.Throws<ArgumentOutOfRangeException>(() => channel.SendBound = 0);
        channel.SendBound = 1000;
        byte[] all = Sockets.Pattern(1200);

        Assert.Equal(600, channel.Send(all.AsSpan(0, 600)));
        Assert.Equal(400, channel.Send(all.AsSpan(600)));
        Assert.Equal(0, channel.Send(all.AsSpan(1000)));
        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal(200, channel.Send(all.AsSpan(1000)));
        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal(all, peer.ReadExactly(1200));
        Assert.Equal(0, channel.Send([]));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_ALargeSendWithNothingHeldGoesStraightToTheKernel(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.SendBound = 100;
        byte[] all = Sockets.Pattern(40_000);

        int taken = channel.Send(all);

        Assert.True(taken > 100, $"{taken} taken");
        Assert.Equal(all[..1000], peer.ReadExactly(1000)); // without a pass
        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal(all[1000..taken], peer.ReadExactly(taken - 1000));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_ALargeSendDoesNotOvertakeWhatIsHeld(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(40_001);

        Assert.Equal(1, channel.Send(all.AsSpan(0, 1)));
        Assert.Equal(40_000, channel.Send(all.AsSpan(1)));
        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal(all, peer.ReadExactly(all.Length));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_HandleWriteRunsWhenSendWouldTakeSomething(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family, small: true);
        using FarEnd _ = peer;
        channel.SendBound = 10_000;
        byte[] all = Sockets.Pattern(1_000_000);
        int done = 0;
        List<int> each = [];
        channel.Writes = () => done < all.Length;
        channel.OnWrite = () =>
        {
            each.Add(channel.Send(all.AsSpan(done)));
            done += each[^1];
            while (channel.Send(all.AsSpan(done)) is > 0 and var more)
            {
                done += more;
            }
        };
        loop.Passes(50); // until it is full, and some more: nobody may be called for nothing
        Assert.InRange(done, 1, all.Length - 1);
        Assert.Equal(all, peer.ReadExactly(all.Length, loop));

        Assert.DoesNotContain(0, each);
        Assert.DoesNotContain("close", channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_WhileConnectingSendTakesNothingAndInHandleConnectItTakes(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Recorder(loop: loop);
        int inside = -1;
        channel.OnConnect = () => inside = channel.Send("first"u8);
        Assert.Equal(0, channel.Send("nowhere"u8));
        channel.CreateSocket(family);
        Assert.Equal(0, channel.Send("nowhere"u8));
        channel.Connect(listener.LocalEndPoint!);
        Assert.Equal(0, channel.Send("too early"u8));
        using FarEnd peer = listener.Accept();

        loop.RunUntil(() => channel.Connected);

        Assert.Equal(5, inside);
        channel.Close();
        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal("first"u8.ToArray(), peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_WhileConnectingDispatcherWithSendQueues(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new QueueRecorder(loop: loop);
        channel.OnConnect = () => channel.Send("inside "u8);
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);
        Assert.Equal(6, channel.Send("early "u8));
        Assert.Equal(6, channel.OutBufferLength);
        loop.RunUntil(() => channel.Connected);
        using FarEnd peer = listener.Accept();

        Assert.Equal("early inside "u8.ToArray(), peer.ReadExactly(13)); // in the pass that connected
        Assert.Equal(0, channel.OutBufferLength);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_OnAClosedChannelSendAndRecvGiveZeroAndTheRestThrows(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        channel.Close();

        Assert.Equal(0, channel.Send("x"u8));
        Assert.Equal(0, channel.Send(new byte[100_000]));
        Assert.Equal(0, channel.Recv(new byte[10]));
        Assert.True(channel.Receive().IsEmpty);
        foreach (Action operation in new Action[]
        {
            () => channel.CreateSocket(family),
            () => channel.SetSocket(unused),
            () => channel.AddChannel(),
            () => channel.AddChannel(loop),
            channel.DelChannel,
            channel.SetReuseAddr,
            () => channel.Bind(Backends.AnyAddress(family)),
            () => channel.Bind("", 0),
            () => channel.Listen(),
            () => channel.Accept(),
            () => channel.Connect(Backends.AnyAddress(family)),
            () => channel.Connect("localhost", 9),
            channel.Flush,
            channel.ShutdownSend,
            channel.PauseReading,
            channel.ResumeReading,
            () => channel.NoDelay = false,
            () => channel.DualMode = true,
        })
        {
            Assert.Throws<ObjectDisposedException>(operation);
        }

        channel.Close();
        channel.Abort();
        channel.Dispose();
        loop.Passes(3);
        Assert.Empty(channel.Events);
        Assert.Empty(peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_APeerFoundGoneBySendingIsToldOnceByTheLoop(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (int size in new[] { 1, 100_000 })
        {
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
            loop.Passes(1);
            peer.ResetOnClose();
            peer.Dispose();
            channel.Await(Kernel.HangUp);
            for (int i = 0; i < 3; i++)
            {
                channel.Send(new byte[size]); // by the second or third it is known, and SIGPIPE has not killed us
                channel.Flush();
            }

            Assert.Empty(channel.Events);
            Assert.Equal(0, channel.Send(new byte[size]));
            Assert.True(channel.Connected); // not told yet

            loop.RunUntil(() => channel.Events.Contains("close"));
            loop.Passes(3);

            Assert.Single(channel.Events, "close");
            Assert.NotNull(channel.CloseReason);
            Assert.False(channel.Connected);
        }
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R3_NoDelayIsOnUnlessSwitchedOff(IoBackendKind kind, AddressFamily family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "option numbers are Linux's");
        using EventLoop loop = TestLoop.Create(kind);
        foreach (bool? said in new bool?[] { null, true, false })
        {
            bool on = said ?? true; // where nobody has said anything
            Recorder listener = Told(new Recorder(loop: loop), said).ListenOn(family);
            Recorder? accepted = null;
            listener.OnAccepted = connection => accepted = new Recorder(connection);
            Recorder client = Told(new Recorder(loop: loop), said);
            client.CreateSocket(family);
            client.Connect(listener.Address!);
            loop.RunUntil(() => client.Connected && accepted is not null);
            (Socket ours, Socket peer) = TestLoop.Pair(family);
            using Socket _ = peer;
            Recorder given = Told(new Recorder(ours, loop), said);

            foreach (Recorder channel in new[] { client, accepted!, given })
            {
                Assert.Equal(on, channel.NoDelay);
                Assert.Equal(on ? 1 : 0, NoDelay(channel));
                channel.NoDelay = !on;
                Assert.Equal(on ? 0 : 1, NoDelay(channel));
            }
        }
    }

    private static Recorder Told(Recorder channel, bool? noDelay)
    {
        if (noDelay is { } on)
        {
            channel.NoDelay = on;
        }

        return channel;
    }

    private static int NoDelay(Dispatcher channel) =>
        Descriptors.GetOption(channel.FileDescriptor, Descriptors.TcpLevel, Descriptors.TcpNoDelay);
}
