using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// The I/O of the backends that learn of readiness from the kernel and then make the call themselves. Who waits,
/// and how, is theirs.
/// </summary>
internal abstract unsafe class PosixBackend : IoBackend
{
    private const int MaxAddress = 128; // sockaddr_storage
    private const int MaxGathered = 16;
    private const int MostPipes = 16; // that are kept; one is in use only while it is not empty

    private readonly Stack<SplicePipe> _pipes = [];

    public override bool CanReconnect => true;

    public override IoHandle Open(AddressFamily family, SocketType type)
    {
        int domain = family switch
        {
            AddressFamily.InterNetwork => Libc.AF_INET,
            AddressFamily.InterNetworkV6 => Libc.AF_INET6,
            AddressFamily.Unix => Libc.AF_UNIX,
            _ => throw new SocketException((int)SocketError.AddressFamilyNotSupported),
        };
        int native = type switch
        {
            SocketType.Stream => Libc.SOCK_STREAM,
            SocketType.Dgram => Libc.SOCK_DGRAM,
            _ => throw new SocketException((int)SocketError.SocketNotSupported),
        };
        int fd = Libc.Socket(domain, native | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            throw Errno.ToException(Errno.LastResult());
        }

        return new IoHandle
        {
            Fd = fd,
            Family = family,
            Kind = type == SocketType.Stream ? IoHandleKind.Stream : IoHandleKind.Datagram,
        };
    }

    public override IoHandle Adopt(Socket socket)
    {
        socket.Blocking = false;
        return new IoHandle
        {
            Fd = (int)socket.Handle,
            Socket = socket,
            Family = socket.AddressFamily,
            Kind = socket.SocketType == SocketType.Dgram ? IoHandleKind.Datagram : IoHandleKind.Stream,
        };
    }

    public override IoHandle AdoptFile(int fd, IoHandleKind kind) => new() { Fd = fd, Kind = kind };

    public override void Adopt(IoHandle handle)
    {
        if (handle.Fd < 0 && handle.Socket is { } socket)
        {
            handle.Fd = (int)socket.Handle;
        }
    }

    public override void Close(IoHandle handle, bool abort)
    {
        // Out of the poller before the close: a duplicate of the descriptor held elsewhere, by a child process for
        // one, would keep the registration alive and reporting.
        SetInterest(handle, IoEvents.None);
        if (handle.Enter() >= 0)
        {
            if (abort && handle.Kind == IoHandleKind.Stream)
            {
                var linger = new Libc.Linger { OnOff = 1, Seconds = 0 };
                Libc.SetSockOpt(handle.Fd, Libc.SOL_SOCKET, Libc.SO_LINGER, &linger, (uint)sizeof(Libc.Linger));
            }

            if (handle.RestoreBlocking)
            {
                SetBlocking(handle.Fd);
            }
        }

        handle.Exit();

        if (handle.Socket is { } socket)
        {
            // Disposing a Socket leaves a pipe non-blocking, whatever it was before; a duplicate lets us have the last word.
            int last = handle.RestoreBlocking ? Libc.Fcntl(handle.Fd, Libc.F_DUPFD_CLOEXEC, 0) : -1;
            socket.Dispose();
            if (last >= 0)
            {
                SetBlocking(last);
                Libc.Close(last);
            }
        }
        else if (handle.Fd >= 0)
        {
            Libc.Close(handle.Fd); // on Linux the descriptor is gone even where close says EINTR
        }

        handle.Fd = -1;
    }

    public override Socket GetSocket(IoHandle handle) =>
        handle.Socket ??= new Socket(new SafeSocketHandle(handle.Fd, ownsHandle: true)) { Blocking = false };

    public override int Bind(IoHandle handle, EndPoint address)
    {
        SocketAddress raw = address.Serialize();
        fixed (byte* bytes = raw.Buffer.Span)
        {
            return Call(handle, Libc.Bind(Enter(handle), bytes, (uint)raw.Size));
        }
    }

    public override int Listen(IoHandle handle, int backlog)
    {
        int result = Call(handle, Libc.Listen(Enter(handle), backlog));
        handle.IsListener |= result == 0;
        return result;
    }

