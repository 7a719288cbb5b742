using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>Which thread may do what to a loop, and when (L17), and what its own handlers may not (L18).</summary>
public class LoopThreadTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L17_OneThreadMayBuildALoopAndOthersRunItInTurn(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        var threads = new HashSet<int>();
        channel.OnRead = () =>
        {
            threads.Add(Environment.CurrentManagedThreadId);
            channel.Received.AddRange(channel.Receive());
            channel.Send("answer"u8);
        };

        for (int i = 1; i <= 4; i++)
        {
            peer.Deliver(channel, "x");
            Action run = i % 2 == 0 ? () => loop.RunOnce() : () => loop.Run(count: 1);
            Companion.Start(run).Join();
            Assert.Equal(i, channel.Received.Count);
            Assert.Equal("answer"u8.ToArray(), peer.ReadExactly(6));
        }

        peer.Deliver(channel, "x");
        loop.RunOnce();
        Assert.Equal(5, channel.Received.Count);
        Assert.True(threads.Count > 1);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L17_AThreadThatLeftByAnExceptionOwnsTheLoopNoMore(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        bool ran = false;
        loop.Post(() => throw new ExitNowException());
        loop.Post(() => ran = true);

        Companion.Start(() => Assert.Throws<ExitNowException>(() => loop.Run())).Join();
        loop.Run();

        Assert.True(ran);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L17_WhileALoopRunsOtherThreadsMayNotTouchIt(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        Recorder listener = new Recorder(loop: loop).ListenOn(AddressFamily.InterNetwork);
        var fresh = new Recorder(loop: loop);
        fresh.CreateSocket();
        IDisposable reason = loop.KeepAlive();
        TimerHandle timer = loop.CallLater(TimeSpan.FromHours(1), () => { });
        (Socket spare, Socket sparePeer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket spareOwned = sparePeer;
        var address = new IPEndPoint(IPAddress.Loopback, 1);
        (string What, Action Touch)[] touches =
        [
            ("Run", () => loop.Run()),
            ("RunOnce", () => loop.RunOnce(TimeSpan.Zero)),
            ("Loop", () => EventLoop.Loop(map: loop)),
            ("CallLater", () => loop.CallLater(TimeSpan.Zero, () => { })),
            ("CallEvery", () => loop.CallEvery(TimeSpan.FromHours(1), () => { })),
            ("KeepAlive", () => loop.KeepAlive()),
            ("reason.Dispose", reason.Dispose),
            ("CloseAll", () => loop.CloseAll()),
            ("loop.Dispose", loop.Dispose),
            ("Backend", () => _ = loop.Backend),
            ("Channels", () => _ = loop.Channels.Count),
            ("timer.Call", timer.Call),
            ("timer.Reset", timer.Reset),
            ("timer.Delay", () => timer.Delay(TimeSpan.Zero)),
            ("timer.Cancel", timer.Cancel),
            ("new channel", () => _ = new Recorder(loop: loop)),
            ("new channel of a socket", () => _ = new Recorder(spare, loop)),
            ("CreateSocket", () => fresh.CreateSocket()),
            ("SetSocket", () => fresh.SetSocket(spare)),
            ("Bind", () => fresh.Bind(address)),
            ("SetReuseAddr", fresh.SetReuseAddr),
            ("Listen", () => fresh.Listen()),
            ("Connect", () => fresh.Connect(address)),
            ("Connect by name", () => fresh.Connect("localhost", 1)),
            ("Accept", () => listener.Accept()),
            ("AddChannel", () => channel.AddChannel()),
            ("DelChannel", channel.DelChannel),
            ("Send", () => channel.Send("x"u8)),
            ("Recv", () => channel.Recv(new byte[1])),
            ("Receive", () => channel.Receive()),
            ("Flush", channel.Flush),
            ("ShutdownSend", channel.ShutdownSend),
            ("PauseReading", channel.PauseReading),
            ("ResumeReading", channel.ResumeReading),
            ("NoDelay", () => channel.NoDelay = false),
            ("DualMode", () => fresh.DualMode = true),
            ("IgnoreLogTypes", () => channel.IgnoreLogTypes = []),
            ("Close", channel.Close),
            ("Dispose", channel.Dispose),
            ("Abort", channel.Abort),
        ];
        Companion running = RunInBackground(loop);

        List<string> allowed = [.. touches
            .Where(each => Record.Exception(each.Touch) is not InvalidOperationException error
                || !error.Message.Contains("Post"))
            .Select(each => each.What)];
        loop.Stop();
        running.Join();
        Assert.Empty(allowed);

        // None of it has left a trace, and now everything is allowed.
        Assert.False(timer.IsCancelled);
        Assert.True(channel.Connected && listener.Accepting);
        peer.Deliver(channel, "x");
        loop.Passes(1);
        Assert.Equal(["read"], channel.Events);
        timer.Cancel();
        reason.Dispose();
        channel.Close();
        listener.Close();
        fresh.Close();
        Assert.False(loop.RunOnce(TimeSpan.Zero));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L17_PostsFromManyThreadsAllRunEachThreadsInOrderOnTheLoopsOwn(IoBackendKind kind)
    {
        const int Threads = 4;
        const int Posts = 5000;
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        var ran = new List<int>[Threads];
        int foreign = 0;
        int left = Threads * Posts;
        int owner = Environment.CurrentManagedThreadId;
        using var start = new ManualResetEventSlim();
        var posting = new List<Companion>();
        for (int i = 0; i < Threads; i++)
        {
            List<int> mine = ran[i] = [];
            posting.Add(Companion.Start(() =>
            {
                Assert.True(start.Wait(_patience));
                for (int j = 0; j < Posts; j++)
                {
                    int number = j;
                    loop.Post(() =>
                    {
                        mine.Add(number);
                        foreign += Environment.CurrentManagedThreadId == owner ? 0 : 1;
                        if (--left == 0)
                        {
                            loop.Stop();
                        }
                    });
                }
            }));
        }

        start.Set();
        loop.Run(); // ends by the last of them; one that is lost would be missed here

        posting.ForEach(thread => thread.Join());
        Assert.Equal(0, foreign);
        Assert.All(ran, numbers => Assert.Equal(Enumerable.Range(0, Posts), numbers));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L17_PostIsTheWayToDoItFromAnotherThread(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        Companion running = RunInBackground(loop);

        loop.Post(() => channel.Send("posted"u8));
        Assert.Equal("posted"u8.ToArray(), peer.ReadExactly(6));

        loop.Post(channel.Close);
        Assert.Equal(0, peer.Receive(new byte[1]));
        running.Join(); // nothing is left
    }

    [Fact]
    public void L17_TheDefaultLoopIsOnePerProcess()
    {
        EventLoop here = EventLoop.Default;
        EventLoop? there = null;
        Companion.Start(() => there = EventLoop.Default).Join();

        Assert.Same(here, there);
        Assert.Same(here, new Recorder().Loop);
    }

    [Fact]
    public void L17_TheBackendIsChosenByTheFirstPassOrByWhoReadsIt()
    {
        using var asked = new EventLoop();
        IoBackendKind chosen = asked.Backend;
        Assert.NotEqual(IoBackendKind.Auto, chosen);
        EventLoop.Loop(timeout: 0, usePoll: true, map: asked, count: 1);
        Assert.Equal(chosen, asked.Backend);

        using var ran = new EventLoop();
        ran.RunOnce(TimeSpan.Zero);
        EventLoop.Loop(timeout: 0, usePoll: true, map: ran, count: 1);
        Assert.Equal(chosen, ran.Backend);

        // Not by making channels, which come along.
        using var open = new EventLoop();
        (Recorder channel, FarEnd peer) = open.JoinRecorder(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        peer.Deliver(channel, "x");
        EventLoop.Loop(timeout: 0, usePoll: true, map: open, count: 1);
        Assert.Equal(IoBackendKind.Poll, open.Backend);
        Assert.Equal("x", channel.Text());

        using var named = new EventLoop(new EventLoopOptions { Backend = IoBackendKind.Select });
        EventLoop.Loop(timeout: 0, usePoll: true, map: named, count: 1);
        Assert.Equal(IoBackendKind.Select, named.Backend);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L18_RunningALoopInsideItselfThrows(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        peer.Deliver(channel, "x");
        var refused = new HashSet<string>();
        channel.Writes = () => Try("predicate");
        channel.OnRead = () =>
        {
            Try("handler");
            channel.Received.AddRange(channel.Receive());
        };
        loop.CallLater(TimeSpan.Zero, () => Try("timer"));
        loop.Post(() => Try("post"));

        loop.Passes(1);
        Assert.Equal(["handler", "post", "predicate", "timer"], refused.Order());
        Assert.Equal("x", channel.Text());

        // Left alone, it is an error of the handler as any other, and the loop still runs.
        channel.OnRead = () => loop.Run();
        channel.OnError = _ => channel.OnRead = null;
        peer.Deliver(channel, "y");
        loop.Passes(2);
        Assert.IsType<InvalidOperationException>(channel.Error);
        Assert.Equal("xy", channel.Text());

        // Another loop is another matter.
        using EventLoop other = TestLoop.Create(kind);
        bool ran = false;
        other.Post(() => ran = true);
        loop.Post(() => other.Run());
        loop.Passes(1);
        Assert.True(ran);

        bool Try(string where)
        {
            string message = Assert.Throws<InvalidOperationException>(() => loop.Run()).Message;
            Assert.DoesNotContain("another thread", message);
            Assert.Throws<InvalidOperationException>(() => loop.RunOnce(TimeSpan.Zero));
            Assert.Throws<InvalidOperationException>(() => EventLoop.Loop(map: loop));
            refused.Add(where);
            return false;
        }
    }

    private static Companion RunInBackground(EventLoop loop)
    {
        using var started = new ManualResetEventSlim();
        loop.Post(started.Set);
        Companion running = Companion.Start(() => loop.Run());
        Assert.True(started.Wait(_patience, TestContext.Current.CancellationToken));
        return running;
    }
}
