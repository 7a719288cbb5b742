namespace Asyncore;

/// <summary>
/// Bytes on their way out of one channel, in order: copies in pooled segments, and memory that is somebody else's.
/// Taking from the front moves an offset, never bytes, so draining is linear in what was queued.
/// </summary>
internal sealed class OutputQueue(SegmentPool pool)
{
    private const int LooseSize = 512;

    private Segment[] _segments = new Segment[4];
    private int _first;
    private int _count;
    private bool _shares;

    /// <summary>Bytes in the queue.</summary>
    public long Length { get; private set; }

    /// <summary>Whether all there is lies in one piece, as it does for most channels in most passes.</summary>
    public bool IsOneSegment => _count == 1;

    /// <summary>The same, and in memory of ours that does not move.</summary>
    public bool IsOneOwned => _count == 1 && At(0).Owned is not null;

    public ReadOnlySpan<byte> FirstSegment => At(0).Bytes;

    /// <summary>Appends a copy.</summary>
    /// <param name="data">The bytes.</param>
    /// <param name="share">
    /// Whether they may lie in the buffer that channels share until the end of the pass; the caller then sees to it that
    /// <see cref="LeaveShared"/> is called by then.
    /// </param>
    public void Append(ReadOnlySpan<byte> data, bool share = false)
    {
        if (share && TryShare(data))
        {
            return;
        }

        AppendOwned(data, startNew: false);
    }

    /// <summary>Appends a copy to a queue that may well stay the only one in it: between two producers.</summary>
    public void AppendAlone(ReadOnlySpan<byte> data)
    {
        if (_count == 0 && data.Length <= LooseSize)
        {
            AddLoose(data);
            return;
        }

        AppendOwned(data, startNew: false);
    }

    /// <summary>Copies what lies in the shared buffer into segments of the queue's own: it could not leave yet.</summary>
    public void LeaveShared()
    {
        if (_shares)
        {
            _shares = false;
            CopyWhere(static segment => segment.IsShared);
        }
    }

    /// <summary>Queues memory without copying; it must not change until it has left.</summary>
    public void AppendBorrowed(ReadOnlyMemory<byte> data)
    {
        if (!data.IsEmpty)
        {
            Add(new Segment { Borrowed = data, End = data.Length });
            Length += data.Length;
        }
    }

    /// <summary>The front of the queue, as many segments as there is room for.</summary>
    public int Peek(Span<ReadOnlyMemory<byte>> segments)
    {
        int count = Math.Min(_count, segments.Length);
        for (int i = 0; i < count; i++)
        {
            segments[i] = At(i).Memory;
        }

        return count;
    }

    public void Advance(long bytes)
    {
        Length -= bytes;
        _shares &= Length > 0;
        while (bytes > 0)
        {
            ref Segment first = ref At(0);
            int held = first.End - first.Start;
            if (bytes < held)
            {
                first.Start += (int)bytes;
                return;
            }

            bytes -= held;
            Release(TakeFirst());
        }
    }

    /// <summary>Makes a queue of another pool that has the same bytes; where there is no memory for that, none.</summary>
    public OutputQueue CopyTo(SegmentPool other)
    {
        OutputQueue copy = other.RentQueue();
        try
        {
            for (int i = 0; i < _count; i++)
            {
                Segment segment = At(i);
                if (segment.Owned is null)
                {
                    copy.AppendBorrowed(segment.Memory);
                }
                else
                {
                    copy.Append(segment.Bytes);
                }
            }

            return copy;
        }
        catch
        {
            copy.Return();
            throw;
        }
    }

    /// <summary>Drops all that is in it, and goes back to its pool.</summary>
    public void Return()
    {
        Truncate(0);
        pool.Return(this);
    }

    /// <summary>Puts everything at the end of another queue of the same pool, without copying.</summary>
    public void TransferTo(OutputQueue other)
    {
        LeaveShared();
        while (_count > 0)
        {
            ref Segment first = ref At(0);
            int held = first.End - first.Start;
            other.Add(first);
            other.Length += held;
            TakeFirst();
            Length -= held;
        }
    }

    /// <summary>Copies what is borrowed: whoever lent it may do with it as he likes from now on.</summary>
    public void CopyBorrowed() => CopyWhere(static segment => segment.Owned is null);

