using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>What can be done with a timer, before it fires, inside its callback and afterwards (L16).</summary>
public class TimerHandleTests
{
    private readonly FakeClock _clock = new();
    private readonly List<string> _ran = [];

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_ACancelledTimerDoesNotRunAndCancellingTwiceIsHarmless(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        TimerHandle once = loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("once"));
        TimerHandle every = loop.CallEvery(TimeSpan.FromSeconds(1), () => _ran.Add("every"));
        TimerHandle kept = loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("kept"));
        Assert.False(once.IsCancelled || every.IsCancelled);

        once.Cancel();
        once.Cancel();
        every.Cancel();
        every.Cancel();
        After(loop, 1);

        Assert.Equal(["kept"], _ran);
        Assert.True(once.IsCancelled && every.IsCancelled);
        Assert.False(kept.IsCancelled);
        kept.Cancel(); // after it has run
        Assert.True(kept.IsCancelled);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_CallResetAndDelayAfterCancelThrow(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        TimerHandle once = loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("once"));
        TimerHandle every = loop.CallEvery(TimeSpan.FromSeconds(1), () => _ran.Add("every"));
        TimerHandle swept = loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("swept"));
        once.Cancel();
        every.Cancel();
        loop.CloseAll();

        foreach (TimerHandle timer in (TimerHandle[])[once, every, swept])
        {
            Assert.True(timer.IsCancelled);
            Assert.Throws<InvalidOperationException>(timer.Call);
            Assert.Throws<InvalidOperationException>(timer.Reset);
            Assert.Throws<InvalidOperationException>(() => timer.Delay(TimeSpan.FromSeconds(1)));
        }

        After(loop, 5);
        Assert.Empty(_ran);
        Assert.False(loop.RunOnce());
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_ATimeBelowZeroIsRefused(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        TimeSpan below = TimeSpan.FromTicks(-1);
        Action nothing = () => { };
        Assert.Throws<ArgumentOutOfRangeException>(() => loop.CallLater(below, nothing));
        Assert.Throws<ArgumentOutOfRangeException>(() => loop.CallLater(Timeout.InfiniteTimeSpan, nothing));
        Assert.Throws<ArgumentOutOfRangeException>(() => loop.CallEvery(below, nothing));
        Assert.Throws<ArgumentOutOfRangeException>(() => loop.CallEvery(TimeSpan.Zero, nothing));
        Assert.Throws<ArgumentNullException>(() => loop.CallLater(TimeSpan.Zero, null!));
        Assert.False(loop.RunOnce()); // none of these has left anything behind

        TimerHandle once = loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("once"));
        TimerHandle every = loop.CallEvery(TimeSpan.FromSeconds(1), () => _ran.Add("every"));
        Assert.Throws<ArgumentOutOfRangeException>(() => once.Delay(below));
        Assert.Throws<ArgumentOutOfRangeException>(() => every.Delay(TimeSpan.Zero));

        After(loop, 1); // as they were
        Assert.Equal(["once", "every"], _ran);
        After(loop, 1);
        Assert.Equal(["once", "every", "every"], _ran);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_CallRunsNowAndLeavesTheSchedule(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        loop.UnhandledError += _ => _ran.Add("unhandled");
        foreach (bool repeats in (bool[])[false, true])
        {
            _ran.Clear();
            TimeSpan second = TimeSpan.FromSeconds(1);
            TimerHandle timer = repeats ? loop.CallEvery(second, Run) : loop.CallLater(second, Run);
            timer.Call();
            timer.Call();
            Assert.Equal(["ran", "ran"], _ran);
            Assert.False(timer.IsCancelled);
            After(loop, 5);
            Assert.Equal(["ran", "ran"], _ran);

            timer.Reset(); // and back again
            After(loop, 1);
            Assert.Equal(["ran", "ran", "ran"], _ran);
            timer.Cancel();
        }

        TimerHandle throwing = loop.CallLater(TimeSpan.FromSeconds(1), () => throw new InvalidDataException());
        Assert.Throws<InvalidDataException>(throwing.Call);
        Assert.DoesNotContain("unhandled", _ran);
        Assert.False(loop.RunOnce());

        void Run() => _ran.Add("ran");
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_ResetStartsTheDelayAgainAndDelaySetsAnother(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        TimerHandle timer = loop.CallLater(TimeSpan.FromSeconds(10), () => _ran.Add("ran"));
        for (int i = 0; i < 5; i++)
        {
            After(loop, 9);
            timer.Reset();
        }

        After(loop, 9);
        Assert.Empty(_ran);
        After(loop, 1);
        Assert.Equal(["ran"], _ran);

        timer.Reset(); // after it has run
        After(loop, 9);
        timer.Delay(TimeSpan.FromSeconds(3)); // sooner would have been later
        After(loop, 2);
        Assert.Single(_ran);
        After(loop, 1);
        Assert.Equal(2, _ran.Count);

        timer.Delay(TimeSpan.FromSeconds(20));
        timer.Delay(TimeSpan.FromSeconds(2)); // sooner than it was set
        After(loop, 2);
        Assert.Equal(3, _ran.Count);

        timer.Reset(); // the delay that was set last
        After(loop, 1);
        Assert.Equal(3, _ran.Count);
        After(loop, 1);
        Assert.Equal(4, _ran.Count);
        Assert.False(loop.RunOnce());
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_CallEveryKeepsItsBeatAndLeavesOutWhatItMissed(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        TimerHandle timer = loop.CallEvery(TimeSpan.FromSeconds(10), () => _ran.Add("ran"));
        After(loop, 9);
        Assert.Empty(_ran);
        After(loop, 1); // at 10
        Assert.Single(_ran);
        After(loop, 13); // at 23, late by 3
        Assert.Equal(2, _ran.Count);
        After(loop, 6); // at 29
        Assert.Equal(2, _ran.Count);
        After(loop, 1); // at 30 again
        Assert.Equal(3, _ran.Count);
        After(loop, 37); // at 67: those of 40, 50 and 60 are one
        Assert.Equal(4, _ran.Count);
        After(loop, 2); // at 69
        Assert.Equal(4, _ran.Count);
        After(loop, 1); // at 70
        Assert.Equal(5, _ran.Count);
        After(loop, 20); // at 90, on the beat, having missed one
        Assert.Equal(6, _ran.Count);
        After(loop, 9); // at 99
        Assert.Equal(6, _ran.Count);

        timer.Reset(); // from 99 on
        After(loop, 9);
        Assert.Equal(6, _ran.Count);
        After(loop, 1); // at 109
        Assert.Equal(7, _ran.Count);

        timer.Delay(TimeSpan.FromSeconds(2)); // another period
        After(loop, 2);
        After(loop, 2);
        Assert.Equal(9, _ran.Count);
        timer.Cancel();
        After(loop, 100);
        Assert.Equal(9, _ran.Count);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_ACallbackMayCancelItselfAndOthers(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        TimerHandle? self = null;
        TimerHandle? victim = null;
        TimerHandle? postponed = null;
        self = loop.CallEvery(TimeSpan.FromSeconds(1), () =>
        {
            _ran.Add("self");
            self!.Cancel();
            victim!.Cancel(); // due in this very pass
            postponed!.Reset();
        });
        victim = loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("victim"));
        postponed = loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("postponed"));
        loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("other"));

        After(loop, 1);
        Assert.Equal(["self", "other"], _ran);

        After(loop, 1);
        Assert.Equal(["self", "other", "postponed"], _ran);
        Assert.False(loop.RunOnce());
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_ACallbackMaySetItselfAgain(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        TimerHandle? timer = null;
        timer = loop.CallLater(TimeSpan.FromSeconds(1), () =>
        {
            _ran.Add("ran");
            if (_ran.Count < 3)
            {
                timer!.Reset();
            }
            else
            {
                timer!.Delay(TimeSpan.Zero); // the next pass, not this one
            }
        });

        After(loop, 1);
        After(loop, 1);
        Assert.Equal(2, _ran.Count);
        After(loop, 1);
        Assert.Equal(3, _ran.Count);
        loop.Passes(4);
        Assert.Equal(7, _ran.Count);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L16_ACallbackMayCallAnotherThatIsDueWhichThenRunsOnce(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, _clock);
        TimerHandle? other = null;
        loop.CallLater(TimeSpan.FromSeconds(1), () =>
        {
            _ran.Add("first");
            other!.Call();
        });
        other = loop.CallLater(TimeSpan.FromSeconds(1), () => _ran.Add("other"));

        After(loop, 1);

        Assert.Equal(["first", "other"], _ran);
        Assert.False(loop.RunOnce());
    }

    private void After(EventLoop loop, int seconds)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        loop.Passes(1);
    }
}
