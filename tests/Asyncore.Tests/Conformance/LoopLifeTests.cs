using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>How long a loop runs, and for whom (L9).</summary>
public class LoopLifeTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L9_CountCountsPasses(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;

        loop.Run(TimeSpan.Zero, count: 7);
        Assert.Equal(7, channel.ReadAsked);

        loop.Run(TimeSpan.Zero, count: 0);
        Assert.Equal(7, channel.ReadAsked);

        EventLoop.Loop(timeout: 0, map: loop, count: 3);
        Assert.Equal(10, channel.ReadAsked);

        Assert.Throws<ArgumentOutOfRangeException>(() => loop.Run(TimeSpan.Zero, count: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => loop.Run(TimeSpan.FromTicks(-2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventLoop.Loop(timeout: double.NaN, map: loop));
        Assert.Equal(10, channel.ReadAsked);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L9_PrivateLoopsDoNotSeeEachOthersChannels(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop one = TestLoop.Create(kind);
        using EventLoop two = TestLoop.Create(kind);
        (Recorder first, FarEnd firstPeer) = one.JoinRecorder(family);
        (Recorder second, FarEnd secondPeer) = two.JoinRecorder(family);
        using FarEnd firstOwned = firstPeer;
        using FarEnd secondOwned = secondPeer;
        firstPeer.Deliver(first, "1");
        secondPeer.Deliver(second, "2");

        Assert.Same(first, Assert.Single(one.Channels).Value);
        Assert.Same(second, Assert.Single(two.Channels).Value);
        Assert.DoesNotContain(first, EventLoop.Default.Channels.Values);

        one.Passes(3);
        Assert.Equal("1", first.Text());
        Assert.Empty(second.Events);

        one.CloseAll();
        two.Passes(3);
        Assert.Equal("2", second.Text());
        Assert.True(second.Connected);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L9_RunEndsWhenNothingIsLeft(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        loop.Run();
        Assert.False(loop.RunOnce());

        // A channel, even one that nothing can happen to.
        var channel = new Recorder(loop: loop);
        channel.CreateSocket();
        Assert.True(loop.RunOnce(TimeSpan.Zero));
        channel.Close();
        Assert.False(loop.RunOnce());

        // A timer.
        TimerHandle timer = loop.CallLater(TimeSpan.FromHours(1), () => { });
        Assert.True(loop.RunOnce(TimeSpan.Zero));
        timer.Cancel();
        Assert.False(loop.RunOnce());
        timer = loop.CallEvery(TimeSpan.FromHours(1), () => { });
        Assert.True(loop.RunOnce(TimeSpan.Zero));
        timer.Call(); // leaves the schedule
        Assert.False(loop.RunOnce());

        // A posted callback, which posts another.
        int ran = 0;
        loop.Post(() => loop.Post(() => ran++));
        Assert.True(loop.RunOnce());
        Assert.False(loop.RunOnce());
        Assert.Equal(1, ran);

        // A reason to stay alive, given up twice.
        IDisposable reason = loop.KeepAlive();
        IDisposable other = loop.KeepAlive();
        reason.Dispose();
        reason.Dispose();
        Assert.True(loop.RunOnce(TimeSpan.Zero));
        other.Dispose();
        Assert.False(loop.RunOnce());
        loop.Run();
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L9_RunEndsWithTheNameThatIsBeingResolved(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(AddressFamily.InterNetwork);
        int port = ((System.Net.IPEndPoint)listener.LocalEndPoint!).Port;
        var channel = new Recorder(loop: loop);
        channel.CreateSocket();
        channel.OnConnect = channel.Close;
        channel.Connect("localhost", port);
        Assert.True(channel.Connecting);

        loop.Run();
        Assert.Equal(["connect"], channel.Events);

        // Without a socket it is not among the channels yet.
        var socketless = new Recorder(loop: loop);
        socketless.OnConnect = socketless.Close;
        socketless.Connect("localhost", port);
        Assert.Empty(loop.Channels);
        loop.Run();
        Assert.Equal(["connect"], socketless.Events);

        // Nobody waits for this one any more; the loop ends by itself, and nobody is told.
        var closed = new Recorder(loop: loop);
        closed.CreateSocket();
        closed.Connect("localhost", port);
        closed.Close();
        loop.Run();
        Assert.Empty(closed.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L9_BytesTakenButNotSentCountAsLeft(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        byte[] block = Sockets.Pattern(64 * 1024);
        var sent = new MemoryStream();
        int taken;
        while ((taken = channel.Send(block)) > 0)
        {
            sent.Write(block, 0, taken);
        }

        channel.Close();
        Assert.Empty(loop.Channels);
        Assert.True(loop.RunOnce(TimeSpan.Zero));

        byte[] received = [];
        Companion reading = Companion.Start(() => received = peer.ReadToEnd());
        loop.Run();
        reading.Join();
        Assert.Equal(sent.ToArray(), received);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L9_StopBeforeRunMakesItReturnAfterOnePass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        peer.Deliver(channel, "x");
        loop.Stop();
        loop.Stop();

        loop.Run();
        Assert.Equal(1, channel.ReadAsked);
        Assert.Equal(["read"], channel.Events); // a whole pass

        loop.Run(TimeSpan.Zero, count: 3); // the request is used up
        Assert.Equal(4, channel.ReadAsked);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L9_StopInsideAPassLetsThePassEnd(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var peers = new List<FarEnd>();
        var channels = new List<Recorder>();
        for (int i = 0; i < 3; i++)
        {
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
            channels.Add(channel);
            peers.Add(peer);
            peer.Deliver(channel, "x");
            channel.OnRead = loop.Stop;
        }

        loop.Run();

        Assert.All(channels, channel => Assert.Equal(["read"], channel.Events));
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L9_ANullTimeoutWaitsUntilSomethingIsDue(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        int fired = 0;
        loop.CallLater(TimeSpan.FromDays(20), () => fired++);
        clock.OnSet = due => Companion.Start(() => clock.Advance(due)).Join(); // all that the loop waits for

        loop.Run(count: 2);

        Assert.Equal(1, fired);
        Assert.Equal([TimeSpan.FromDays(20)], clock.Dues);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L9_WhatIsPostedOrDueAtOnceDuringAPassRunsInTheNext(IoBackendKind kind, AddressFamily family)
    {
        foreach (TimeProvider clock in (TimeProvider[])[TimeProvider.System, new FakeClock()]) // one that stands still
        {
            using EventLoop loop = TestLoop.Create(kind, clock);
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
            using FarEnd owned = peer;
            var ran = new List<string>();
            channel.OnRead = () =>
            {
                channel.Receive();
                Both("handler");
            };
            loop.Post(() => Both("post"));
            loop.CallLater(TimeSpan.Zero, () => Both("timer"));
            peer.Deliver(channel, "x");

            loop.RunOnce(TimeSpan.FromMinutes(1));
            Assert.Empty(ran);

            loop.RunOnce(TimeSpan.Zero);
            Assert.Equal(
                [
                    "timer of timer", "timer of post", "timer of handler",
                    "post of timer", "post of post", "post of handler",
                ],
                ran);

            void Both(string where)
            {
                loop.Post(() => ran.Add($"post of {where}"));
                loop.CallLater(TimeSpan.Zero, () => ran.Add($"timer of {where}"));
            }
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L9_ATimerAndAPostThatMakeThemselvesAgainStarveNobody(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        (int posts, int timers) = (0, 0);
        loop.Post(Post);
        loop.CallLater(TimeSpan.Zero, Timer);
        peer.Deliver(channel, "x");

        loop.Run(count: 5); // never waits

        Assert.Equal((5, 5), (posts, timers));
        Assert.Equal(["read"], channel.Events);

        void Post()
        {
            posts++;
            loop.Post(Post);
        }

        void Timer()
        {
            timers++;
            loop.CallLater(TimeSpan.Zero, Timer);
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L9_MorePostsThanFitAPassKeepTheirOrderAndDoNotWait(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(new EventLoopOptions { Backend = kind, MaxPostsPerPass = 3 });
        using IDisposable reason = loop.KeepAlive();
        var ran = new List<int>();
        for (int i = 0; i < 8; i++)
        {
            int number = i;
            loop.Post(() =>
            {
                ran.Add(number);
                if (number == 0)
                {
                    loop.Post(() => ran.Add(100));
                }
            });
        }

        loop.Run(count: 2);
        Assert.Equal([0, 1, 2, 3, 4, 5], ran);

        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 100], ran);
    }
}
