using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Asyncore;

/// <summary>
/// The portable backend: <see cref="Socket.Select(System.Collections.IList, System.Collections.IList,
/// System.Collections.IList, TimeSpan)"/> and the .NET library's sockets, on every platform. A pass costs every channel,
/// and allocates.
/// </summary>
/// <remarks>
/// On Windows a reset of a channel that wants nothing is told when it next reads or writes: select there has no word
/// for it. Pipes, which exist as channels on Linux alone, are read and written by system calls.
/// </remarks>
internal sealed partial class SelectBackend : IoBackend
{
    private const int GatherSize = 64 * 1024;

    private readonly UnchosenBackend _files = new();

    public override IoBackendKind Kind => IoBackendKind.Select;

    public override bool CanReconnect => false;

    public override IoHandle Open(AddressFamily family, SocketType type)
    {
        // Not ProtocolType.Tcp, which lets the library switch SO_REUSEADDR on at every bind.
        var socket = new Socket(family, type, ProtocolType.Unspecified);
        IoHandle handle = Adopt(socket);
        return handle;
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

    public override IoHandle AdoptFile(int fd, IoHandleKind kind)
    {
        var handle = new IoHandle { Fd = fd, Kind = kind };
        if (kind != IoHandleKind.File)
        {
            handle.Socket = new Socket(new SafeSocketHandle(fd, ownsHandle: true)); // to be waited for
        }

        return handle;
    }

    public override void Adopt(IoHandle handle)
    {
        if (handle.Socket is null && handle.Kind != IoHandleKind.File)
        {
            handle.Socket = new Socket(new SafeSocketHandle(handle.Fd, ownsHandle: true));
            if (handle.IsSocket)
            {
                handle.Socket.Blocking = false; // as its descriptor is, which the object does not know
            }
        }
    }

    public override void Close(IoHandle handle, bool abort)
    {
        if (handle.Socket is { } waited)
        {
            _handles.Remove(waited);
            handle.Armed = IoEvents.None;
        }

        if (!handle.IsSocket)
        {
            _files.Close(handle, abort);
            return;
        }

        Socket socket = handle.Socket!;
        if (abort && handle.Kind == IoHandleKind.Stream && !socket.SafeHandle.IsClosed)
        {
            Try(() => socket.LingerState = new LingerOption(true, 0));
        }

        socket.Dispose();
        handle.Fd = -1;
    }

    public override Socket GetSocket(IoHandle handle) => handle.Socket!;

    public override int Bind(IoHandle handle, EndPoint address) => Try(() => handle.Socket!.Bind(address));

    public override int Listen(IoHandle handle, int backlog) => Try(() =>
    {
        Socket socket = handle.Socket!;
        if (!socket.IsBound && handle.Family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
        {
            // The system would choose a port as well, of which the library's socket would not know.
            socket.Bind(new IPEndPoint(Any(handle.Family), 0));
        }

        socket.Listen(backlog);
        handle.IsListener = true;
    });

    public override int Connect(IoHandle handle, EndPoint address)
    {
        int result = Try(() => handle.Socket!.Connect(address));
        return result == -(int)SocketError.WouldBlock ? -(int)SocketError.InProgress : result;
    }

    public override EndPoint? LocalAddress(IoHandle handle) => Ask(() => handle.Socket!.LocalEndPoint);

    public override EndPoint? RemoteAddress(IoHandle handle) => Ask(() => handle.Socket!.RemoteEndPoint);

    public override int SetReuseAddress(IoHandle handle) => Try(() =>
    {
        // The library's own ReuseAddress sets SO_REUSEPORT as well. Windows has no port in TIME_WAIT to fear, and
        // means something dangerous by the option.
        if (OperatingSystem.IsLinux())
        {
            handle.Socket!.SetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_REUSEADDR, BitConverter.GetBytes(1));
        }
        else if (!OperatingSystem.IsWindows())
        {
            handle.Socket!.SetRawSocketOption(0xFFFF, 4, BitConverter.GetBytes(1)); // as the BSDs and macOS number it
        }
    });

    public override int SetReusePort(IoHandle handle) => OperatingSystem.IsLinux()
        ? Try(() => handle.Socket!.SetRawSocketOption(Libc.SOL_SOCKET, Libc.SO_REUSEPORT, BitConverter.GetBytes(1)))
        : base.SetReusePort(handle); // elsewhere the last listener gets every connection, or there is no such option

    public override int SetNoDelay(IoHandle handle, bool on) =>
        SetOption(handle, SocketOptionLevel.Tcp, SocketOptionName.NoDelay, on ? 1 : 0);

    public override int SetOption(IoHandle handle, SocketOptionLevel level, SocketOptionName name, int value) =>
        Try(() => handle.Socket!.SetSocketOption(level, name, value));

    public override int SetDualMode(IoHandle handle, bool on) => Try(() => handle.Socket!.DualMode = on);

    public override SocketCondition Examine(IoHandle handle)
    {
        Socket socket = handle.Socket!;
        int listening = 0;
        Try(() => listening = (int)socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection)!);
        if (listening != 0)
        {
            handle.IsListener = true;
            return SocketCondition.Listening;
        }

        bool remains = socket.Connected || Unread(handle) > 0 || PeekError(handle) != SocketError.Success;
        return remains ? SocketCondition.Connected : SocketCondition.Fresh;
    }