    /// <summary>Drops what is beyond so many bytes.</summary>
    public void Truncate(long length)
    {
        _shares &= length > 0;
        while (Length > length)
        {
            ref Segment last = ref Last;
            long excess = Length - length;
            int held = last.End - last.Start;
            if (excess < held)
            {
                last.End -= (int)excess;
                Length = length;
                return;
            }

            Length -= held;
            Release(last);
            last = default;
            _count--;
        }
    }

    // Once round, from the front to the back, in the same order: some are copied into segments of the queue's own.
    private void CopyWhere(Predicate<Segment> isCopied)
    {
        for (int i = 0, count = _count; i < count; i++)
        {
            Segment segment = TakeFirst();
            if (isCopied(segment))
            {
                Length -= segment.End - segment.Start;
                AppendOwned(segment.Bytes, startNew: i == 0); // the last is not the one before it until then
            }
            else
            {
                Add(segment);
            }
        }
    }

    // All of it or, where there is no memory for that, nothing.
    private void AppendOwned(ReadOnlySpan<byte> data, bool startNew)
    {
        long before = Length;
        try
        {
            while (!data.IsEmpty)
            {
                if (startNew || _count == 0 || Last.Room == 0)
                {
                    if (!startNew && _count > 0 && Last is { Owned: null, IsLoose: false } && data.Length <= LooseSize)
                    {
                        AddLoose(data);
                        return;
                    }

                    startNew = false;
                    Add(new Segment { Owned = pool.Rent(large: _count > 0 || data.Length > SegmentPool.SmallSize) });
                }

                int taken = Fill(ref Last, data);
                Length += taken;
                data = data[taken..];
            }
        }
        catch (OutOfMemoryException)
        {
            Truncate(before);
            throw;
        }
    }

    private static int Fill(ref Segment last, ReadOnlySpan<byte> data)
    {
        int taken = Math.Min(last.Room, data.Length);
        data[..taken].CopyTo(last.Owned!.Span[last.End..]);
        last.End += taken;
        return taken;
    }

    // Between pieces that are lent a segment would be filled with a few bytes and no more: a peer that does not read
    // could take thousands of times the memory that the queue says it has.
    private void AddLoose(ReadOnlySpan<byte> data)
    {
        Add(new Segment { Borrowed = data.ToArray(), End = data.Length, IsLoose = true });
        Length += data.Length;
    }

    // Behind what this queue put there last, or as a new piece.
    private bool TryShare(ReadOnlySpan<byte> data)
    {
        if (data.Length > pool.Shared.Length - pool.SharedEnd || data.Length > SegmentPool.SmallSize)
        {
            return false;
        }

        int start = pool.SharedEnd;
        pool.SharedEnd += data.Length;
        data.CopyTo(pool.Shared.Span[start..]);
        if (_count > 0 && Last.IsShared && Last.End == start)
        {
            Last.End = pool.SharedEnd;
        }
        else
        {
            _shares = true;
            Add(new Segment { Owned = pool.Shared, IsShared = true, Start = start, End = pool.SharedEnd });
        }

        Length += data.Length;
        return true;
    }

    private ref Segment Last => ref At(_count - 1);

    private ref Segment At(int index) => ref _segments[(_first + index) & (_segments.Length - 1)];

    private void Add(in Segment segment)
    {
        if (_count == _segments.Length)
        {
            var larger = new Segment[_count * 2];
            for (int i = 0; i < _count; i++)
            {
                larger[i] = At(i);
            }

            _segments = larger;
            _first = 0;
        }

        _count++;
        Last = segment;
    }

    private Segment TakeFirst()
    {
        ref Segment first = ref At(0);
        Segment taken = first;
        first = default;
        _first = (_first + 1) & (_segments.Length - 1);
        _count--;
        return taken;
    }

    private void Release(in Segment segment)
    {
        if (segment is { Owned: { } owned, IsShared: false })
        {
            pool.Return(owned);
        }
    }

    private struct Segment
    {
        public PageBuffer? Owned;
        public ReadOnlyMemory<byte> Borrowed;
        public int Start;
        public int End;
        public bool IsShared;

        /// <summary>Borrowed from nobody: a copy of its own.</summary>
        public bool IsLoose;

        public readonly int Room => Owned is null || IsShared ? 0 : Owned.Length - End;

        public readonly ReadOnlySpan<byte> Bytes => Owned is null ? Borrowed.Span[Start..End] : Owned.Span[Start..End];

        public readonly ReadOnlyMemory<byte> Memory => Owned is null ? Borrowed[Start..End] : Owned.Slice(Start, End);
    }
}