    public override int Connect(IoHandle handle, EndPoint address)
    {
        SocketAddress raw = address.Serialize();
        handle.IsConnecting = handle.Kind == IoHandleKind.Stream;
        fixed (byte* bytes = raw.Buffer.Span)
        {
            int result = Call(handle, Libc.Connect(Enter(handle), bytes, (uint)raw.Size));

            // Linux answers the first connect after one that has failed by this alone, and starts with the second.
            return result == -(int)SocketError.ConnectionAborted
                ? Call(handle, Libc.Connect(Enter(handle), bytes, (uint)raw.Size))
                : result;
        }
    }

    public override EndPoint? LocalAddress(IoHandle handle)
    {
        byte* bytes = stackalloc byte[MaxAddress];
        uint length = MaxAddress;
        int result = Call(handle, Libc.GetSockName(Enter(handle), bytes, &length));
        return result < 0 ? null : PeerAddress.Decode(new ReadOnlySpan<byte>(bytes, (int)length));
    }

    public override EndPoint? RemoteAddress(IoHandle handle)
    {
        byte* bytes = stackalloc byte[MaxAddress];
        uint length = MaxAddress;
        int result = Call(handle, Libc.GetPeerName(Enter(handle), bytes, &length));
        return result < 0 ? null : PeerAddress.Decode(new ReadOnlySpan<byte>(bytes, (int)length));
    }

    public override int SetReuseAddress(IoHandle handle) => SetOption(handle, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);

    public override int SetReusePort(IoHandle handle) => SetOption(handle, Libc.SOL_SOCKET, Libc.SO_REUSEPORT, 1);

    public override int SetNoDelay(IoHandle handle, bool on) =>
        SetOption(handle, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, on ? 1 : 0);

    public override int SetDualMode(IoHandle handle, bool on) =>
        SetOption(handle, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, on ? 0 : 1);

    public override int SetOption(IoHandle handle, SocketOptionLevel level, SocketOptionName name, int value)
    {
        // The library's numbers are its own. The usual ones are translated here; for the rest a Socket is made.
        int native = (level, name) switch
        {
            (SocketOptionLevel.Socket, SocketOptionName.KeepAlive) => 9,
            (SocketOptionLevel.Socket, SocketOptionName.SendBuffer) => 7,
            (SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer) => 8,
            (SocketOptionLevel.Tcp, SocketOptionName.NoDelay) => Libc.TCP_NODELAY,
            (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime) => 4,
            (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval) => 5,
            (SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount) => 6,
            _ => 0,
        };
        if (native != 0)
        {
            return SetOption(handle, level == SocketOptionLevel.Tcp ? Libc.IPPROTO_TCP : Libc.SOL_SOCKET, native, value);
        }

        try
        {
            GetSocket(handle).SetSocketOption(level, name, value);
            return 0;
        }
        catch (SocketException error)
        {
            return -(int)error.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            return -(int)SocketError.OperationAborted;
        }
    }

    public override SocketCondition Examine(IoHandle handle)
    {
        if (!handle.IsSocket)
        {
            return SocketCondition.Connected;
        }

        if (GetOption(handle, Libc.SO_ACCEPTCONN) > 0)
        {
            handle.IsListener = true;
            return SocketCondition.Listening;
        }

        byte* bytes = stackalloc byte[MaxAddress];
        uint length = MaxAddress;
        if (Call(handle, Libc.GetPeerName(Enter(handle), bytes, &length)) == 0)
        {
            return SocketCondition.Connected;
        }

        // A socket whose peer has reset it has no peer name any more. A fresh one polls as hung up, but never as
        // readable; what is left of a connection does.
        bool remains = handle.Kind == IoHandleKind.Stream
            && (PollNow(handle, Libc.POLLIN) & (Libc.POLLIN | Libc.POLLERR)) != 0;
        return remains ? SocketCondition.Connected : SocketCondition.Fresh;
    }

    public override int Accept(IoHandle listener, out IoHandle? accepted)
    {
        byte* bytes = stackalloc byte[MaxAddress];
        uint length = MaxAddress;
        int result = Call(listener, Libc.Accept4(
            Enter(listener), bytes, &length, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC));
        accepted = null;
        if (result < 0)
        {
            return result;
        }

        accepted = new IoHandle { Fd = result, Family = listener.Family, Kind = IoHandleKind.Stream };
        accepted.Peer.Set(new ReadOnlySpan<byte>(bytes, (int)Math.Min(length, MaxAddress)));
        return 0;
    }

