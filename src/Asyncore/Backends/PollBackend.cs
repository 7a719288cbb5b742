namespace Asyncore;

/// <summary>poll(2): a table that is handed to the kernel whole in every pass, so a pass costs every channel.</summary>
internal sealed unsafe class PollBackend : PosixBackend
{
    private readonly WakeDescriptor _wake = new();
    private Libc.PollFd[] _table = new Libc.PollFd[16];
    private IoHandle?[] _handles = new IoHandle?[16];
    private int _count = 1; // the wake-up is entry 0
    private int _next = 1;

    public PollBackend() => _table[0] = new Libc.PollFd { Fd = _wake.Fd, Events = Libc.POLLIN };

    public override IoBackendKind Kind => IoBackendKind.Poll;

    public static short ToNative(IoEvents wanted)
    {
        int native = 0;
        native |= (wanted & IoEvents.Read) != 0 ? Libc.POLLIN : 0;
        native |= (wanted & IoEvents.Write) != 0 ? Libc.POLLOUT : 0;
        native |= (wanted & IoEvents.Priority) != 0 ? Libc.POLLPRI : 0;
        return (short)native;
    }

    public static IoEvents FromNative(short native)
    {
        IoEvents events = IoEvents.None;
        events |= (native & Libc.POLLIN) != 0 ? IoEvents.Read : 0;
        events |= (native & Libc.POLLOUT) != 0 ? IoEvents.Write : 0;
        events |= (native & Libc.POLLPRI) != 0 ? IoEvents.Priority : 0;
        events |= (native & (Libc.POLLERR | Libc.POLLNVAL)) != 0 ? IoEvents.Error : 0;
        events |= (native & Libc.POLLHUP) != 0 ? IoEvents.HangUp : 0;
        return events;
    }

    public override int SetInterest(IoHandle handle, IoEvents wanted)
    {
        if (wanted == handle.Armed)
        {
            return 0;
        }

        if (wanted == IoEvents.None)
        {
            Remove(handle);
        }
        else
        {
            if (handle.Armed == IoEvents.None)
            {
                Add(handle);
            }

            _table[handle.BackendIndex].Events = ToNative(wanted);
        }

        handle.Armed = wanted;
        return 0;
    }

    public override int Wait(Span<IoEvent> events, int timeoutMilliseconds)
    {
        int ready;
        fixed (Libc.PollFd* table = _table)
        {
            ready = Libc.Poll(table, (nuint)_count, timeoutMilliseconds);
        }

        if (ready < 0)
        {
            int errno = Errno.Last;
            return errno == Errno.EINTR ? Interrupted : throw Errno.ToException(Errno.ToSocketError(errno));
        }

        if (_table[0].Revents != 0)
        {
            _wake.Drain();
            ready--;
        }

        return Collect(events, ready);
    }

    public override void Wake() => _wake.Signal();

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    // Starts where the last pass ended, so that a room too small for all never leaves the same ones out.
    private int Collect(Span<IoEvent> events, int ready)
    {
        int kept = 0;
        int entries = _count - 1;
        for (int i = 0; i < entries && kept < ready && kept < events.Length; i++)
        {
            _next = _next < _count ? _next : 1;
            short revents = _table[_next].Revents;
            if (revents != 0)
            {
                IoHandle handle = _handles[_next]!;
                events[kept++] = new IoEvent(handle.Slot, handle.Generation, FromNative(revents));
            }

            _next++;
        }

        return kept;
    }

    private void Add(IoHandle handle)
    {
        if (_count == _table.Length)
        {
            Array.Resize(ref _table, _count * 2);
            Array.Resize(ref _handles, _count * 2);
        }

        handle.BackendIndex = _count;
        _handles[_count] = handle;
        _table[_count] = new Libc.PollFd { Fd = handle.Fd };
        _count++;
    }

    private void Remove(IoHandle handle)
    {
        // The last entry takes the place that has come free.
        int index = handle.BackendIndex;
        _count--;
        _table[index] = _table[_count];
        _handles[index] = _handles[_count];
        _handles[index]!.BackendIndex = index;
        _handles[_count] = null;
        handle.BackendIndex = -1;
    }
}
