using System.Net;
using System.Net.Sockets;

namespace Asyncore;

// Making sockets, giving them addresses, and joining and leaving loops.
public partial class Dispatcher
{
    private const int DefaultBacklog = 1024;

    private bool _noDelay = true;
    private bool _dualMode;

    /// <summary>
    /// Whether small packets are sent at once rather than gathered by the kernel (TCP_NODELAY, tcp(7)); true unless
    /// switched off. The loop itself puts the sends of one pass together.
    /// </summary>
    /// <exception cref="SocketException">The system refuses.</exception>
    public bool NoDelay
    {
        get => _noDelay;
        set
        {
            CheckOpen();
            _noDelay = value;
            if (_handle.IsOpen && IsTcp(_handle))
            {
                Check(_loop.Io.SetNoDelay(_handle, value));
            }
        }
    }

    /// <summary>
    /// Whether an IPv6 socket speaks IPv4 as well (IPV6_V6ONLY off, ipv6(7)); false at first, on every system. Set it
    /// before <see cref="Bind(EndPoint)"/> or <see cref="Connect(EndPoint)"/>.
    /// </summary>
    /// <exception cref="SocketException">The system refuses: the socket is bound already.</exception>
    public bool DualMode
    {
        get => _dualMode;
        set
        {
            CheckOpen();
            _dualMode = value;
            if (_handle.IsOpen && _handle.Family == AddressFamily.InterNetworkV6)
            {
                Check(_loop.Io.SetDualMode(_handle, value));
            }
        }
    }

    /// <summary>Makes a socket for the channel: non-blocking, close-on-exec, and with <see cref="NoDelay"/> where it is TCP.</summary>
    /// <param name="family">IPv4, IPv6 or Unix.</param>
    /// <param name="type">Stream or datagram.</param>
    /// <exception cref="SocketException">The system has none to give, or knows no such family or type.</exception>
    /// <exception cref="InvalidOperationException">The channel's socket is in use.</exception>
    /// <exception cref="ObjectDisposedException">The channel has been closed.</exception>
    public void CreateSocket(
        AddressFamily family = AddressFamily.InterNetwork, SocketType type = SocketType.Stream)
    {
        CheckOpen();
        _loop.ThrowIfDisposed();
        DropUnusedSocket();
        IoHandle made = _loop.Io.Open(family, type);
        if (IsTcp(made) && _noDelay)
        {
            _loop.Io.SetNoDelay(made, true);
        }

        if (family == AddressFamily.InterNetworkV6)
        {
            _loop.Io.SetDualMode(made, _dualMode);
        }

        _handle = made;
        if (!_loop.LeavesEnough(made))
        {
            _loop.BeginShortage(SocketError.TooManyOpenSockets, andSpare: false);
        }

        Join();
    }

    /// <summary>Gives the channel a socket that exists already, and puts it into the loop.</summary>
    /// <param name="socket">The socket, which belongs to the channel from here on; it is made non-blocking.</param>
    /// <exception cref="InvalidOperationException">The channel's socket is in use.</exception>
    /// <exception cref="ObjectDisposedException">The channel or the socket has been closed.</exception>
    public void SetSocket(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        CheckOpen();
        ObjectDisposedException.ThrowIf(socket.SafeHandle.IsClosed, socket);
        DropUnusedSocket();
        _handle = _loop.Io.Adopt(socket);
        if (IsTcp(_handle) && _noDelay)
        {
            _loop.Io.SetNoDelay(_handle, true); // refused where the peer has gone already, which is told by reading
        }

        SocketCondition condition = socket.Connected ? SocketCondition.Connected : _loop.Io.Examine(_handle);
        Set(State.Connected, condition == SocketCondition.Connected);
        Set(State.Accepting, condition == SocketCondition.Listening);
        _address = condition switch
        {
            SocketCondition.Connected => _loop.Io.RemoteAddress(_handle),
            SocketCondition.Listening => _loop.Io.LocalAddress(_handle),
            _ => null,
        };
        if (_handle.Kind == IoHandleKind.Datagram && condition == SocketCondition.Fresh)
        {
            Set(State.Bound, socket.IsBound);
        }

        Join();
    }

