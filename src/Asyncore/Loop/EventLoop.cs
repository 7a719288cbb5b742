using Microsoft.Extensions.Logging;

namespace Asyncore;

/// <summary>
/// One thread that serves many channels: it waits until something happens and calls the channels' handlers. What
/// Python's <c>asyncore</c> calls a map and its <c>loop()</c> are one object here.
/// </summary>
/// <remarks>
/// Any thread may make a loop. The thread inside <see cref="Run"/> or <see cref="RunOnce"/> owns it, its channels and
/// its timers until that returns; others may call <see cref="Post"/> and <see cref="Stop"/> and nothing else. All
/// handlers, timers and posted callbacks run on that thread.
/// </remarks>
public sealed partial class EventLoop : IDisposable
{
    private static readonly Lazy<EventLoop> _default = new(() => new EventLoop());

    private readonly EventLoopOptions _options;
    private readonly ChannelTable _channels = new();
    private readonly ILogger? _logger;
    private int _owner;
    private int _keptAlive;
    private bool _disposed;

    /// <summary>Makes a loop with default settings.</summary>
    public EventLoop()
        : this(new EventLoopOptions())
    {
    }

    /// <summary>Makes a loop.</summary>
    /// <param name="options">Its settings; read once.</param>
    /// <exception cref="PlatformNotSupportedException">The backend asked for by name is not to be had here.</exception>
    public EventLoop(EventLoopOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(options.TimeProvider);
        _options = options;
        _logger = options.LoggerFactory?.CreateLogger("Asyncore");
        Timers = new TimerHeap(options.TimeProvider);
        Segments = new SegmentPool();
        Io = options.Io ?? BackendChoice.Initial(options.Backend);
        _events = new IoEvent[options.MaxEventsPerPass];
        _clockAlarm = options.TimeProvider == TimeProvider.System ? null : new ClockAlarm(options.TimeProvider, WakeUp);
    }

    /// <summary>The process's own loop, which channels join unless they are given another. Python's <c>socket_map</c>.</summary>
    public static EventLoop Default => _default.Value;

    /// <summary>
    /// Told of exceptions from timers and posted callbacks, on the loop's thread. They are logged where nobody
    /// subscribes; the loop goes on either way.
    /// </summary>
    public event Action<Exception>? UnhandledError;

    /// <summary>The open channels, by descriptor number. Closing channels while enumerating is allowed.</summary>
    /// <exception cref="InvalidOperationException">The loop is running on another thread.</exception>
    public IReadOnlyDictionary<int, Dispatcher> Channels
    {
        get
        {
            CheckThread();
            return _channels;
        }
    }

    /// <summary>The backend that runs, never <see cref="IoBackendKind.Auto"/>; reading it makes the choice.</summary>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public IoBackendKind Backend
    {
        get
        {
            CheckThread();
            ObjectDisposedException.ThrowIf(_disposed, this);
            ChooseBackend(usePoll: false);
            return Io.Kind;
        }
    }

    /// <summary>The clock that timers go by.</summary>
    public TimeProvider TimeProvider => _options.TimeProvider;

    internal EventLoopOptions Options => _options;

    /// <summary>Whether some thread is inside <see cref="Run"/> or <see cref="RunOnce"/>.</summary>
    internal bool IsRunning => Volatile.Read(ref _owner) != 0;

    internal IoBackend Io { get; private set; }

    internal TimerHeap Timers { get; }

    internal SegmentPool Segments { get; }

    /// <summary>What its chats look for.</summary>
    internal TerminatorCache Terminators => field ??= new TerminatorCache();

    internal ILogger? Logger => _logger;

    /// <summary>Whether this machine has what a backend needs.</summary>
    /// <param name="kind">Which; <see cref="IoBackendKind.Auto"/> always is.</param>
    public static bool IsSupported(IoBackendKind kind) => BackendChoice.IsSupported(kind);

    /// <summary>
    /// Runs a loop as Python's <c>asyncore.loop</c> does, for programs that come from there; see <see cref="Run"/>.
    /// </summary>
    /// <param name="timeout">Seconds that one pass waits at most.</param>
    /// <param name="usePoll">Use poll(2), if this loop has not chosen its backend yet.</param>
    /// <param name="map">The loop; <see cref="Default"/> where null.</param>
    /// <param name="count">How many passes at most; no limit where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below zero, or the timeout is not one.</exception>
    public static void Loop(double timeout = 30.0, bool usePoll = false, EventLoop? map = null, int? count = null)
    {
        if (double.IsNaN(timeout) || timeout < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "The timeout is in seconds, from zero up.");
        }