    public override int Accept(IoHandle listener, out IoHandle? accepted)
    {
        accepted = null;
        if (!HasWaiting(listener))
        {
            return -(int)SocketError.WouldBlock; // asked first, as the library throws where nobody waits
        }

        IoHandle? made = null;
        int result = Try(() => made = Adopt(listener.Socket!.Accept()));
        if (result == 0)
        {
            accepted = made;
            accepted!.Peer.Set(RemoteAddress(accepted));
            if (listener.Family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
            {
                Try(() => made!.Socket!.NoDelay = listener.Socket!.NoDelay); // inherited on Linux, not everywhere
            }
        }

        return result;
    }

    public override bool HasWaiting(IoHandle listener)
    {
        bool waiting = false;
        return Try(() => waiting = listener.Socket!.Poll(0, SelectMode.SelectRead)) == 0 && waiting;
    }

    public override int Recv(IoHandle handle, Span<byte> buffer, SocketFlags flags)
    {
        if (!handle.IsSocket)
        {
            return _files.Recv(handle, buffer, flags);
        }

        try
        {
            int count = handle.Socket!.Receive(buffer, flags, out SocketError error);
            if (count == 0 && error == SocketError.Success && handle.Kind == IoHandleKind.Stream)
            {
                // Whoever asked for the pending error took it from the system, which then says that the stream ended.
                // EPIPE alone is the error of a stream that has ended before.
                error = handle.PendingError == SocketError.Shutdown ? SocketError.Success : TakeKnownError(handle);
            }

            return error == SocketError.Success ? count : -(int)error;
        }
        catch (ObjectDisposedException)
        {
            return -(int)SocketError.OperationAborted;
        }
    }

    public override int Send(IoHandle handle, ReadOnlySpan<byte> data)
    {
        if (!handle.IsSocket)
        {
            return _files.Send(handle, data);
        }

        try
        {
            int count = handle.Socket!.Send(data, SocketFlags.None, out SocketError error);
            return error == SocketError.Success ? count : -(int)error;
        }
        catch (ObjectDisposedException)
        {
            return -(int)SocketError.OperationAborted;
        }
    }

    public override int Send(IoHandle handle, ReadOnlySpan<ReadOnlyMemory<byte>> segments)
    {
        // The library gathers only from a list of arrays. Copying small pieces into one is simpler, and large ones go
        // by themselves.
        int total = 0;
        while (!segments.IsEmpty)
        {
            int count = 0;
            int length = 0;
            while (count < segments.Length && segments[count].Length <= GatherSize - length)
            {
                length += segments[count++].Length;
            }

            length = count > 1 ? length : segments[0].Length;
            int sent = count > 1 ? SendJoined(handle, segments[..count], length) : Send(handle, segments[0].Span);
            if (sent < length)
            {
                return sent < 0 && total == 0 ? sent : total + Math.Max(sent, 0);
            }

            total += sent;
            segments = segments[Math.Max(count, 1)..];
        }

        return total;
    }

    private int SendJoined(IoHandle handle, ReadOnlySpan<ReadOnlyMemory<byte>> segments, int length)
    {
        byte[] joined = ArrayPool<byte>.Shared.Rent(length);
        int filled = 0;
        foreach (ReadOnlyMemory<byte> segment in segments)
        {
            segment.Span.CopyTo(joined.AsSpan(filled));
            filled += segment.Length;
        }

        int sent = Send(handle, joined.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(joined);
        return sent;
    }

    public override int ShutdownSend(IoHandle handle) => Try(() => handle.Socket!.Shutdown(SocketShutdown.Send));

    public override SocketError TakeError(IoHandle handle)
    {
        PeekError(handle);
        return TakeKnownError(handle);
    }

    public override int Unread(IoHandle handle)
    {
        if (!handle.IsSocket)
        {
            return _files.Unread(handle);
        }

        int count = 0;
        Try(() => count = handle.Socket!.Available);
        return count == 0 && handle.Kind == IoHandleKind.Stream ? Peek(handle) : count;
    }

    private static IPAddress Any(AddressFamily family) =>
        family == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;

    private static int Try(Action call)
    {
        try
        {
            call();
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

    private static EndPoint? Ask(Func<EndPoint?> question)
    {
        EndPoint? answer = null;
        int result = Try(() => answer = question());
        bool isUnnamed = answer is UnixDomainSocketEndPoint && answer.ToString() == "";
        return result == 0 && !isUnnamed ? answer : null;
    }

    // Asking a socket for its pending error clears it, so the answer is kept until somebody takes it.
    private static SocketError PeekError(IoHandle handle)
    {
        if (handle is { IsSocket: true, PendingError: SocketError.Success })
        {
            Try(() => handle.PendingError = (SocketError)(int)handle.Socket!.GetSocketOption(
                SocketOptionLevel.Socket, SocketOptionName.Error)!);
        }

        return handle.PendingError;
    }

    // What lies behind an urgent byte is not counted as available. Where nothing does, the look at it is answered with
    // the pending error, and clears it.
    private static int Peek(IoHandle handle)
    {
        Span<byte> next = stackalloc byte[1];
        try
        {
            int count = handle.Socket!.Receive(next, SocketFlags.Peek, out SocketError error);
            bool isNews = error is not (SocketError.Success or SocketError.WouldBlock or SocketError.NotConnected
                or SocketError.InvalidArgument); // how a Unix socket says that it is not connected
            handle.PendingError = isNews && handle.PendingError == SocketError.Success ? error : handle.PendingError;
            return count;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
    }

    private static SocketError TakeKnownError(IoHandle handle)
    {
        SocketError error = handle.PendingError;
        handle.PendingError = SocketError.Success;
        return error;
    }
}
