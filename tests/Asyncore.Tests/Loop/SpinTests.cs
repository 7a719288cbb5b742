using System.Globalization;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Loop;

/// <summary>
/// <see cref="EventLoopOptions.SpinBudget"/>. A loop whose clock is not the system's sets a timer of that clock when it
/// is about to sleep, which tells whether it does.
/// </summary>
public class SpinTests
{
    private static readonly TimeSpan _forEver = TimeSpan.FromHours(10);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void A_budget_is_off_unless_set_and_never_below_zero()
    {
        Assert.Equal(TimeSpan.Zero, new EventLoopOptions().SpinBudget);
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoopOptions { SpinBudget = TimeSpan.FromTicks(-1) });
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_is_there_is_found_before_the_loop_gets_ready_to_sleep(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = Create(kind, _forEver, clock);
        Assert.Equal("x", ReceiveOne(loop));
        Assert.Empty(clock.Dues);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Without_a_budget_the_loop_gets_ready_to_sleep_before_it_asks_for_anything(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = Create(kind, TimeSpan.Zero, clock);
        Assert.Equal("x", ReceiveOne(loop)); // had it asked before, it would not have had to get ready
        Assert.Single(clock.Dues);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_budget_that_is_used_up_lets_the_loop_sleep(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = Create(kind, TimeSpan.FromMilliseconds(1), clock);
        loop.CallLater(TimeSpan.FromHours(1), () => Assert.Fail("far too early"));
        clock.OnSet = _ => loop.Post(loop.Stop);
        loop.Run();
        Assert.Equal(TimeSpan.FromHours(1), Assert.Single(clock.Dues));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Posts_are_seen_by_a_loop_that_never_sleeps(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = Create(kind, _forEver, clock);
        loop.CallLater(TimeSpan.FromHours(1), () => Assert.Fail("far too early"));
        Companion running = Companion.Start(() => loop.Run());
        int seen = 0;
        Companion.Start(() =>
        {
            long writes = Writes();
            for (int i = 1; i <= 500; i++)
            {
                loop.Post(() => Volatile.Write(ref seen, i));
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref seen) == i, _patience), $"post {i} was not seen");
            }

            Assert.Equal(writes, Writes()); // nobody had to be woken
        }).Join();
        loop.Stop();
        running.Join();
        Assert.Empty(clock.Dues);
    }

    [Theory]
    [InlineData(IoBackendKind.Epoll)]
    [InlineData(IoBackendKind.Poll)]
    public void A_loop_that_sleeps_is_woken_by_a_system_call(IoBackendKind kind)
    {
        // So that the test above, which counts such calls, is known to count them.
        var clock = new FakeClock();
        using EventLoop loop = Create(kind, TimeSpan.Zero, clock);
        loop.CallLater(TimeSpan.FromHours(1), () => { });
        long more = 0;
        clock.OnSet = _ => Companion.Start(() =>
        {
            long before = Writes();
            loop.Post(loop.Stop);
            more = Writes() - before;
        }).Join();
        loop.Run();
        Assert.Equal(1, more);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Stop_ends_a_spin(IoBackendKind kind)
    {
        using EventLoop loop = Create(kind, _forEver);
        using IDisposable reason = loop.KeepAlive();
        for (int i = 0; i < 50; i++)
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
    public void Stop_before_a_spin_ends_it(IoBackendKind kind)
    {
        using EventLoop loop = Create(kind, _forEver);
        using IDisposable reason = loop.KeepAlive();
        loop.Stop();
        Companion.Start(() => loop.Run()).Join();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Timers_end_a_spin_by_their_own_clock(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = Create(kind, _forEver, clock);
        using var started = new ManualResetEventSlim();
        loop.CallLater(TimeSpan.FromHours(1), loop.Stop);
        loop.Post(started.Set);
        Companion running = Companion.Start(() => loop.Run());
        Assert.True(started.Wait(_patience, TestContext.Current.CancellationToken));
        clock.Advance(TimeSpan.FromHours(1));
        running.Join();
        Assert.Empty(clock.Dues);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Timers_of_the_systems_clock_and_the_timeout_end_a_spin(IoBackendKind kind)
    {
        using EventLoop loop = Create(kind, _forEver);
        bool fired = false;
        loop.CallLater(TimeSpan.FromMilliseconds(1), () => fired = true);
        Companion.Start(() => loop.Run()).Join();
        Assert.True(fired);

        using IDisposable reason = loop.KeepAlive();
        Companion.Start(() => loop.RunOnce(TimeSpan.FromMilliseconds(1))).Join();
        Companion.Start(() => loop.RunOnce(TimeSpan.Zero)).Join();
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Channels_are_served_while_posts_never_end(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = Create(kind, _forEver);
        (Recorder channel, Socket peer) = loop.JoinRecorder(family);
        using Socket owned = peer;
        void Again() => loop.Post(Again);
        Again();
        peer.Deliver(channel, "x");
        loop.RunUntil(() => channel.Received.Count == 1);
        Assert.Equal("x", channel.Text());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_socket_disposed_elsewhere_is_noticed_by_a_loop_that_never_sleeps(IoBackendKind kind)
    {
        using EventLoop loop = Create(kind, _forEver);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket owned = peer;
        var channel = new Recorder(ours, loop);
        using var started = new ManualResetEventSlim();
        loop.Post(started.Set);
        Companion running = Companion.Start(() => loop.Run());
        Assert.True(started.Wait(_patience, TestContext.Current.CancellationToken));
        ours.Dispose();
        running.Join(); // nothing is left
        Assert.Equal(["close"], channel.Events);
    }

    private static EventLoop Create(IoBackendKind kind, TimeSpan budget, TimeProvider? clock = null) =>
        new(new EventLoopOptions
        {
            Backend = kind,
            SpinBudget = budget,
            TimeProvider = clock ?? TimeProvider.System,
        });

    // One pass with a timer far away, and something to read.
    private static string ReceiveOne(EventLoop loop)
    {
        (Recorder channel, Socket peer) = loop.JoinRecorder(AddressFamily.InterNetwork);
        using Socket owned = peer;
        loop.CallLater(TimeSpan.FromHours(1), () => { });
        peer.Deliver(channel, "x");
        loop.RunOnce();
        return channel.Text();
    }

    // Calls by which this thread has written (proc(5), io); none where the system does not count them.
    private static long Writes()
    {
        const string File = "/proc/thread-self/io";
        const string Name = "syscw: ";
        string? line = System.IO.File.Exists(File)
            ? Array.Find(System.IO.File.ReadAllLines(File), each => each.StartsWith(Name, StringComparison.Ordinal))
            : null;
        return line is null ? 0 : long.Parse(line.AsSpan(Name.Length), CultureInfo.InvariantCulture);
    }
}
