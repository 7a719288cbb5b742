namespace Asyncore;

/// <summary>
/// What has been pushed behind a producer: bytes, further producers, and the wish to close. A chat that only pushes
/// bytes never has one.
/// </summary>
internal sealed class PushQueue
{
    private readonly Queue<Item> _items = new();
    private OutputQueue? _last;

    /// <summary>Bytes in the queue; what producers will make is unknown.</summary>
    public long Length { get; private set; }

    public bool IsEmpty => _items.Count == 0;

    /// <summary>The producer in front; null where there is none.</summary>
    public IProducer? Producer => _items.TryPeek(out Item first) ? first.Producer : null;

    /// <summary>The bytes in front; null where there are none.</summary>
    public OutputQueue? Bytes => _items.TryPeek(out Item first) ? first.Bytes : null;

    public void Add(IProducer producer)
    {
        _items.Enqueue(new Item { Producer = producer });
        _last = null;
    }

    /// <summary>Asks for the channel to be closed once all before it has left.</summary>
    public void AddClose()
    {
        _items.Enqueue(default);
        _last = null;
    }

    public void Append(ReadOnlySpan<byte> data, SegmentPool pool)
    {
        Last(pool).AppendAlone(data);
        Length += data.Length;
    }

    public void AppendBorrowed(ReadOnlyMemory<byte> data, SegmentPool pool)
    {
        Last(pool).AppendBorrowed(data);
        Length += data.Length;
    }

    /// <summary>Drops what is in front, the bytes' queue with it.</summary>
    public void RemoveFirst(SegmentPool pool)
    {
        Item first = _items.Dequeue();
        if (first.Bytes is { } bytes)
        {
            Length -= bytes.Length;
            bytes.Return();
            _last = _last == bytes ? null : _last;
        }
    }

    /// <summary>Puts the bytes in front behind others that are about to leave.</summary>
    public void TransferFirst(OutputQueue to, SegmentPool pool)
    {
        OutputQueue bytes = _items.Dequeue().Bytes!;
        Length -= bytes.Length;
        bytes.TransferTo(to);
        pool.Return(bytes);
        _last = _last == bytes ? null : _last;
    }

    /// <summary>
    /// The channel goes to another loop, whose buffers these have to be from then on: all of them or, where there is no memory
    /// for that, none.
    /// </summary>
    public void MoveTo(SegmentPool pool)
    {
        Item[] items = [.. _items];
        int moved = 0;
        try
        {
            for (; moved < items.Length; moved++)
            {
                items[moved].Bytes = items[moved].Bytes?.CopyTo(pool);
            }
        }
        catch
        {
            Array.ForEach(items[..moved], each => each.Bytes?.Return());
            throw;
        }

        foreach (Item item in items)
        {
            OutputQueue? old = _items.Dequeue().Bytes;
            _last = _last is not null && _last == old ? item.Bytes : _last;
            old?.Return();
            _items.Enqueue(item);
        }
    }

    private OutputQueue Last(SegmentPool pool)
    {
        if (_last is null)
        {
            _last = pool.RentQueue();
            _items.Enqueue(new Item { Bytes = _last });
        }

        return _last;
    }

    // Neither a producer nor bytes: close.
    private struct Item
    {
        public IProducer? Producer;
        public OutputQueue? Bytes;
    }
}
