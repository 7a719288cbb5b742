using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>When timers fire, in what order, and how the loop waits for them (L16).</summary>
public class TimerTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(3)]
    [InlineData(1000)]
    [InlineData(32_768)]
    [InlineData(TimeSpan.TicksPerSecond)]
    [InlineData(1_000_000_000)]
    public void L16_ATimerIsNeverEarlyAndFiresAtTheFirstTickThatIsNot(long frequency)
    {
        double[] delays = [0, 0.000_000_1, 0.001, 0.0015, 1.0 / 3, 0.5, 1, 1.000_000_1, 3600.000_1];
        foreach (TimeSpan delay in delays.Select(TimeSpan.FromSeconds))
        {
            var clock = new FakeClock(frequency);
            using EventLoop loop = TestLoop.Create(Backends.Kinds[0], clock);
            bool fired = false;
            loop.CallLater(delay, () => fired = true);
            Int128 exact = (Int128)delay.Ticks * frequency;
            long due = (long)((exact + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond);
            if (due > 0)
            {
                clock.AdvanceTicks(due - 1);
                loop.Passes(2);
                Assert.False(fired, $"{delay} at {frequency} Hz is early");
                clock.AdvanceTicks(1);
            }

            loop.Passes(1);
            Assert.True(fired, $"{delay} at {frequency} Hz is late");
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L16_TheTimeOfDayMovesNoTimer(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        bool fired = false;
        loop.CallLater(TimeSpan.FromSeconds(10), () => fired = true);

        clock.TimeOfDay += TimeSpan.FromDays(400);
        loop.Passes(2);
        Assert.False(fired);

        clock.TimeOfDay -= TimeSpan.FromDays(200);
        clock.Advance(TimeSpan.FromSeconds(10));
        loop.Passes(1);
        Assert.True(fired);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void L16_TimersFireByDeadlineAndTiesInTheOrderTheyWereMade(int seed)
    {
        // Against a model: a list that is sorted anew every time. Setting a timer again makes it anew.
        var random = new Random(seed);
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(Backends.Kinds[0], clock);
        var model = new List<(long Deadline, int Made, int Id)>();
        var timers = new List<TimerHandle>();
        var fired = new List<int>();
        var expected = new List<int>();
        long now = 0;
        int made = 0;
        for (int step = 0; step < 5000; step++)
        {
            int delay = random.Next(20); // small, so that ties are many
            int chosen = timers.Count == 0 ? 0 : random.Next(timers.Count);
            switch (random.Next(timers.Count == 0 ? 1 : 6))
            {
                case 0 or 1:
                    int id = timers.Count;
                    timers.Add(loop.CallLater(Units(delay), () => fired.Add(id)));
                    model.Add((now + delay, made++, id));
                    break;
                case 2 when !timers[chosen].IsCancelled:
                    timers[chosen].Delay(Units(delay));
                    model.RemoveAll(timer => timer.Id == chosen);
                    model.Add((now + delay, made++, chosen));
                    break;
                case 3:
                    timers[chosen].Cancel();
                    model.RemoveAll(timer => timer.Id == chosen);
                    break;
                case 4 when !timers[chosen].IsCancelled:
                    timers[chosen].Call();
                    model.RemoveAll(timer => timer.Id == chosen);
                    expected.Add(chosen);
                    break;
                default:
                    int passed = random.Next(6);
                    now += passed;
                    clock.Advance(Units(passed));
                    loop.Passes(1);
                    model.Sort();
                    expected.AddRange(model.TakeWhile(timer => timer.Deadline <= now).Select(timer => timer.Id));
                    model.RemoveAll(timer => timer.Deadline <= now);
                    break;
            }

            Assert.Equal(expected, fired);
            (expected, fired) = (Cleared(expected), Cleared(fired));
        }

        static List<int> Cleared(List<int> list)
        {
            list.Clear();
            return list;
        }

        static TimeSpan Units(int count) => TimeSpan.FromMilliseconds(count);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_ALoopWithOnlyTimersWaitsAndDoesNotSpin(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (double milliseconds in (double[])[0.1, 0.9, 1.1, 2.5, 7, 12.0001])
        {
            bool fired = false;
            TimerHandle far = loop.CallLater(TimeSpan.MaxValue, () => { });
            loop.CallLater(TimeSpan.FromMilliseconds(milliseconds), () =>
            {
                fired = true;
                loop.Stop();
            });

            loop.Run(count: 2); // one that waits, long enough, and one that fires

            Assert.True(fired, $"{milliseconds} ms take more than two passes");
            far.Cancel();
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L16_TheWaitIsTheTimeToTheNextTimerRoundedUpByOneMillisecondAtMost(IoBackendKind kind)
    {
        double[] delays = [0.0001, 0.3, 1, 1.5, 2.0001, 1000, 86_400_000.7];
        foreach (TimeSpan delay in delays.Select(TimeSpan.FromMilliseconds))
        {
            var clock = new FakeClock();
            using EventLoop loop = TestLoop.Create(kind, clock);
            loop.CallLater(delay + TimeSpan.FromHours(1), () => { });
            bool fired = false;
            loop.CallLater(delay, () => fired = true);
            clock.OnSet = clock.Advance;

            loop.Run(count: 2);

            Assert.True(fired);
            Assert.InRange(clock.Dues[0], delay, delay + TimeSpan.FromMilliseconds(1));
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L16_ATimerThatIsDueAlreadyIsNotWaitedFor(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        bool fired = false;
        loop.Post(() =>
        {
            loop.CallLater(TimeSpan.FromSeconds(1), () => fired = true);
            clock.Advance(TimeSpan.FromSeconds(2)); // a callback that took its time
        });
        clock.OnSet = due => Assert.True(due == TimeSpan.Zero || due == Timeout.InfiniteTimeSpan, $"waits {due}");

        loop.RunOnce();
        Assert.False(fired);
        loop.RunOnce();
        Assert.True(fired);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L16_AnEventShortensTheWaitAndTheNextIsForWhatIsLeft(IoBackendKind kind, AddressFamily family)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        loop.CallLater(TimeSpan.FromSeconds(10), () => channel.Events.Add("timer"));
        clock.OnSet = _ =>
        {
            clock.OnSet = clock.Advance;
            clock.Advance(TimeSpan.FromSeconds(4));
            peer.Deliver(channel, "x");
        };

        loop.Run(count: 1);
        Assert.Equal(["read"], channel.Events);

        loop.Run(count: 2, timeout: TimeSpan.FromMinutes(1));
        Assert.Equal(["read", "timer"], channel.Events);
        Assert.Equal([TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(6)], clock.Dues.Take(2));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L16_AClockOfOnesOwnWakesTheLoop(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        using var waiting = new SemaphoreSlim(0);
        using var fired = new ManualResetEventSlim();
        clock.OnSet = _ => waiting.Release();
        loop.CallLater(TimeSpan.FromHours(2), fired.Set);
        Companion running = Companion.Start(() => loop.Run());
        Wait();

        clock.Advance(TimeSpan.FromHours(1.5));
        using var answered = new ManualResetEventSlim();
        loop.Post(answered.Set);
        Assert.True(answered.Wait(_patience, TestContext.Current.CancellationToken));
        Wait();
        Assert.False(fired.IsSet);

        clock.Advance(TimeSpan.FromHours(0.5));
        Assert.True(fired.Wait(_patience, TestContext.Current.CancellationToken), "the clock woke nobody");
        running.Join();

        void Wait() =>
            Assert.True(waiting.Wait(_patience, TestContext.Current.CancellationToken), "the loop set no alarm");
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_AClockThatOnlyBorrowsTheSystemsTimersWakesTheLoop(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, new Borrowed());
        bool fired = false;
        loop.CallLater(TimeSpan.FromMilliseconds(3.3), () => fired = true);

        loop.Run();

        Assert.True(fired);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L16_ATimerFarInTheFutureIsReachedInSteps(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        bool fired = false;
        TimerHandle never = loop.CallLater(TimeSpan.MaxValue, () => Assert.Fail("the end of time"));
        loop.CallLater(TimeSpan.FromDays(1000), () => fired = true);
        TimeSpan passed = TimeSpan.Zero;
        clock.OnSet = due =>
        {
            Assert.InRange(due, TimeSpan.Zero, TimeSpan.FromMilliseconds(uint.MaxValue - 1)); // what timers can take
            passed += due;
            clock.Advance(due);
        };

        loop.Run(count: 40);

        Assert.True(fired || passed < TimeSpan.FromDays(1000));
        loop.RunUntil(() => fired, "the thousandth day");
        Assert.True(passed >= TimeSpan.FromDays(1000));
        Assert.False(never.IsCancelled);
    }

    private sealed class Borrowed : TimeProvider;
}
