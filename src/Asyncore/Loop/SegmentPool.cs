namespace Asyncore;

/// <summary>
/// The loop's buffers for bytes on their way out, in two sizes. They are shared by all channels of the loop: an
/// idle one holds none.
/// </summary>
internal sealed class SegmentPool
{
    public const int SmallSize = 4 * 1024;
    public const int LargeSize = 64 * 1024;

    // What a burst leaves behind is kept up to here; beyond it goes back to the garbage collector.
    private const int MaxSmall = 1024;
    private const int MaxLarge = 128;

    private const int SharedSize = 256 * 1024;

    private readonly Stack<PageBuffer> _small = new();
    private readonly Stack<PageBuffer> _large = new();
    private readonly Stack<OutputQueue> _queues = new();

    /// <summary>
    /// Where the small sends of one pass lie one behind the other, whosever they are: a thousand channels that answer
    /// a few bytes each touch a few pages in all, instead of one page each. It is used from the start again once the
    /// pass has flushed; a queue whose bytes could not leave takes them out by then.
    /// </summary>
    public PageBuffer Shared { get; } = new(SharedSize);

    /// <summary>Where the free part of <see cref="Shared"/> begins.</summary>
    public int SharedEnd { get; set; }

    /// <summary>How many segments there is memory for; so a test can have the memory end where it likes.</summary>
    public int Limit { get; set; } = int.MaxValue;

    /// <summary>Segments and queues that somebody has: none where nothing is on its way out.</summary>
    public int SegmentsOut { get; private set; }

    /// <inheritdoc cref="SegmentsOut"/>
    public int QueuesOut { get; private set; }

    public PageBuffer Rent(bool large)
    {
        Stack<PageBuffer> pool = large ? _large : _small;
        if (!pool.TryPop(out PageBuffer? segment))
        {
            segment = SegmentsOut < Limit ? new PageBuffer(large ? LargeSize : SmallSize) : throw new InsufficientMemoryException();
        }

        SegmentsOut++; // counted once there is one: there may be no memory
        return segment;
    }

    public void Return(PageBuffer segment)
    {
        SegmentsOut--;
        bool large = segment.Length == LargeSize;
        Stack<PageBuffer> pool = large ? _large : _small;
        if (pool.Count < (large ? MaxLarge : MaxSmall))
        {
            pool.Push(segment);
        }
    }

    public OutputQueue RentQueue()
    {
        if (!_queues.TryPop(out OutputQueue? queue))
        {
            queue = new OutputQueue(this);
        }

        QueuesOut++;
        return queue;
    }

    public void Return(OutputQueue queue)
    {
        QueuesOut--;
        if (_queues.Count < MaxSmall)
        {
            _queues.Push(queue);
        }
    }
}
