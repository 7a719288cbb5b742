using System.Net;
using System.Net.Sockets;

namespace Asyncore;

/// <summary>
/// A socket in an event loop. Derive from it, override the handlers for what you want to be told of
/// (<see cref="HandleRead"/>, <see cref="HandleWrite"/>, <see cref="HandleConnect"/>, <see cref="HandleClose"/>, …),
/// and run the loop. Python's <c>asyncore.dispatcher</c>.
/// </summary>
/// <remarks>
/// Every handler runs on the loop's thread, never inside <see cref="Connect(EndPoint)"/>, <see cref="Send"/> or a
/// constructor; <see cref="Recv(Span{byte})"/> alone calls <see cref="HandleClose"/> when it meets the end. While the
/// loop runs, members throw <see cref="InvalidOperationException"/> on any other thread.
/// </remarks>
public partial class Dispatcher : IDisposable
{
    private const int DefaultSendBound = 256 * 1024;

    private static readonly TimeSpan _defaultCloseTimeout = TimeSpan.FromSeconds(30);
    private static readonly string[] _ignoredAtFirst = ["warning"];

    private readonly ChannelTraits _traits;
    private EventLoop _loop;
    private IoHandle _handle;
    private State _state;
    private EndPoint? _address;

    /// <summary>Makes a channel, with a socket that exists already or without one.</summary>
    /// <param name="socket">
    /// The socket, which belongs to the channel from here on; null to make one with <see cref="CreateSocket"/>. A
    /// connected one is <see cref="Connected"/> at once; one whose peer has gone is read to its end and then closed.
    /// </param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="ObjectDisposedException">The socket or the loop has been disposed.</exception>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public Dispatcher(Socket? socket = null, EventLoop? loop = null)
        : this(loop)
    {
        if (socket is not null)
        {
            SetSocket(socket);
        }
    }

    /// <summary>Makes a channel for a connection that a listener has accepted.</summary>
    /// <param name="accepted">The connection, which belongs to the channel from here on.</param>
    /// <param name="loop">The loop to join; the listener's where null.</param>
    /// <exception cref="InvalidOperationException">
    /// Somebody else has taken the connection, or it is simulated and not of the loop's network.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public Dispatcher(AcceptedChannel accepted, EventLoop? loop = null)
        : this(loop ?? (accepted ?? throw new ArgumentNullException(nameof(accepted))).Loop)
    {
        ArgumentNullException.ThrowIfNull(accepted);
        _loop.CheckNetwork(accepted.Handle, accepted.Loop);
        _loop.ThrowIfDisposed(); // before it is taken: nobody else would close it
        _handle = accepted.Take();
        if (_loop != accepted.Loop)
        {
            _loop.Io.Adopt(_handle);
        }

        _noDelay = accepted.NoDelay;
        _state |= State.Connected;
        Join();
    }

    private protected Dispatcher(EventLoop? loop)
    {
        _loop = loop ?? EventLoop.Default;
        _loop.CheckThread();
        _traits = ChannelTraits.Of(this);
        _handle = _noHandle;
    }

    [Flags]
    private enum State
    {
        None = 0,
        Connected = 1 << 0,
        Connecting = 1 << 1,
        Accepting = 1 << 2,
        Closed = 1 << 3,

        /// <summary>HandleClose has been called, or is being.</summary>
        CloseTold = 1 << 4,

        /// <summary>The end of what the peer sends has been read.</summary>
        EndRead = 1 << 5,

        /// <summary>PauseReading was called last.</summary>
        Paused = 1 << 6,

        /// <summary>Bound, and so able to receive where it is a datagram socket.</summary>
        Bound = 1 << 7,

        /// <summary>The kernel takes no more for the moment.</summary>
        SendBlocked = 1 << 8,

        /// <summary>ShutdownSend was called: nothing more is taken.</summary>
        ShutdownAsked = 1 << 9,
        ShutdownDone = 1 << 10,

        /// <summary>Sending has failed: the peer is gone, though what it sent may be there to read.</summary>
        SendDead = 1 << 11,

        /// <summary>Out of the poller because a hang-up would be reported without end while nobody reads.</summary>
        Parked = 1 << 12,

        /// <summary>Inside HandleConnect, where Send takes.</summary>
        InHandleConnect = 1 << 13,

        /// <summary>A failed connect, or the loss of the descriptor, waits to be told.</summary>
        ConnectFailed = 1 << 14,
        Lost = 1 << 15,

        /// <summary>A listener without descriptors to accept with.</summary>
        Starved = 1 << 16,
        StarvedTold = 1 << 17,

        /// <summary>Registered in the loop.</summary>
        Registered = 1 << 18,
        HighWaterDue = 1 << 20,
        LowWaterDue = 1 << 21,

        /// <summary>HandleWrite is to be called when there is room.</summary>
        WantsHandleWrite = 1 << 22,

        /// <summary>Abort was called: the close is a reset, and nothing waits to leave.</summary>
        Aborting = 1 << 23,

        /// <summary>A derived class has more to send once what is queued has left.</summary>
        MoreOutput = 1 << 24,

        /// <summary>Closed for good: our end is sent, and input is thrown away until the peer's.</summary>
        Draining = 1 << 25,

        /// <summary>A derived class has something to tell.</summary>
        NewsDue = 1 << 26,

        /// <summary>The front of the queue is in the backend's batch of sends.</summary>
        SendBatched = 1 << 28,

        /// <summary>A derived class has received what it has not delivered yet: nothing more is read until it has.</summary>
        HoldsInput = 1 << 27,
    }

