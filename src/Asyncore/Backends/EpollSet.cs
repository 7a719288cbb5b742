using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// An epoll(7) instance, level-triggered, and the descriptor that wakes it. Registration is persistent, so a wait costs
/// what is active and nothing else.
/// </summary>
internal sealed unsafe class EpollSet : IDisposable
{
    // The wake-up's own tag; nobody else has it.
    private const ulong WakeTag = ulong.MaxValue;

    // struct epoll_event is packed on x86-64 alone: 12 bytes there, 16 elsewhere.
    private static readonly bool _packed = RuntimeInformation.ProcessArchitecture is Architecture.X64;
    private static readonly int _eventSize = _packed ? 12 : 16;
    private static readonly int _tagOffset = _packed ? 4 : 8;

    private readonly WakeDescriptor _wake;
    private byte* _events;
    private int _capacity;

    /// <exception cref="System.Net.Sockets.SocketException">The system has no descriptor for it.</exception>
    public EpollSet()
    {
        Fd = Libc.EpollCreate1(Libc.EPOLL_CLOEXEC);
        if (Fd < 0)
        {
            throw Errno.ToException(Errno.LastResult());
        }

        try
        {
            _wake = new WakeDescriptor();
        }
        catch
        {
            Libc.Close(Fd);
            throw;
        }

        Control(Libc.EPOLL_CTL_ADD, _wake.Fd, (uint)Libc.POLLIN, WakeTag);
    }

    /// <summary>Readable where anything in the set is ready.</summary>
    public int Fd { get; }

    /// <summary>Whether the last <see cref="Wait"/> found that it had been woken.</summary>
    public bool WasWoken { get; private set; }

    /// <summary>Changes what a descriptor is in the set for. None of it: it leaves.</summary>
    /// <param name="handle">Whose descriptor.</param>
    /// <param name="before">What it is in the set for so far.</param>
    /// <param name="wanted">What it is to be in the set for.</param>
    /// <param name="tag">What its events are to carry.</param>
    /// <returns>
    /// Zero; <see cref="IoBackend.CannotWait"/> where epoll does not take such a descriptor; or a negated error.
    /// </returns>
    public int Change(IoHandle handle, IoEvents before, IoEvents wanted, ulong tag)
    {
        int operation = before == IoEvents.None ? Libc.EPOLL_CTL_ADD
            : wanted == IoEvents.None ? Libc.EPOLL_CTL_DEL
            : Libc.EPOLL_CTL_MOD;
        int result = Errno.Result(Control(operation, handle.Enter(), (uint)PollBackend.ToNative(wanted), tag));
        handle.Exit();
        if (operation == Libc.EPOLL_CTL_ADD && result == -(int)System.Net.Sockets.SocketError.AccessDenied)
        {
            return IoBackend.CannotWait; // EPERM: a regular file, or a device without poll
        }

        return operation == Libc.EPOLL_CTL_DEL ? 0 : result;
    }

    /// <summary>Waits for events.</summary>
    /// <param name="room">How many it takes at most.</param>
    /// <param name="timeoutMilliseconds">How long at most; −1 for as long as it takes.</param>
    /// <returns>How many there are, to be looked at with <see cref="Event"/>, or <see cref="IoBackend.Interrupted"/>.</returns>
    /// <exception cref="System.Net.Sockets.SocketException">The system refuses.</exception>
    public int Wait(int room, int timeoutMilliseconds)
    {
        if (_capacity < room)
        {
            _events = (byte*)NativeMemory.Realloc(_events, (nuint)(room * _eventSize));
            _capacity = room;
        }

        WasWoken = false;
        int count = Libc.EpollWait(Fd, _events, room, timeoutMilliseconds);
        if (count < 0)
        {
            int errno = Errno.Last;
            return errno == Errno.EINTR ? IoBackend.Interrupted : throw Errno.ToException(Errno.ToSocketError(errno));
        }

        return count;
    }

    /// <summary>One of the events that were found.</summary>
    /// <returns>False for the wake-up, which is nobody's.</returns>
    public bool Event(int index, out ulong tag, out IoEvents events)
    {
        byte* each = _events + (index * _eventSize);
        tag = *(ulong*)(each + _tagOffset);
        if (tag == WakeTag)
        {
            WasWoken = true;
            _wake.Drain();
            events = IoEvents.None;
            return false;
        }

        events = PollBackend.FromNative((short)*(uint*)each); // EPOLLIN and its like have poll(2)'s values
        return true;
    }

    /// <summary>Ends a wait. From any thread.</summary>
    public void Wake() => _wake.Signal();

    public void Dispose()
    {
        Libc.Close(Fd);
        _wake.Dispose();
        NativeMemory.Free(_events);
        _events = null;
        _capacity = 0;
    }

    private int Control(int operation, int fd, uint events, ulong tag)
    {
        byte* native = stackalloc byte[16];
        *(uint*)native = events;
        *(ulong*)(native + _tagOffset) = tag;
        return Libc.EpollCtl(Fd, operation, fd, native);
    }
}
