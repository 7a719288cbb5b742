using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// epoll(7), level-triggered: registration is persistent, so a pass costs what is active and nothing else.
/// </summary>
internal sealed unsafe class EpollBackend : PosixBackend
{
    // The wake-up's own tag; no slot has this number.
    private const ulong WakeTag = ulong.MaxValue;

    // struct epoll_event is packed on x86-64 alone: 12 bytes there, 16 elsewhere.
    private static readonly bool _packed = RuntimeInformation.ProcessArchitecture is Architecture.X64;
    private static readonly int _eventSize = _packed ? 12 : 16;
    private static readonly int _tagOffset = _packed ? 4 : 8;

    private readonly int _epoll;
    private readonly WakeDescriptor _wake;
    private byte* _events;
    private int _capacity;

    public EpollBackend()
    {
        _epoll = Libc.EpollCreate1(Libc.EPOLL_CLOEXEC);
        if (_epoll < 0)
        {
            throw Errno.ToException(Errno.LastResult());
        }

        try
        {
            _wake = new WakeDescriptor();
        }
        catch
        {
            Libc.Close(_epoll);
            throw;
        }

        Control(Libc.EPOLL_CTL_ADD, _wake.Fd, (uint)Libc.POLLIN, WakeTag);
    }

    public override IoBackendKind Kind => IoBackendKind.Epoll;

    public override int SetInterest(IoHandle handle, IoEvents wanted)
    {
        if (wanted == handle.Armed)
        {
            return 0;
        }

        int operation = handle.Armed == IoEvents.None ? Libc.EPOLL_CTL_ADD
            : wanted == IoEvents.None ? Libc.EPOLL_CTL_DEL
            : Libc.EPOLL_CTL_MOD;
        ulong tag = ((ulong)handle.Generation << 32) | (uint)handle.Slot;
        int result = Call(handle, Control(operation, Enter(handle), ToNative(wanted), tag));
        if (operation == Libc.EPOLL_CTL_ADD && result == -(int)SocketError.AccessDenied)
        {
            return CannotWait; // EPERM: a regular file, or a device without poll
        }

        if (result == 0 || operation == Libc.EPOLL_CTL_DEL)
        {
            handle.Armed = wanted;
            return 0;
        }

        return result;
    }

    public override int Wait(Span<IoEvent> events, int timeoutMilliseconds)
    {
        if (_capacity < events.Length)
        {
            _events = (byte*)NativeMemory.Realloc(_events, (nuint)(events.Length * _eventSize));
            _capacity = events.Length;
        }

        int count = Libc.EpollWait(_epoll, _events, events.Length, timeoutMilliseconds);
        if (count < 0)
        {
            int errno = Errno.Last;
            return errno == Errno.EINTR ? Interrupted : throw Errno.ToException(Errno.ToSocketError(errno));
        }

        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            byte* each = _events + (i * _eventSize);
            ulong tag = *(ulong*)(each + _tagOffset);
            if (tag == WakeTag)
            {
                _wake.Drain();
                continue;
            }

            events[kept++] = new IoEvent((int)(uint)tag, (uint)(tag >> 32), FromNative(*(uint*)each));
        }

        return kept;
    }

    public override void Wake() => _wake.Signal();

    public override void Dispose()
    {
        Libc.Close(_epoll);
        _wake.Dispose();
        NativeMemory.Free(_events);
        _events = null;
        _capacity = 0;
    }

    // EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR and EPOLLHUP have poll(2)'s values.
    private static uint ToNative(IoEvents wanted) => (uint)PollBackend.ToNative(wanted);

    private static IoEvents FromNative(uint native) => PollBackend.FromNative((short)native);

    private int Control(int operation, int fd, uint events, ulong tag)
    {
        byte* native = stackalloc byte[16];
        *(uint*)native = events;
        *(ulong*)(native + _tagOffset) = tag;
        return Libc.EpollCtl(_epoll, operation, fd, native);
    }
}