    /// <summary>
    /// Puts the channel into a loop, with what it had received and not read. A new channel with a socket is in one
    /// already; one that <see cref="DelChannel"/> took out can join again, or join another.
    /// </summary>
    /// <param name="loop">The loop; the one it was in last where null.</param>
    /// <exception cref="InvalidOperationException">
    /// The channel has no socket, or a simulated one that is not of the loop's network.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The channel or the loop has been closed.</exception>
    public void AddChannel(EventLoop? loop = null)
    {
        CheckOpen();
        if (!_handle.IsOpen)
        {
            throw new InvalidOperationException("The channel has no socket to add to a loop: call CreateSocket first.");
        }

        if (loop is not null && loop != _loop)
        {
            MoveTo(loop);
        }

        Join();
    }

    // Where that cannot be, the channel stays as it was.
    private void MoveTo(EventLoop loop)
    {
        loop.CheckThread();
        loop.ThrowIfDisposed();
        loop.CheckNetwork(_handle, _loop);
        bool wasRegistered = Has(State.Registered);
        Leave();
        _loop.Unmark(this);
        try
        {
            MoveOutput(loop);
        }
        catch (OutOfMemoryException) when (wasRegistered)
        {
            Join();
            throw;
        }

        _loop = loop;
        loop.Io.Adopt(_handle);
    }

    /// <summary>
    /// Takes the channel out of its loop without closing it; no handler runs until <see cref="AddChannel"/>. Nothing
    /// received is lost: <see cref="Recv(Span{byte})"/> goes on giving it.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The channel has been closed.</exception>
    public void DelChannel()
    {
        CheckOpen();
        if (Has(State.Registered))
        {
            FlushOutput();
            Leave();
        }
    }

    /// <summary>
    /// Lets the address be bound again soon after its last owner has closed (SO_REUSEADDR, socket(7), and nothing
    /// else: two listeners still cannot share a port).
    /// </summary>
    /// <exception cref="InvalidOperationException">The channel has no socket.</exception>
    /// <exception cref="SocketException">The system refuses.</exception>
    public void SetReuseAddr()
    {
        CheckSocket();
        Check(_loop.Io.SetReuseAddress(_handle));
    }

    /// <summary>Binds the socket to a local address; <see cref="Address"/> then tells the port that was given.</summary>
    /// <param name="address">The address; port 0 picks a free one.</param>
    /// <exception cref="SocketException">
    /// The system refuses; <see cref="SocketError.AddressAlreadyInUse"/> where somebody listens there.
    /// </exception>
    /// <exception cref="InvalidOperationException">The channel has no socket.</exception>
    public void Bind(EndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        CheckSocket();
        if (_loop.PortSharing == PortSharing.Further && IsTcp(_handle))
        {
            Check(_loop.Io.SetReusePort(_handle));
        }

        Check(_loop.Io.Bind(_handle, address));
        _address = _loop.Io.LocalAddress(_handle) ?? address;
        Set(State.Bound, true);
        if (address is UnixDomainSocketEndPoint && address.ToString() is [not '@', ..] path)
        {
            UnixPath = path; // ours to remove; a name that starts with @ is abstract and leaves nothing behind
        }

        _loop.MarkChanged(this);
    }

    /// <summary>Binds the socket to a port of a host of this machine.</summary>
    /// <param name="host">
    /// An address, a name, which is resolved at once and in place, or <c>""</c> for every address.
    /// </param>
    /// <param name="port">The port; 0 picks a free one.</param>
    /// <exception cref="SocketException">The name is unknown, or the system refuses.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The port is not from 0 to 65535.</exception>
    /// <exception cref="InvalidOperationException">The channel has no socket.</exception>
    public void Bind(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        CheckPort(port);
        CheckSocket();
        Bind(new IPEndPoint(FindLocal(host), port));
    }

    /// <summary>Makes the channel a listener, served by <see cref="HandleAccept"/>.</summary>
    /// <param name="backlog">How many connections may wait to be accepted; the system has a limit of its own.</param>
    /// <exception cref="SocketException">The system refuses.</exception>
    /// <exception cref="InvalidOperationException">The channel has no socket, or it is connected.</exception>
    public void Listen(int backlog = DefaultBacklog)
    {
        CheckSocket();
        ArgumentOutOfRangeException.ThrowIfNegative(backlog);
        if (Has(State.Connected | State.Connecting))
        {
            throw new InvalidOperationException("A channel that is connected or connecting cannot listen.");
        }

        AcceptPath.Load(GetType());
        if (_loop.Io.HasDescriptors)
        {
            DescriptorReserve.Prepare();
        }

        Check(_loop.Io.Listen(_handle, backlog));
        if (_loop.PortSharing == PortSharing.First && IsTcp(_handle))
        {
            Check(_loop.Io.SetReusePort(_handle));
        }

        Set(State.Accepting, true);
        _address ??= _loop.Io.LocalAddress(_handle);
        _loop.MarkChanged(this);
    }

