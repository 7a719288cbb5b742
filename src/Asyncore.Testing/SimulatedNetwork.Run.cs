namespace Asyncore.Testing;

// Moving the network on: whatever can happen now, and where nothing can, what happens next.
public sealed partial class SimulatedNetwork
{
    private static readonly TimeSpan _patience = TimeSpan.FromHours(1);

    /// <summary>Runs until nothing is left that could happen, which a timer that repeats keeps from coming.</summary>
    /// <exception cref="SimulationException">Something still happens after an hour of the network's time.</exception>
    public void Run()
    {
        TimeSpan end = BeginRun(_patience);
        while (Now < end && TryStep(waiting: null, end))
        {
            // on
        }

        if (Now >= end || NextTime(waiting: null) is not null)
        {
            throw new SimulationException($"It has not come to rest within {_patience} of its time.", this);
        }
    }

    /// <summary>Runs for so long, by the network's clock.</summary>
    /// <param name="time">How long; in a microsecond each loop may make a pass (<see cref="PassTime"/>).</param>
    public void Run(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        TimeSpan end = BeginRun(time);
        while (Now <= end && TryStep(waiting: null, end))
        {
            // on
        }

        SimulatedClock.MoveTo(end);
    }

    /// <summary>Runs until something holds.</summary>
    /// <param name="condition">Asked after each step.</param>
    /// <param name="limit">How long it may take, by the network's clock; an hour where null.</param>
    /// <exception cref="SimulationException">
    /// The time is over, or nothing is left that could happen, and it does not hold.
    /// </exception>
    public void RunUntil(Func<bool> condition, TimeSpan? limit = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit ?? TimeSpan.Zero, TimeSpan.Zero, nameof(limit));
        TimeSpan end = BeginRun(limit ?? _patience);
        while (!condition())
        {
            if (Now > end || !TryStep(waiting: null, end))
            {
                bool isOver = Now >= end || NextTime(waiting: null) is not null;
                string? busy = _loops.Find(static each => each.Loop.IsRunning)?.Host.Name;
                string why = isOver ? $"it has not come within {limit ?? _patience}"
                    : busy is null ? "nothing is left that could happen"
                    : $"nothing is left that could happen while a loop on {busy} is in a handler";
                if (isOver && Now < end)
                {
                    SimulatedClock.MoveTo(end);
                }

                throw new SimulationException($"What was waited for does not hold: {why}.", this);
            }
        }
    }

    private TimeSpan BeginRun(TimeSpan time)
    {
        _loops.ForEach(static each => each.BeginRun());
        return SimulatedClock.In(time);
    }

    /// <summary>One step, for a loop that waits.</summary>
    internal void StepFor(SimulatedBackend waiting)
    {
        if (!TryStep(waiting, TimeSpan.MaxValue))
        {
            throw new SimulationException(
                $"A loop on {waiting.Host.Name} waits, and nothing is left that could happen.", this);
        }
    }

    /// <summary>A loop that is run by itself has not waited for long: the others go on all the same, and so does time.</summary>
    internal void PassBeside()
    {
        RunBusy();
        SimulatedClock.MoveTo(SimulatedClock.In(PassTime));
    }

    // Loops that have something to do, each once; else the next event, unless it is later than that.
    private bool TryStep(SimulatedBackend? waiting, TimeSpan end)
    {
        bool wasBusy = RunBusy() || AskChannels();
        ThrowUncaught();
        if (wasBusy)
        {
            SimulatedClock.MoveTo(SimulatedClock.In(PassTime));
            return true;
        }

        if (NextTime(waiting) is not { } next || next > end)
        {
            return false;
        }

        SimulatedClock.MoveTo(next);
        return true;
    }

    // Not those that somebody runs, who have this called from within their wait or a handler.
    private bool RunBusy()
    {
        bool hasRun = false;
        for (int i = 0; i < _loops.Count; i++)
        {
            SimulatedBackend each = _loops[i];
            if (!each.Loop.IsRunning && each.FindBusy())
            {
                each.RunPass();
                hasRun = true;
            }
        }

        return hasRun;
    }

    // A loop on a real network asks in the pass after its handlers what channels want now (Readable, Writable), and only
    // then waits.
    private bool AskChannels()
    {
        bool hasNews = false;
        for (int i = 0; i < _loops.Count; i++)
        {
            SimulatedBackend each = _loops[i];
            if (!each.Loop.IsRunning && each.Loop.AsksChannels)
            {
                hasNews |= each.RunPass() || each.FindBusy();
            }
        }

        return hasNews;
    }

    // Of the network itself, or of a loop's timers. One that runs and does not wait, as this was called by a handler of it,
    // gets to none of them before the handler returns.
    private TimeSpan? NextTime(SimulatedBackend? waiting)
    {
        TimeSpan? next = SimulatedClock.Next;
        foreach (SimulatedBackend each in _loops)
        {
            if ((each == waiting || !each.Loop.IsRunning) && each.Loop.UntilNextTimer is { } left
                && (next is null || left < next - Now))
            {
                next = SimulatedClock.In(left);
            }
        }

        return next;
    }
}