    private static readonly IoHandle _noHandle = new();

    /// <summary>Whether there is a connection; false inside <see cref="HandleConnect"/>, false for listeners.</summary>
    public bool Connected => Has(State.Connected);

    /// <summary>Whether a connect is in progress, name resolution included.</summary>
    public bool Connecting => Has(State.Connecting);

    /// <summary>Whether this is an open listener.</summary>
    public bool Accepting => Has(State.Accepting);

    /// <summary>
    /// A listener's own address, with the port that it was given; a connection's peer; null where there is neither.
    /// </summary>
    public EndPoint? Address => _address ??= _loop.Io.AcceptedFrom(_handle);

    /// <summary>The address at this end, asked of the system each time; null where there is no socket.</summary>
    public EndPoint? LocalAddress => Has(State.Closed) || !_handle.IsOpen ? null : _loop.Io.LocalAddress(_handle);

    /// <summary>
    /// Bytes that the system has taken from us and the peer's has not acknowledged yet, the end of the stream counting as
    /// one (SIOCOUTQ, tcp(7)); 0 where nobody can tell. What <see cref="Send"/> has queued here does not count.
    /// </summary>
    public int UnacknowledgedBytes =>
        Has(State.Closed) || !_handle.IsOpen || _handle.Kind != IoHandleKind.Stream ? 0 : _loop.Io.Unacknowledged(_handle);

    /// <summary>Whether the library logs the channel's coming and going, as type <c>debug</c>.</summary>
    public bool Debug { get; set; }

    /// <summary>The types that <see cref="LogInfo"/> leaves out; at first <c>warning</c> alone.</summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public IReadOnlyCollection<string> IgnoreLogTypes
    {
        get => _rare?.IgnoreLogTypes ?? _ignoredAtFirst;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _loop.CheckThread();
            Rarely.IgnoreLogTypes = value;
            _loop.MarkChanged(this);
        }
    }

    /// <summary>The loop this channel belongs to.</summary>
    public EventLoop Loop => _loop;

    /// <summary>The system's number of the descriptor; −1 where there is none, and after close.</summary>
    public int FileDescriptor => Has(State.Closed) ? -1 : _handle.Fd;

    /// <summary>
    /// The socket as an object of the .NET library, made when first asked for; null where there is none. It belongs to
    /// the channel: options and addresses may be used, I/O through it is undefined while the channel is registered.
    /// </summary>
    /// <exception cref="NotSupportedException">
    /// The channel is on a simulated network; accept with <see cref="HandleAccepted(AcceptedChannel)"/> there.
    /// </exception>
    public Socket? Socket
    {
        get
        {
            if (Has(State.Closed) || !_handle.IsOpen || !_handle.IsSocket)
            {
                return null;
            }

            if (_handle.Socket is null)
            {
                _loop.CheckThread();
                _loop.Io.GetSocket(_handle);
                if (Has(State.Registered))
                {
                    _loop.WatchForeign(this);
                }
            }

            return _handle.Socket;
        }
    }

    /// <summary>Why the channel closed: the error, or null for an orderly end. Set before <see cref="HandleClose"/>.</summary>
    public Exception? CloseReason
    {
        get => _rare?.CloseReason;
        private protected set
        {
            if (value != CloseReason)
            {
                Rarely.CloseReason = value;
            }
        }
    }

    /// <summary>
    /// How long bytes that <see cref="Send"/> took may keep the descriptor after <see cref="Close"/>; 30 seconds at first.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below zero.</exception>
    public TimeSpan CloseTimeout
    {
        get => _rare?.CloseTimeout ?? _defaultCloseTimeout;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            Rarely.CloseTimeout = value;
        }
    }

    /// <summary>
    /// Whether the peer may end its sending side alone: then <see cref="HandleEndOfStream"/> is called and the channel
    /// stays open for sending. False at first: the end of the stream closes.
    /// </summary>
    public bool AllowHalfOpen { get; set; }

    internal ChannelTraits Traits => _traits;

    internal IoHandle Handle => _handle;

    internal bool IsRegistered => Has(State.Registered);

    internal bool IsMarkedChanged { get; set; }

    internal bool IsMarkedUnflushed { get; set; }

    internal bool IsMarkedPending { get; set; }

    internal bool IsAlwaysReady { get; set; }

    internal int PolledIndex = -1;

    internal int ForeignIndex = -1;

    /// <summary>Closes the channel; see <see cref="Close"/>.</summary>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>The type, <c>listening</c> or <c>connected</c>, and the address.</summary>
    public override string ToString()
    {
        string status = Accepting ? " listening" : Connected ? " connected" : string.Empty;
        EndPoint? address = Address;
        return address is null ? $"<{GetType().FullName}{status}>" : $"<{GetType().FullName}{status} {address}>";
    }

    /// <summary>Whether the channel has been closed; its handlers are not called any more.</summary>
    private protected bool IsClosed => Has(State.Closed);

    /// <summary>
    /// What decides whether a class may go on delivering what it has received: closed, paused, in a loop. Compared as
    /// one, as it is asked for every item.
    /// </summary>
    private protected int DeliveryState => (int)(_state & (State.Closed | State.Paused | State.Registered));

    private bool Has(State state) => (_state & state) != 0;

    private void Set(State state, bool on) => _state = on ? _state | state : _state & ~state;

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(Has(State.Closed), this);

    private void CheckOpen()
    {
        _loop.CheckThread();
        ThrowIfClosed();
    }

    private void Check(int result)
    {
        if (result < 0)
        {
            throw Errno.ToException(result);
        }
    }
}
