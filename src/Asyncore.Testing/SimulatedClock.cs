namespace Asyncore.Testing;

/// <summary>
/// The clock of a simulated network, and the agenda of what is to happen on it: it stands still until the network moves it
/// to the next event.
/// </summary>
/// <remarks>Timestamps only grow. The time of day can be set, as somebody may do with a real one.</remarks>
internal sealed class SimulatedClock : TimeProvider
{
    private static readonly DateTimeOffset _epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Entry, (long Due, long Order)> _agenda = new();
    private TimeSpan _offset; // of the time of day
    private long _now;
    private long _order;
    private int _cancelled; // of the agenda

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Since the network was made.</summary>
    public TimeSpan Now => new(_now);

    public override long GetTimestamp() => _now;

    public override DateTimeOffset GetUtcNow()
    {
        TimeSpan latest = DateTimeOffset.MaxValue - _epoch;
        return _epoch + (Now < latest - _offset ? Now + _offset : latest);
    }

    /// <summary>How much is on the agenda, what has been cancelled included.</summary>
    public int Scheduled => _agenda.Count;

    /// <summary>So much later than now; the end of time where that is before.</summary>
    public TimeSpan In(TimeSpan time) => time > TimeSpan.MaxValue - Now ? TimeSpan.MaxValue : Now + time;

    /// <summary>Sets the time of day forwards or back. No timer notices.</summary>
    public void JumpTimeOfDay(TimeSpan by)
    {
        TimeSpan earliest = DateTimeOffset.MinValue - GetUtcNow();
        TimeSpan latest = DateTimeOffset.MaxValue - GetUtcNow();
        ArgumentOutOfRangeException.ThrowIfLessThan(by, earliest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(by, latest);
        _offset += by;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Has something happen; what is due at the same time happens in the order of the calls.</summary>
    public Entry At(TimeSpan when, Action what)
    {
        var entry = new Entry(this, what);
        _agenda.Enqueue(entry, (Math.Max(when.Ticks, _now), _order++));
        return entry;
    }

    /// <summary>When the next event is; null where there is none.</summary>
    public TimeSpan? Next
    {
        get
        {
            while (_agenda.TryPeek(out Entry? entry, out (long Due, long) key))
            {
                if (entry.What is not null)
                {
                    return new TimeSpan(key.Due);
                }

                _agenda.Dequeue(); // has been cancelled
                _cancelled--;
            }

            return null;
        }
    }

    /// <summary>Moves on, never back, and does what is due by then.</summary>
    public void MoveTo(TimeSpan time)
    {
        _now = Math.Max(_now, time.Ticks);
        while (Next is { } next && next.Ticks <= _now)
        {
            _agenda.Dequeue().Take()();
        }
    }

    // Idle timers of hours are set again at every word: what they were set to before would be kept for hours.
    private void DropCancelled()
    {
        const int Few = 1000;
        if (_cancelled < Few || _cancelled < _agenda.Count / 2)
        {
            return;
        }

        (Entry, (long, long))[] left = [.. _agenda.UnorderedItems.Where(static each => each.Element.What is not null)];
        _agenda.Clear();
        _agenda.EnqueueRange(left);
        _cancelled = 0;
    }

    /// <summary>Something that is to happen, unless it is cancelled.</summary>
    internal sealed class Entry(SimulatedClock clock, Action what)
    {
        public Action? What { get; private set; } = what;

        public void Cancel()
        {
            if (What is not null)
            {
                What = null;
                clock._cancelled++;
                clock.DropCancelled();
            }
        }

        /// <summary>It is off the agenda, and to be done.</summary>
        public Action Take()
        {
            Action taken = What!;
            What = null;
            return taken;
        }
    }

    private sealed class Timer(SimulatedClock clock, TimerCallback callback, object? state) : ITimer
    {
        private Entry? _entry;
        private TimeSpan _period;
        private bool _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (_disposed)
            {
                return false;
            }

            _entry?.Cancel();
            _entry = null;
            _period = period;
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                Schedule(dueTime);
            }

            return true;
        }

        public void Dispose()
        {
            _disposed = true;
            _entry?.Cancel();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Schedule(TimeSpan after) => _entry = clock.At(clock.In(after), Fire);

        private void Fire()
        {
            _entry = null;
            if (_period > TimeSpan.Zero)
            {
                Schedule(_period);
            }

            callback(state);
        }
    }
}
