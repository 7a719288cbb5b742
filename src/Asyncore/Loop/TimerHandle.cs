namespace Asyncore;

/// <summary>
/// A callback that a loop runs later: what <see cref="EventLoop.CallLater"/> and <see cref="EventLoop.CallEvery"/>
/// give back. It can be set again as often as one likes, also after it has run, without allocating.
/// </summary>
/// <remarks>All members belong to the loop's thread and throw <see cref="InvalidOperationException"/> on others.</remarks>
public sealed class TimerHandle
{
    private readonly EventLoop _loop;
    private readonly bool _repeats;
    private Action? _callback;
    private TimeSpan _delay;

    internal TimerHandle(EventLoop loop, TimeSpan delay, Action callback, bool repeats, bool isInternal)
    {
        _loop = loop;
        _delay = delay;
        _callback = callback;
        _repeats = repeats;
        IsInternal = isInternal;
    }

    /// <summary>Whether <see cref="Cancel"/> has been called.</summary>
    public bool IsCancelled => _callback is null;

    /// <summary>Ours, such as the end of a close: it keeps no loop running.</summary>
    internal bool IsInternal { get; }

    /// <summary>When it is due, in ticks of the loop's clock.</summary>
    internal long Deadline { get; set; }

    /// <summary>Its place in the loop's heap, or −1 while it is not scheduled.</summary>
    internal int HeapIndex { get; set; } = -1;

    internal bool IsScheduled { get; set; }

    /// <summary>Its place in line since it was last set, where its heap entry still says an earlier one; else −1.</summary>
    internal long PendingSequence { get; set; } = -1;

    internal TimeSpan Interval => _delay;

    internal bool Repeats => _repeats;

    /// <summary>Runs the callback now; the timer leaves the schedule. What the callback throws comes out here.</summary>
    /// <exception cref="InvalidOperationException">The timer has been cancelled.</exception>
    public void Call()
    {
        Action callback = Live();
        _loop.Timers.Remove(this);
        callback();
    }

    /// <summary>Starts the delay or period again from now.</summary>
    /// <exception cref="InvalidOperationException">The timer has been cancelled.</exception>
    public void Reset()
    {
        Live();
        _loop.Timers.Schedule(this, _delay);
    }

    /// <summary>Sets a new delay or period, which starts now.</summary>
    /// <param name="delay">How long from now; not below zero, and above zero for a timer that repeats.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="delay"/> is too small.</exception>
    /// <exception cref="InvalidOperationException">The timer has been cancelled.</exception>
    public void Delay(TimeSpan delay)
    {
        Live();
        Validate(delay, _repeats);
        _delay = delay;
        _loop.Timers.Schedule(this, delay);
    }

    /// <summary>Takes the timer out of the schedule and lets go of its callback. Twice is harmless.</summary>
    public void Cancel()
    {
        _loop.CheckThread();
        if (_callback is not null)
        {
            _callback = null;
            _loop.Timers.Remove(this);
        }
    }

    internal static void Validate(TimeSpan delay, bool repeats)
    {
        if (repeats)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(delay, TimeSpan.Zero);
        }
        else
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        }
    }

    /// <summary>What to run; null once cancelled.</summary>
    internal Action? Callback => _callback;

    private Action Live()
    {
        _loop.CheckThread();
        return _callback ?? throw new InvalidOperationException("The timer has been cancelled.");
    }
}