    public override bool HasWaiting(IoHandle listener) => (PollNow(listener, Libc.POLLIN) & Libc.POLLIN) != 0;

    public override int Recv(IoHandle handle, Span<byte> buffer, SocketFlags flags)
    {
        fixed (byte* start = buffer)
        {
            if (handle.IsSocket)
            {
                // DONTWAIT as well as non-blocking: somebody who shares the description may have cleared the flag.
                int received = Call(handle, Libc.Recv(
                    Enter(handle), start, (nuint)buffer.Length, Libc.MSG_DONTWAIT | Flags(flags)));
                if (received == 0 && handle.PendingError != SocketError.Success && handle.Kind == IoHandleKind.Stream)
                {
                    // Whoever has met the error took it from the system, which then says that the stream has ended.
                    received = -(int)handle.PendingError;
                    handle.PendingError = SocketError.Success;
                }

                return received;
            }

            if (handle.Kind == IoHandleKind.Terminal && PollNow(handle, Libc.POLLIN) == 0)
            {
                return -(int)SocketError.WouldBlock; // a terminal stays blocking, so it is asked first
            }

            int result = Call(handle, Libc.Read(Enter(handle), start, (nuint)buffer.Length));

            // The far side of a pseudo-terminal closing is told as EIO; for everybody else that is the end.
            bool terminalEnd = result < 0 && handle.Kind == IoHandleKind.Terminal
                && -result == (int)Errno.ToSocketError(Errno.EIO);
            return terminalEnd ? 0 : result;
        }
    }

    public override int Send(IoHandle handle, ReadOnlySpan<byte> data)
    {
        fixed (byte* start = data)
        {
            if (handle.IsSocket)
            {
                return Call(handle, Libc.Send(
                    Enter(handle), start, (nuint)data.Length, Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT));
            }

            if (handle.Kind == IoHandleKind.Terminal && PollNow(handle, Libc.POLLOUT) == 0)
            {
                return -(int)SocketError.WouldBlock;
            }

            return Call(handle, Libc.Write(Enter(handle), start, (nuint)data.Length));
        }
    }

    public override int Send(IoHandle handle, ReadOnlySpan<ReadOnlyMemory<byte>> segments)
    {
        if (segments.Length == 1 || handle.Kind == IoHandleKind.Terminal)
        {
            return Send(handle, segments[0].Span);
        }

        int count = Math.Min(segments.Length, MaxGathered);
        var pins = default(Pins);
        Libc.IoVec* vectors = stackalloc Libc.IoVec[MaxGathered];
        for (int i = 0; i < count; i++)
        {
            pins[i] = segments[i].Pin();
            vectors[i] = new Libc.IoVec { Base = pins[i].Pointer, Length = (nuint)segments[i].Length };
        }

        int result;
        if (handle.IsSocket)
        {
            var message = new Libc.MsgHdr { Iov = vectors, IovLength = (nuint)count };
            result = Call(handle, Libc.SendMsg(Enter(handle), &message, Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT));
        }
        else
        {
            result = Call(handle, Libc.WriteV(Enter(handle), vectors, count));
        }

        for (int i = 0; i < count; i++)
        {
            pins[i].Dispose();
        }

        return result;
    }

    public override bool CanSendFile => true;

    public override int SendFile(IoHandle handle, SafeHandle file, long offset, int count)
    {
        bool entered = false;
        try
        {
            file.DangerousAddRef(ref entered);
            return Call(handle, Libc.SendFile(
                Enter(handle), (int)file.DangerousGetHandle(), &offset, (nuint)count));
        }
        finally
        {
            if (entered)
            {
                file.DangerousRelease();
            }
        }
    }

    public override SplicePipe? RentPipe() => _pipes.TryPop(out SplicePipe? pipe) ? pipe : SplicePipe.TryOpen();

    public override void Return(SplicePipe pipe)
    {
        if (pipe.Length == 0 && _pipes.Count < MostPipes)
        {
            _pipes.Push(pipe);
        }
        else
        {
            pipe.Dispose();
        }
    }