    /// <summary>
    /// Ends a listener without losing anybody: connections that wait in the system's queue are accepted first, a queue's
    /// length of them at most. Then as <see cref="Close"/>, which would have them reset.
    /// </summary>
    /// <exception cref="InvalidOperationException">The channel is no listener.</exception>
    /// <exception cref="ObjectDisposedException">The channel has been closed.</exception>
    public void StopListening()
    {
        CheckOpen();
        if (!Has(State.Accepting))
        {
            throw new InvalidOperationException("Only a listening channel can stop to listen.");
        }

        EndListening(accept: true);
    }

    private protected void AdoptFile(IoHandle handle, bool restoreBlocking)
    {
        _handle = handle;
        _handle.RestoreBlocking = restoreBlocking;
        Set(State.Connected, true);
        Join();
    }

    private static bool IsTcp(IoHandle handle) => handle.Kind == IoHandleKind.Stream
        && handle.Family is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6;

    private static void CheckPort(int port)
    {
        if (port is < IPEndPoint.MinPort or > IPEndPoint.MaxPort)
        {
            throw new ArgumentOutOfRangeException(nameof(port), port, "A port is from 0 to 65535.");
        }
    }

    private void CheckSocket()
    {
        CheckOpen();
        if (!_handle.IsOpen)
        {
            throw new InvalidOperationException("The channel has no socket: call CreateSocket first.");
        }
    }

    private IPAddress FindLocal(string host)
    {
        bool six = _handle.Family == AddressFamily.InterNetworkV6;
        if (host.Length == 0)
        {
            return six ? IPAddress.IPv6Any : IPAddress.Any;
        }

        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            return literal;
        }

        if (host.Length > 253)
        {
            throw new SocketException((int)SocketError.HostNotFound); // RFC 1035, section 2.3.4
        }

        return Array.Find(_loop.Io.ResolveNow(host, _handle.Family), found => found.AddressFamily == _handle.Family)
            ?? throw new SocketException((int)SocketError.HostNotFound);
    }

    // A socket that nothing has been done with may be replaced, as programs do that try another address.
    private void DropUnusedSocket()
    {
        if (!_handle.IsOpen)
        {
            return;
        }

        if (!_handle.IsLost && Has(State.Connected | State.Connecting | State.Accepting))
        {
            throw new InvalidOperationException("The channel's socket is in use: close the channel, or make another.");
        }

        Leave();
        _loop.Io.Close(_handle, abort: false);
        _handle = _noHandle;
        _address = null;
        _state &= ~(State.Connected | State.Connecting | State.Accepting | State.Bound | State.Parked
            | State.SendBlocked | State.Lost);
    }

    private void Join()
    {
        if (!Has(State.Registered))
        {
            _loop.Register(this);
            Set(State.Registered, true);
            _loop.MarkChanged(this);
            if (_out is not null || Has(State.MoreOutput))
            {
                _loop.MarkUnflushed(this);
            }

            if (Has(State.ConnectFailed | State.Lost | State.SendDead
                | State.HighWaterDue | State.LowWaterDue | State.NewsDue))
            {
                _loop.MarkPending(this);
            }

            if (_handle.HasHeld)
            {
                _loop.AddHolding(this);
            }

            LogDebug("adding channel");
        }
    }

    private void Leave()
    {
        if (Has(State.Registered))
        {
            WithdrawSend();
            _loop.Forget(this);
            _loop.Io.SetInterest(_handle, IoEvents.None);
            _loop.ReleaseSlot(this);
            Set(State.Registered | State.Starved, false);
        }
    }

    private void LogDebug(string what)
    {
        if (Debug)
        {
            LogSafely($"{what} {Describe()}", "debug");
        }
    }

    // A log that fails must not keep a channel from closing, nor a loop from going on.
    private void LogSafely(string what, string type)
    {
        try
        {
            LogInfo(what, type);
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            _loop.LogError(what, error);
        }
    }
}
