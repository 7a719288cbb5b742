namespace Asyncore.Tests.Support;

/// <summary>
/// A clock that moves when a test says so, and writes down what its timers are set to: a loop that is about to wait
/// sets one.
/// </summary>
public sealed class FakeClock(long frequency = TimeSpan.TicksPerSecond) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Alarm> _alarms = [];
    private readonly List<TimeSpan> _dues = [];
    private long _now = 1000 * frequency;

    public override long TimestampFrequency => frequency;

    /// <summary>The time of day, by which no timer may go: somebody may set it at any moment.</summary>
    public DateTimeOffset TimeOfDay { get; set; } = DateTimeOffset.UnixEpoch;

    /// <summary>What timers were set to, in order, without those that were switched off.</summary>
    public IReadOnlyList<TimeSpan> Dues
    {
        get
        {
            lock (_gate)
            {
                return [.. _dues];
            }
        }
    }

    /// <summary>Called after a timer was set, on the thread that set it; an infinite time is one switched off.</summary>
    public Action<TimeSpan>? OnSet { get; set; }

    /// <summary>Called before what falls due is fired.</summary>
    public Action<TimeSpan>? OnAdvance { get; set; }

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => TimeOfDay;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        lock (_gate)
        {
            _alarms.Add(alarm);
        }

        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>Moves the clock, and fires what falls due by that.</summary>
    public void Advance(TimeSpan time) =>
        AdvanceTicks((long)((Int128)time.Ticks * frequency / TimeSpan.TicksPerSecond));

    public void AdvanceTicks(long ticks)
    {
        OnAdvance?.Invoke(new TimeSpan((long)((Int128)ticks * TimeSpan.TicksPerSecond / frequency)));
        Alarm[] due;
        lock (_gate)
        {
            Volatile.Write(ref _now, checked(_now + ticks));
            due = [.. _alarms.Where(alarm => alarm.Deadline <= _now)];
        }

        foreach (Alarm alarm in due)
        {
            alarm.Fire();
        }
    }

    private void Set(Alarm alarm, TimeSpan due)
    {
        bool off = due == Timeout.InfiniteTimeSpan;
        lock (_gate)
        {
            if (!off)
            {
                _dues.Add(due);
            }

            Int128 ticks = (((Int128)due.Ticks * frequency) + TimeSpan.TicksPerSecond - 1) / TimeSpan.TicksPerSecond;
            alarm.Deadline = off ? null : (long)Int128.Min(_now + ticks, long.MaxValue);
        }

        OnSet?.Invoke(due);
    }

    private sealed class Alarm(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        public long? Deadline { get; set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock.Set(this, dueTime);
            return true;
        }

        public void Fire()
        {
            Deadline = null;
            callback(state);
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._alarms.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
