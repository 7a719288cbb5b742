using System.Runtime.CompilerServices;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>What a cancelled timer leaves behind: nothing (L16).</summary>
public class TimerMemoryTests
{
    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_CancellingLetsGoOfTheCallbackAndWhatItHolds(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (TimerHandle[] timers, WeakReference[] held) = MakeAndCancel(loop);

        GC.Collect();

        Assert.All(held, reference => Assert.False(reference.IsAlive));
        Assert.All(timers, timer => Assert.True(timer.IsCancelled));
        GC.KeepAlive(timers);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_CancelledTimersDoNotPileUp(IoBackendKind kind)
    {
        // A protocol sets a time limit per request and cancels it: the loop holds few of them, and each costs little,
        // for if a cancel searched or moved all that there are this would take hours.
        const int Count = 300_000;
        using EventLoop loop = TestLoop.Create(kind);
        TimerHandle stays = loop.CallLater(TimeSpan.FromHours(1), () => { });
        WeakReference[] cancelled = MakeManyAndCancelAll(loop, Count);

        GC.Collect();

        Assert.InRange(cancelled.Count(reference => reference.IsAlive), 0, 1000);
        stays.Cancel();
        Assert.False(loop.RunOnce(TimeSpan.Zero));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (TimerHandle[] Timers, WeakReference[] Held) MakeAndCancel(EventLoop loop)
    {
        object first = new();
        object second = new();
        object third = new();
        TimerHandle once = loop.CallLater(TimeSpan.FromHours(1), () => GC.KeepAlive(first));
        TimerHandle every = loop.CallEvery(TimeSpan.FromHours(1), () => GC.KeepAlive(second));
        TimerHandle ran = loop.CallLater(TimeSpan.Zero, () => GC.KeepAlive(third));
        loop.Passes(1);
        once.Cancel();
        every.Cancel();
        ran.Cancel();
        return ([once, every, ran], [new(first), new(second), new(third)]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference[] MakeManyAndCancelAll(EventLoop loop, int count)
    {
        var timers = new TimerHandle[count];
        for (int i = 0; i < count; i++)
        {
            timers[i] = loop.CallLater(TimeSpan.FromSeconds(60 + (i % 1000)), () => { });
        }

        Array.ForEach(timers, timer => timer.Cancel());
        return [.. timers.Select(timer => new WeakReference(timer))];
    }
}
