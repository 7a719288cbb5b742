namespace Asyncore;

/// <summary>
/// The timers of a loop, ordered by deadline and then by the order they were set in. Cancelling and pushing a
/// deadline back, which protocols do at every byte, are O(1): the entry stays where it is and is put right when it
/// comes to the top, and the heap is built again once most of it is dead.
/// </summary>
internal sealed class TimerHeap(TimeProvider clock)
{
    private const int RebuildFloor = 64;

    private Entry[] _entries = new Entry[16];
    private int _count;
    private int _dead;
    private long _sequence;
    private int _keepingLoop;

    /// <summary>Timers that are a reason for the loop to go on.</summary>
    public int Count => _keepingLoop;

    /// <summary>The number the next timer to be set will have; those from here on belong to the next pass.</summary>
    public long NextSequence => _sequence;

    /// <summary>The clock, in ticks of the provider.</summary>
    public long Now => clock.GetTimestamp();

    public void Schedule(TimerHandle timer, TimeSpan delay)
    {
        timer.Deadline = Later(Now, delay);
        Enter(timer);
    }

    /// <summary>Sets a repeating timer that has just run; what a late loop missed is left out, not caught up.</summary>
    public void Repeat(TimerHandle timer, long ranAt)
    {
        long period = Later(0, timer.Interval);
        Int128 beats = ((ranAt - timer.Deadline) / period) + 1;
        timer.Deadline = (long)Int128.Min(timer.Deadline + (beats * period), long.MaxValue);
        Enter(timer);
    }

    public void Remove(TimerHandle timer)
    {
        if (timer.IsScheduled)
        {
            Unschedule(timer);
            if (++_dead > RebuildFloor && _dead > _count / 2)
            {
                Rebuild();
            }
        }
    }

    public void Clear(Action<TimerHandle> cancel)
    {
        var all = new TimerHandle[_count];
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = _entries[i].Timer;
        }

        foreach (TimerHandle timer in all)
        {
            cancel(timer);
        }
    }

    /// <summary>The next timer that is due, taken out; null where none set before this pass is.</summary>
    public TimerHandle? TakeDue(long now, long sequenceLimit)
    {
        if (!Settle() || _entries[0].Deadline > now || _entries[0].Sequence >= sequenceLimit)
        {
            return null;
        }

        TimerHandle timer = _entries[0].Timer;
        RemoveTop();
        Unschedule(timer);
        return timer;
    }

    /// <summary>The time until the next timer is due, never below zero; null where there is none.</summary>
    public TimeSpan? UntilNext()
    {
        if (!Settle())
        {
            return null;
        }

        long ticks = _entries[0].Deadline - Now;
        if (ticks <= 0)
        {
            return TimeSpan.Zero;
        }

        // Rounded up: a wait that is a little short would find nothing due and go round once more for nothing.
        Int128 exact = ((Int128)ticks * TimeSpan.TicksPerSecond) + clock.TimestampFrequency - 1;
        Int128 result = exact / clock.TimestampFrequency;
        return new TimeSpan(result > long.MaxValue ? long.MaxValue : (long)result);
    }

    private long Later(long start, TimeSpan delay)
    {
        Int128 ticks = (((Int128)delay.Ticks * clock.TimestampFrequency) + TimeSpan.TicksPerSecond - 1)
            / TimeSpan.TicksPerSecond;
        Int128 deadline = start + ticks;
        return deadline > long.MaxValue ? long.MaxValue : (long)deadline;
    }

    private void Enter(TimerHandle timer)
    {
        if (!timer.IsScheduled)
        {
            timer.IsScheduled = true;
            _keepingLoop += timer.IsInternal ? 0 : 1;
            if (timer.HeapIndex >= 0)
            {
                _dead--; // its old entry is still there and serves again
            }
        }

        long sequence = _sequence++;
        int index = timer.HeapIndex;
        if (index < 0)
        {
            if (_count == _entries.Length)
            {
                Array.Resize(ref _entries, _count * 2);
            }

            index = _count++;
            Place(index, new Entry(timer.Deadline, sequence, timer));
            SiftUp(index);
        }
        else if (timer.Deadline < _entries[index].Deadline)
        {
            timer.PendingSequence = -1;
            Place(index, new Entry(timer.Deadline, sequence, timer));
            SiftUp(index);
        }
        else
        {
            // Later than its entry: left in place, moved when it comes to the top.
            timer.PendingSequence = sequence;
        }
    }

    private void Unschedule(TimerHandle timer)
    {
        timer.IsScheduled = false;
        _keepingLoop -= timer.IsInternal ? 0 : 1;
    }

    // Brings a live timer with its true deadline to the top; false where there is none.
    private bool Settle()
    {
        while (_count > 0)
        {
            ref Entry top = ref _entries[0];
            TimerHandle timer = top.Timer;
            if (!timer.IsScheduled)
            {
                RemoveTop();
                _dead--;
            }
            else if (timer.PendingSequence >= 0)
            {
                top = new Entry(timer.Deadline, timer.PendingSequence, timer);
                timer.PendingSequence = -1;
                SiftDown(0);
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    private void RemoveTop()
    {
        _entries[0].Timer.HeapIndex = -1;
        _entries[0].Timer.PendingSequence = -1;
        _count--;
        if (_count > 0)
        {
            Place(0, _entries[_count]);
        }

        _entries[_count] = default;
        if (_count > 0)
        {
            SiftDown(0);
        }
    }

    private void Rebuild()
    {
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            Entry entry = _entries[i];
            if (entry.Timer.IsScheduled)
            {
                Place(kept++, entry);
            }
            else
            {
                entry.Timer.HeapIndex = -1;
                entry.Timer.PendingSequence = -1;
            }
        }

        Array.Clear(_entries, kept, _count - kept);
        _count = kept;
        _dead = 0;
        for (int i = (_count / 2) - 1; i >= 0; i--)
        {
            SiftDown(i);
        }
    }

    private void SiftUp(int index)
    {
        Entry entry = _entries[index];
        while (index > 0)
        {
            int parent = (index - 1) / 2;
            if (!entry.IsBefore(_entries[parent]))
            {
                break;
            }

            Place(index, _entries[parent]);
            index = parent;
        }

        Place(index, entry);
    }

    private void SiftDown(int index)
    {
        Entry entry = _entries[index];
        while (true)
        {
            int child = (index * 2) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && _entries[child + 1].IsBefore(_entries[child]))
            {
                child++;
            }

            if (!_entries[child].IsBefore(entry))
            {
                break;
            }

            Place(index, _entries[child]);
            index = child;
        }

        Place(index, entry);
    }

    private void Place(int index, in Entry entry)
    {
        _entries[index] = entry;
        entry.Timer.HeapIndex = index;
    }

    private readonly record struct Entry(long Deadline, long Sequence, TimerHandle Timer)
    {
        public bool IsBefore(in Entry other) =>
            Deadline < other.Deadline || (Deadline == other.Deadline && Sequence < other.Sequence);
    }
}