    public override int SpliceIn(IoHandle handle, SplicePipe pipe, int count) =>
        Call(handle, pipe.Take(Enter(handle), count));

    public override int SpliceOut(IoHandle handle, SplicePipe pipe) => Call(handle, pipe.Give(Enter(handle)));

    public override void Dispose()
    {
        while (_pipes.TryPop(out SplicePipe? pipe))
        {
            pipe.Dispose();
        }
    }

    public override int ShutdownSend(IoHandle handle)
    {
        handle.SentEnd = true;
        return Call(handle, Libc.Shutdown(Enter(handle), Libc.SHUT_WR));
    }

    public override SocketError TakeError(IoHandle handle)
    {
        if (!handle.IsSocket)
        {
            return SocketError.Success;
        }

        if (handle.PendingError is not SocketError.Success and var known)
        {
            handle.PendingError = SocketError.Success;
            return known;
        }

        int value = GetOption(handle, Libc.SO_ERROR);
        return value < 0 ? (SocketError)(-value) : Errno.ToSocketError(value);
    }

    public override int Unread(IoHandle handle)
    {
        if (handle.Kind == IoHandleKind.Pipe
            && (Call(handle, Libc.Fcntl(Enter(handle), Libc.F_GETFL, 0)) & Libc.O_ACCMODE) == Libc.O_WRONLY)
        {
            return 0; // the end that writes is told how much the other has to read
        }

        int count = 0;
        if (Call(handle, Libc.Ioctl(Enter(handle), Libc.FIONREAD, &count)) < 0)
        {
            return 0;
        }

        return count == 0 && handle.Kind == IoHandleKind.Stream ? Peek(handle) : count;
    }

    // FIONREAD counts up to an urgent byte and no further; a look at the next byte passes over it. Where there is none
    // the look is answered with the pending error, and clears it.
    private static int Peek(IoHandle handle)
    {
        byte next;
        int result = Call(handle, Libc.Recv(Enter(handle), &next, 1, Libc.MSG_PEEK | Libc.MSG_DONTWAIT));
        if (result < 0 && !Errno.IsWouldBlock((SocketError)(-result)))
        {
            handle.PendingError = (SocketError)(-result);
        }

        return Math.Max(result, 0);
    }

    protected static int SetOption(IoHandle handle, int level, int name, int value) =>
        Call(handle, Libc.SetSockOpt(Enter(handle), level, name, &value, sizeof(int)));

    private static void SetBlocking(int fd)
    {
        int flags = Libc.Fcntl(fd, Libc.F_GETFL, 0);
        Libc.Fcntl(fd, Libc.F_SETFL, flags & ~Libc.O_NONBLOCK);
    }

    private static int GetOption(IoHandle handle, int name)
    {
        int value = 0;
        uint length = sizeof(int);
        int result = Call(handle, Libc.GetSockOpt(Enter(handle), Libc.SOL_SOCKET, name, &value, &length));
        return result < 0 ? result : value;
    }

    private static short PollNow(IoHandle handle, short events)
    {
        var poll = new Libc.PollFd { Fd = Enter(handle), Events = events };
        return Call(handle, Libc.Poll(&poll, 1, 0)) < 0 ? (short)0 : poll.Revents;
    }

    private static int Flags(SocketFlags flags)
    {
        if ((flags & ~(SocketFlags.OutOfBand | SocketFlags.Peek)) != 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(flags), flags, "Only SocketFlags.OutOfBand and SocketFlags.Peek are understood.");
        }

        return ((flags & SocketFlags.OutOfBand) != 0 ? Libc.MSG_OOB : 0)
            | ((flags & SocketFlags.Peek) != 0 ? Libc.MSG_PEEK : 0);
    }

    // Enter lends the number for one system call; Call ends the loan and turns what came back into a result.
    // errno is read before anything else can run.
    protected static int Enter(IoHandle handle) => handle.Enter();

    protected static int Call(IoHandle handle, nint returned)
    {
        int result = Errno.Result(returned);
        handle.Exit();
        return result;
    }

    [System.Runtime.CompilerServices.InlineArray(MaxGathered)]
    private struct Pins
    {
        private System.Buffers.MemoryHandle _first;
    }
}
