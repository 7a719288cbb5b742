using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>How long a loop waits, what wakes it, and what it hears of those who want nothing (L10).</summary>
public class LoopWaitTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L10_ALoopWaitsAsLongAsNothingIsDue(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        loop.AssertIdle(); // with nothing but the timer that ends it

        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        var fresh = new Recorder(loop: loop);
        fresh.CreateSocket(family); // would poll as hung up
        (Recorder paused, FarEnd pausedPeer) = loop.JoinRecorder(family);
        using FarEnd pausedOwned = pausedPeer;
        paused.PauseReading();
        pausedPeer.Deliver(paused, "x");
        using IDisposable reason = loop.KeepAlive();

        loop.AssertIdle();
        Assert.All([channel, listener, fresh, paused], each => Assert.Empty(each.Events));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L10_LookingAfterSocketsOfOthersEndsNoWait(IoBackendKind kind)
    {
        // The loop looks once a second whether somebody has disposed a Socket of its channels; that is no pass.
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        loop.CallLater(TimeSpan.FromMilliseconds(1200), loop.Stop);

        loop.Run();

        Assert.InRange(channel.ReadAsked, 1, 2);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L10_PostWakesALoopThatWaits(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        using var answer = new SemaphoreSlim(0);
        Companion running = Companion.Start(() => loop.Run());

        for (int i = 0; i < 2000; i++)
        {
            loop.Post(() => answer.Release());
            Assert.True(answer.Wait(_patience, TestContext.Current.CancellationToken), $"post {i} woke nobody");
        }

        loop.Stop();
        running.Join();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L10_StopWakesALoopThatWaits(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        for (int i = 0; i < 200; i++)
        {
            using var started = new ManualResetEventSlim();
            loop.Post(started.Set);
            Companion running = Companion.Start(() => loop.Run());
            Assert.True(started.Wait(_patience, TestContext.Current.CancellationToken));
            loop.Stop();
            running.Join();
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L10_WhatComesJustBeforeTheWaitEndsIt(IoBackendKind kind)
    {
        // The loop is done with its posts, and has set its alarm: the last moment at which it could miss something.
        foreach (bool stops in (bool[])[true, false])
        {
            var clock = new FakeClock();
            using EventLoop loop = TestLoop.Create(kind, clock);
            using IDisposable reason = loop.KeepAlive();
            loop.CallLater(TimeSpan.FromHours(1), () => Assert.Fail("far too early"));
            bool ran = false;
            clock.OnSet = due =>
            {
                clock.OnSet = null;
                Background(() =>
                {
                    loop.Post(() => ran = true);
                    if (stops)
                    {
                        loop.Stop();
                    }
                });
            };

            loop.RunOnce();
            Assert.False(ran);
            Assert.Equal(TimeSpan.FromHours(1), Assert.Single(clock.Dues));

            loop.RunOnce(TimeSpan.Zero);
            Assert.True(ran);
        }

        static void Background(Action action) => Companion.Start(action).Join();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L10_ATimerMadeMeanwhileShortensTheWait(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        loop.CallLater(TimeSpan.FromHours(1), () => { });
        using var fired = new ManualResetEventSlim();
        using var waiting = new ManualResetEventSlim();
        loop.Post(waiting.Set);
        Companion running = Companion.Start(() => loop.Run());
        Assert.True(waiting.Wait(_patience, TestContext.Current.CancellationToken));

        loop.Post(() => loop.CallLater(TimeSpan.FromMilliseconds(1), fired.Set));

        Assert.True(fired.Wait(_patience, TestContext.Current.CancellationToken), "the timer did not fire");
        loop.Stop();
        running.Join();
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L10_AResetOfAChannelThatWantsNothingIsReported(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser chooser, FarEnd chooserPeer) = loop.JoinChooser(family);
        chooser.Reads = () => false;
        (Recorder paused, FarEnd pausedPeer) = loop.JoinRecorder(family);
        paused.PauseReading();
        loop.Passes(2);
        chooserPeer.ResetOnClose();
        pausedPeer.ResetOnClose();
        chooserPeer.Dispose();
        pausedPeer.Dispose();

        loop.Run(); // until both have closed

        Assert.Equal(["close"], chooser.Events);
        Assert.Equal(["close"], paused.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L10_AHangUpInBothDirectionsOfOneThatWantsNothingIsReported(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        channel.PauseReading();
        channel.ShutdownSend();
        loop.Passes(3);
        Assert.Empty(channel.Events);
        peer.Dispose();

        loop.Run();

        Assert.Equal(["close"], channel.Events);
        Assert.Null(channel.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L10_APeersEndOfSendingIsSeenOnlyByReading(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        channel.PauseReading();
        loop.Passes(1);
        peer.Shutdown();
        channel.Await(Kernel.In);

        loop.Passes(3);
        loop.AssertIdle();
        Assert.Empty(channel.Events);

        channel.ResumeReading();
        loop.Passes(3);
        Assert.Equal(["read", "close"], channel.Events);
    }
}