        EventLoop loop = map ?? Default;
        loop.CheckThread();
        if (usePoll)
        {
            loop.ChooseBackend(usePoll: true);
        }

        loop.Run(timeout >= TimeSpan.MaxValue.TotalSeconds ? null : TimeSpan.FromSeconds(timeout), count);
    }

    /// <summary>
    /// Serves the loop's channels, timers and posted callbacks until nothing is left, <paramref name="count"/> passes
    /// are done, or <see cref="Stop"/> is called.
    /// </summary>
    /// <param name="timeout">The longest that one pass waits; null waits until something is due.</param>
    /// <param name="count">How many passes at most; no limit where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below zero.</exception>
    /// <exception cref="InvalidOperationException">
    /// The loop runs already: on another thread, or this is one of its own handlers.
    /// </exception>
    /// <exception cref="ExitNowException">A handler threw it.</exception>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public void Run(TimeSpan? timeout = null, int? count = null)
    {
        TimeSpan? wait = ValidateTimeout(timeout);
        if (count < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, "The number of passes is below zero.");
        }

        EnterRun();
        try
        {
            for (int passes = 0; HasWork && passes != count; passes++)
            {
                Pass(wait);
                if (_disposed || IsStopRequested)
                {
                    break;
                }
            }

            TakeStop();
        }
        finally
        {
            LeaveRun();
        }
    }

    /// <summary>One pass: what is due, then what is ready, waiting for it up to the timeout. Python's <c>poll</c>.</summary>
    /// <param name="timeout">The longest to wait; null waits until something is due.</param>
    /// <returns>True while anything is left to serve.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is below zero.</exception>
    /// <exception cref="InvalidOperationException">
    /// The loop runs already: on another thread, or this is one of its own handlers.
    /// </exception>
    /// <exception cref="ExitNowException">A handler threw it.</exception>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public bool RunOnce(TimeSpan? timeout = null)
    {
        TimeSpan? wait = ValidateTimeout(timeout);
        EnterRun();
        try
        {
            Pass(wait);
            TakeStop();
            return HasWork;
        }
        finally
        {
            LeaveRun();
        }
    }

    /// <summary>
    /// Makes <see cref="Run"/> return after the pass in progress; called before it, after one pass. From any thread,
    /// also from a signal handler.
    /// </summary>
    public void Stop() => RequestStop();

    /// <summary>Runs a callback on the loop, in the next pass, in the order of the calls. From any thread.</summary>
    /// <param name="callback">What to run.</param>
    /// <exception cref="ObjectDisposedException">The loop has been disposed: the callback would never run.</exception>
    public void Post(Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        if (!TryPost(callback))
        {
            throw new ObjectDisposedException(nameof(EventLoop));
        }
    }

    /// <summary>Runs a callback once, after a delay.</summary>
    /// <param name="delay">How long from now; zero is the next pass.</param>
    /// <param name="callback">What to run, on the loop's thread.</param>
    /// <exception cref="ArgumentOutOfRangeException">The delay is below zero.</exception>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public TimerHandle CallLater(TimeSpan delay, Action callback) => MakeTimer(delay, callback, repeats: false);

    /// <summary>
    /// Runs a callback again and again. The beat does not drift; what a busy loop missed is left out.
    /// </summary>
    /// <param name="period">The time between calls, and before the first; above zero.</param>
    /// <param name="callback">What to run, on the loop's thread.</param>
    /// <exception cref="ArgumentOutOfRangeException">The period is not above zero.</exception>
    /// <exception cref="ObjectDisposedException">The loop has been disposed.</exception>
    public TimerHandle CallEvery(TimeSpan period, Action callback) => MakeTimer(period, callback, repeats: true);

    /// <summary>Keeps <see cref="Run"/> from returning for want of work, until what it gives back is disposed.</summary>
    /// <returns>Disposed on the loop's thread, or while the loop does not run. Twice is harmless.</returns>
    public IDisposable KeepAlive()
    {
        CheckThread();
        return new Reason(this);
    }

    /// <summary>
    /// Closes every channel and cancels every timer. What channels had taken to send still leaves while the loop is
    /// run. Python's <c>close_all</c>.
    /// </summary>
    /// <param name="ignoreAll">Whether what an overridden <c>Close</c> throws is swallowed.</param>
    /// <exception cref="Exception">
    /// The first that a channel's <c>Close</c> threw, once all are closed, unless <paramref name="ignoreAll"/>.
    /// </exception>
    public void CloseAll(bool ignoreAll = false)
    {
        CheckThread();
        Exception? first = null;
        foreach (Dispatcher channel in _channels.Values.ToArray())
        {
            try
            {
                channel.Close();
            }
            catch (Exception error)
            {
                // Kept for later whatever it is: one that refuses must not keep the others open.
                first = error is ExitNowException || first is null ? error : first;
            }

            channel.CloseForGood();
        }

        Timers.Clear(static timer =>
        {
            if (!timer.IsInternal)
            {
                timer.Cancel();
            }
        });
        if (first is ExitNowException || (first is not null && !ignoreAll))
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(first);
        }
    }

    /// <summary>
    /// Closes everything, as <see cref="CloseAll"/> does, and frees what the loop holds of the system. What cannot
    /// leave at once is dropped. Inside a handler the loop ends after that handler.
    /// </summary>
    public void Dispose()
    {
        CheckThread();
        if (_disposed)
        {
            return;
        }

        CloseAll(ignoreAll: true);
        AbandonLingering();
        RefusePosts();
        _disposed = true;
        _clockAlarm?.Dispose();
        if (_owner == 0)
        {
            Io.Dispose(); // else when the pass that called us ends
        }
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);

    /// <summary>Throws where the loop is another thread's just now.</summary>
    internal void CheckThread()
    {
        int owner = Volatile.Read(ref _owner);
        if (owner != 0 && owner != Environment.CurrentManagedThreadId)
        {
            ThrowWrongThread();
        }
    }

    /// <summary>The first pass, or whoever asks earlier, settles what the loop runs on.</summary>
    internal void ChooseBackend(bool usePoll)
    {
        if (Io is not UnchosenBackend)
        {
            return;
        }

        IoBackend chosen = BackendChoice.Create(_options.Backend, usePoll, out string? instead);
        lock (_gate)
        {
            Io = chosen;
        }

        if (instead is not null)
        {
            _logger?.LogDebug("The event loop does without io_uring: {Reason}.", instead);
        }

        _logger?.LogDebug("The event loop waits by {Backend}.", chosen.Kind);
    }

    private static void ThrowWrongThread() => throw new InvalidOperationException(
        "The event loop is running on another thread, which alone may touch it, its channels and its timers. "
        + "Use Post to run code there.");

    private static TimeSpan? ValidateTimeout(TimeSpan? timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return null;
        }

        if (timeout < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "The timeout is below zero.");
        }

        return timeout;
    }

    private TimerHandle MakeTimer(TimeSpan delay, Action callback, bool repeats, bool isInternal = false)
    {
        ArgumentNullException.ThrowIfNull(callback);
        TimerHandle.Validate(delay, repeats);
        CheckThread();
        ObjectDisposedException.ThrowIf(_disposed, this);
        var timer = new TimerHandle(this, delay, callback, repeats, isInternal);
        Timers.Schedule(timer, delay);
        return timer;
    }

    private void EnterRun()
    {
        int me = Environment.CurrentManagedThreadId;
        int owner = Interlocked.CompareExchange(ref _owner, me, 0);
        if (owner == me)
        {
            throw new InvalidOperationException("The event loop is running: a handler of its own cannot run it again.");
        }

        if (owner != 0)
        {
            ThrowWrongThread();
        }

        if (_disposed)
        {
            Volatile.Write(ref _owner, 0);
            throw new ObjectDisposedException(nameof(EventLoop));
        }
    }

    private void LeaveRun()
    {
        if (_disposed)
        {
            Io.Dispose();
        }
        else
        {
            Io.Leave();
            FinishBatch();
        }

        Volatile.Write(ref _owner, 0);
    }

    private sealed class Reason : IDisposable
    {
        private EventLoop? _loop;

        public Reason(EventLoop loop)
        {
            _loop = loop;
            loop._keptAlive++;
        }

        public void Dispose()
        {
            if (_loop is { } loop)
            {
                loop.CheckThread();
                _loop = null;
                loop._keptAlive--;
            }
        }
    }
}
