using System.Runtime.CompilerServices;

namespace Asyncore;

/// <summary>
/// The two queues that are shared with the kernel: requests go in, completions come out, and one system call does both.
/// One thread alone may use it, the one that made it: the kernel is told so, and saves itself locks and interrupts.
/// </summary>
internal sealed unsafe class UringQueues : IDisposable
{
    // What is done in a pass comes with the completions of that pass (6.1), all of it inside our own system call.
    private const uint SetupFlags = IoUring.SETUP_CQSIZE | IoUring.SETUP_CLAMP | IoUring.SETUP_SUBMIT_ALL
        | IoUring.SETUP_COOP_TASKRUN | IoUring.SETUP_TASKRUN_FLAG
        | IoUring.SETUP_SINGLE_ISSUER | IoUring.SETUP_DEFER_TASKRUN;

    public const uint NeededFeatures =
        IoUring.FEAT_SINGLE_MMAP | IoUring.FEAT_NODROP | IoUring.FEAT_EXT_ARG | IoUring.FEAT_CQE_SKIP;

    private readonly PageMemory _rings;
    private readonly PageMemory _entries;
    private readonly uint* _sqHead;
    private readonly uint* _sqTail;
    private readonly uint* _sqFlags;
    private readonly uint _sqMask;
    private readonly uint _sqSize;
    private readonly uint* _cqHead;
    private readonly uint* _cqTail;
    private readonly uint _cqMask;
    private readonly IoUring.Cqe* _cqes;
    private readonly Thread _owner; // and not its number, which another thread is given when it has ended
    private uint _tail;
    private uint _submitted;

    /// <exception cref="System.Net.Sockets.SocketException">The system refuses.</exception>
    public UringQueues(uint entries, uint completions)
    {
        var parameters = new IoUring.Params { Flags = SetupFlags, CqEntries = completions };
        Fd = IoUring.Setup(entries, &parameters);
        if (Fd < 0)
        {
            throw Errno.ToException(Errno.LastResult());
        }

        try
        {
            Features = parameters.Features;
            uint sqEnd = parameters.Sq.Array + (parameters.SqEntries * sizeof(uint));
            uint cqEnd = parameters.Cq.Cqes + (parameters.CqEntries * (uint)sizeof(IoUring.Cqe));
            _rings = PageMemory.Share(Fd, IoUring.OFF_SQ_RING, Math.Max(sqEnd, cqEnd));
            _entries = PageMemory.Share(Fd, IoUring.OFF_SQES, parameters.SqEntries * (nuint)sizeof(IoUring.Sqe));
        }
        catch
        {
            _rings?.Dispose();
            Libc.Close(Fd);
            throw;
        }

        byte* rings = _rings.Start;
        _sqHead = (uint*)(rings + parameters.Sq.Head);
        _sqTail = (uint*)(rings + parameters.Sq.Tail);
        _sqFlags = (uint*)(rings + parameters.Sq.Flags);
        _sqMask = *(uint*)(rings + parameters.Sq.RingMask);
        _sqSize = parameters.SqEntries;
        _cqHead = (uint*)(rings + parameters.Cq.Head);
        _cqTail = (uint*)(rings + parameters.Cq.Tail);
        _cqMask = *(uint*)(rings + parameters.Cq.RingMask);
        _cqes = (IoUring.Cqe*)(rings + parameters.Cq.Cqes);

        // The array between queue and entries could mix them up; entry and place are the same once and for all.
        uint* array = (uint*)(rings + parameters.Sq.Array);
        for (uint i = 0; i < _sqSize; i++)
        {
            array[i] = i;
        }

        _owner = Thread.CurrentThread;
    }

    public int Fd { get; private set; }

    public uint Features { get; }

    /// <summary>Whether this is the thread that made them, which alone may use them.</summary>
    public bool IsOwner => _owner == Thread.CurrentThread;

    /// <summary>Requests that the kernel has not been told of.</summary>
    public uint Pending => _tail - _submitted;

    /// <summary>A counter of requests: those before it have been handed over.</summary>
    public uint Submitted => _submitted;

    /// <summary>Whether a look at the completions would find any, or the kernel has some to make.</summary>
    public bool HasNews => *_cqHead != Volatile.Read(ref *_cqTail)
        || (Volatile.Read(ref *_sqFlags) & (IoUring.SQ_TASKRUN | IoUring.SQ_CQ_OVERFLOW)) != 0;

    /// <summary>A request to fill in, all zero. Hands over what is there where the queue is full.</summary>
    public IoUring.Sqe* Next()
    {
        if (_tail - Volatile.Read(ref *_sqHead) == _sqSize)
        {
            Enter(0, 0, -1);
        }

        IoUring.Sqe* entry = (IoUring.Sqe*)_entries.Start + (_tail & _sqMask);
        Unsafe.InitBlock(entry, 0, (uint)sizeof(IoUring.Sqe));
        _tail++;
        return entry;
    }

    /// <summary>Hands over the requests and, where flags say so, waits for completions.</summary>
    /// <param name="waitFor">How many completions to wait for.</param>
    /// <param name="flags">Those of io_uring_enter(2).</param>
    /// <param name="timeoutMilliseconds">The longest to wait; −1 for as long as it takes.</param>
    /// <returns>Zero or the errno: EINTR and ETIME are the usual ones.</returns>
    public int Enter(uint waitFor, uint flags, int timeoutMilliseconds)
    {
        Volatile.Write(ref *_sqTail, _tail);
        uint pending = Pending;
        int result;
        if (timeoutMilliseconds > 0 && waitFor > 0)
        {
            var time = new IoUring.TimeSpec
            {
                Seconds = timeoutMilliseconds / 1000,
                Nanoseconds = timeoutMilliseconds % 1000 * 1_000_000L,
            };
            var argument = new IoUring.GetEventsArg { TimeSpec = (ulong)&time };
            result = IoUring.Enter(
                Fd, pending, waitFor, flags | IoUring.ENTER_EXT_ARG, &argument, (nuint)sizeof(IoUring.GetEventsArg));
        }
        else
        {
            result = IoUring.Enter(Fd, pending, waitFor, flags, null, 0);
        }

        int errno = result < 0 ? Errno.Last : 0;
        _submitted = Volatile.Read(ref *_sqHead); // all that the kernel has taken, also where the wait was cut short
        return errno;
    }

    /// <summary>Takes a completion, if there is one.</summary>
    public bool TryTake(out IoUring.Cqe completion)
    {
        uint head = *_cqHead;
        if (head == Volatile.Read(ref *_cqTail))
        {
            completion = default;
            return false;
        }

        completion = _cqes[head & _cqMask];
        Volatile.Write(ref *_cqHead, head + 1);
        return true;
    }

    /// <summary>Whether the kernel holds completions back because there was no room for them.</summary>
    public bool Overflowed => (Volatile.Read(ref *_sqFlags) & IoUring.SQ_CQ_OVERFLOW) != 0;

    public void Dispose()
    {
        if (Fd >= 0)
        {
            Libc.Close(Fd);
            Fd = -1;
            _rings.Dispose();
            _entries.Dispose();
        }
    }
}
