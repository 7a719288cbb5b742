namespace Asyncore;

/// <summary>
/// Buffers of one size that the kernel receives into, whichever connection's bytes come: it takes one from the ring,
/// says which, and has it back when the bytes have been read. An idle connection holds none.
/// </summary>
internal sealed unsafe class ReceiveRing : IDisposable
{
    private readonly int _stride;

    private const int CacheLine = 64;

    private readonly PageMemory _ring;
    private readonly PageMemory _data;
    private readonly IoUring.Buffer* _entries;
    private readonly ushort _mask;
    private ushort _tail;

    /// <param name="queues">The queues whose requests take from here.</param>
    /// <param name="group">The number that requests know it by.</param>
    /// <param name="count">How many buffers, a power of two.</param>
    /// <param name="size">The bytes of each.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The system refuses.</exception>
    public ReceiveRing(UringQueues queues, ushort group, int count, int size)
    {
        Group = group;
        Count = count;
        Size = size;

        // Messages lie in the first lines of buffers, which would all compete for the same few places of the processor's
        // cache if they were pages apart. Large buffers are: to receive much, the start of a page is the best place.
        _stride = size > Environment.SystemPageSize ? size : size + CacheLine;
        _mask = (ushort)(count - 1);
        _ring = PageMemory.Allocate((nuint)(count * sizeof(IoUring.Buffer)));
        try
        {
            _data = PageMemory.Allocate((nuint)count * (nuint)_stride);
            _entries = (IoUring.Buffer*)_ring.Start;
            var registration = new IoUring.BufferRegistration
            {
                RingAddress = (ulong)_entries,
                RingEntries = (uint)count,
                Group = group,
            };
            if (IoUring.Register(queues.Fd, IoUring.REGISTER_PBUF_RING, &registration, 1) < 0)
            {
                throw Errno.ToException(Errno.LastResult());
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        Lengths = new int[count];
        Next = new int[count];
        for (int id = 0; id < count; id++)
        {
            Add(id);
        }

        Free = count;
    }

    public ushort Group { get; }

    public int Count { get; }

    public int Size { get; }

    /// <summary>Buffers that the kernel may fill.</summary>
    public int Free { get; private set; }

    /// <summary>How many bytes each buffer that is out holds, and which follows it on the same channel.</summary>
    public int[] Lengths { get; }

    public int[] Next { get; }

    /// <summary>The kernel has filled one.</summary>
    public void Take(int id, int length)
    {
        Free--;
        Lengths[id] = length;
        Next[id] = -1;
    }

    /// <summary>The kernel may have it again.</summary>
    public void GiveBack(int id)
    {
        Free++;
        Add(id);
    }

    public byte* Start(int id) => _data.Start + ((nint)id * _stride);

    public void Dispose()
    {
        _ring.Dispose();
        _data?.Dispose();
    }

    private void Add(int id)
    {
        IoUring.Buffer* entry = _entries + (_tail & _mask);
        entry->Address = (ulong)Start(id);
        entry->Length = (uint)Size;
        entry->Id = (ushort)id;
        Volatile.Write(ref _entries->Tail, ++_tail);
    }
}
