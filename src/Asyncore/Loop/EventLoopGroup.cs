using System.Net;
using System.Net.Sockets;

namespace Asyncore;

/// <summary>
/// Several event loops, each on a thread of its own, for programs that need more than one core. The loops share
/// nothing: a channel belongs to one of them and never leaves it by itself.
/// </summary>
/// <remarks>
/// Connections come to the loops in one of two ways. <see cref="Listen"/> gives each loop a listener of its own on the
/// same port, and the system shares connections out: nothing crosses between threads, and it is Linux's alone, for TCP.
/// <see cref="HandOver"/> is for everything else, Unix sockets above all: one loop accepts, and gives each connection to
/// the next loop in turn. A group is born, lives and ends as one: what ends one of its loops, a failure,
/// <see cref="EventLoop.Stop"/> or <see cref="EventLoop.Dispose"/>, stops them all.
/// </remarks>
public sealed class EventLoopGroup : IDisposable
{
    private readonly GroupMember[] _members;
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new(); // for starting and ending; never taken while connections are served
    private Exception? _failure;
    private bool _started;
    private bool _stopping;
    private bool _unused;
    private int _listening;
    private int _running;
    private uint _turn = uint.MaxValue;
    private long _dropped;

    /// <summary>Makes the loops; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="count">How many; 0 is one for each processor that the process may use.</param>
    /// <param name="options">The settings of every one of them; the defaults where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below zero.</exception>
    /// <exception cref="PlatformNotSupportedException">The backend asked for by name is not to be had here.</exception>
    /// <exception cref="SocketException">The system has not enough descriptors for so many loops.</exception>
    public EventLoopGroup(int count = 0, EventLoopOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        _members = new GroupMember[count == 0 ? Environment.ProcessorCount : count];
        _listening = _running = _members.Length;
        try
        {
            for (int i = 0; i < _members.Length; i++)
            {
                _members[i] = new GroupMember(this, i, options ?? new EventLoopOptions());
            }
        }
        catch
        {
            Array.ForEach(_members, static member => member?.Loop.Dispose());
            throw;
        }

        Loops = Array.AsReadOnly(Array.ConvertAll(_members, static member => member.Loop));
    }

    /// <summary>
    /// The loops, always the same ones. While they run, other threads may <see cref="EventLoop.Post"/> to them and
    /// nothing else; they are disposed of when the group has ended.
    /// </summary>
    public IReadOnlyList<EventLoop> Loops { get; }

    /// <summary>
    /// The end of the group: all threads have ended, all loops are closed. It fails with what failed first, an
    /// <see cref="ExitNowException"/> included. <see cref="Join"/> waits for it.
    /// </summary>
    public Task Completion => _completion.Task;

    /// <summary>
    /// Connections that were handed over and closed unserved, because no loop of the group was left to take them. From
    /// any thread.
    /// </summary>
    public long DroppedConnections => Interlocked.Read(ref _dropped);

    /// <summary>
    /// Starts the threads, which run until <see cref="Stop"/> even while there is nothing to do, and builds on each loop
    /// what it begins with. Returns when that is done.
    /// </summary>
    /// <param name="setup">
    /// Called for each loop on that loop's own thread, for one after the other, in the order of <see cref="Loops"/>.
    /// What it throws is the failure of the group.
    /// </param>
    /// <exception cref="InvalidOperationException">The group has been started before.</exception>
    /// <exception cref="OperationCanceledException">The group was stopped, or has failed, before this was done.</exception>
    /// <exception cref="ObjectDisposedException">The group has been disposed before it was started.</exception>
    /// <exception cref="Exception">What <paramref name="setup"/> threw.</exception>
    public void Start(Action<EventLoop>? setup = null)
    {
        StartThreads();
        if (setup is not null)
        {
            Array.ForEach(_members, member => Invoke(member, loop => SetUp(loop, setup)));
        }
    }

    /// <summary>
    /// Makes a listener on every loop, all of them on the same TCP port (SO_REUSEPORT, socket(7)), among which the
    /// system shares connections out by a hash of both addresses: evenly where they are many, and as chance will have it
    /// where they are few. A port that anybody else has, another group too, is refused as in use.
    /// </summary>
    /// <remarks>
    /// The first listener that is made has all connections until the others are there. A connection belongs to one
    /// listener from its handshake on, so closing one listener by itself, while the group runs, resets those that wait
    /// for it in the kernel, unless net.ipv4.tcp_migrate_req is set (Linux 5.14, ip-sysctl). <see cref="Stop"/> lets all
    /// of them accept what waits first.
    /// </remarks>
    /// <param name="address">Where to listen; with port 0 the first listener picks one and the others have the same.</param>
    /// <param name="make">
    /// Makes and returns a channel that listens at the address given to it, in the loop given to it. Called on that
    /// loop's own thread, for one loop after the other; any class of listener will do, as it need not know of this.
    /// </param>
    /// <returns>The listeners, in the order of <see cref="Loops"/>; all have the same <see cref="Dispatcher.Address"/>.</returns>
    /// <exception cref="SocketException">The system refuses one of the listeners; those made before are closed.</exception>
    /// <exception cref="ArgumentException">The address is no IP address: use <see cref="HandOver"/>.</exception>
    /// <exception cref="PlatformNotSupportedException">The system is not Linux: use <see cref="HandOver"/>.</exception>
    /// <exception cref="InvalidOperationException">
    /// The group has not been started; this is one of its own threads; or what was made does not listen there.
    /// </exception>
    /// <exception cref="OperationCanceledException">The group was stopped, or has failed, before this was done.</exception>
    public IReadOnlyList<Dispatcher> Listen(EndPoint address, Func<EndPoint, EventLoop, Dispatcher> make)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(make);
        if (address is not IPEndPoint)
        {
            throw new ArgumentException("Only TCP ports can be shared: accept on one loop and HandOver.", nameof(address));
        }

        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException(
                "Sharing connections out among listeners needs Linux: accept on one loop and HandOver.");
        }

        CheckRunning();
        var made = new List<Dispatcher>(_members.Length);
        try
        {
            foreach (GroupMember member in _members)
            {
                bool first = made.Count == 0;
                EndPoint where = first ? address : made[0].Address!;
                made.Add(Invoke(member, loop => MakeListener(loop, where, make, first)));
            }
        }
        catch
        {
            CloseAll(made);
            throw;
        }

        return made;
    }

    /// <summary>
    /// Gives a connection to the next loop in turn, which serves it on its own thread as a posted callback. Call it in
    /// <see cref="Dispatcher.HandleAccepted(AcceptedChannel)"/>; the listener's loop may be one of the group, which then
    /// has its turn as well, or any other. One that comes when the group is ending is closed and counted in
    /// <see cref="DroppedConnections"/>.
    /// </summary>
    /// <param name="accepted">The connection, which is taken.</param>
    /// <param name="serve">
    /// Makes a channel for the connection, which it gets as one that its own loop has accepted; it is closed if nobody
    /// takes it. What this throws goes to <see cref="EventLoop.UnhandledError"/> of that loop.
    /// </param>
    /// <exception cref="InvalidOperationException">
    /// The connection has been taken or closed, or its listener's loop is running on another thread.
    /// </exception>
    public void HandOver(AcceptedChannel accepted, Action<AcceptedChannel> serve)
    {
        ArgumentNullException.ThrowIfNull(accepted);
        ArgumentNullException.ThrowIfNull(serve);
        accepted.Loop.CheckThread();
        var moving = new HandedOver(accepted.Take(), accepted.NoDelay, serve);
        for (int tries = _members.Length; tries > 0; tries--)
        {
            if (_members[Interlocked.Increment(ref _turn) % (uint)_members.Length].TryTake(moving))
            {
                return;
            }
        }

        CountDropped(1);
        accepted.Loop.Io.Close(moving.Handle, abort: false);
    }

    /// <summary>
    /// Ends the group, from any thread, a handler of its own or a signal handler; returns at once. First every loop
    /// accepts what waits for its listeners and closes them, so that no loop ends while new clients are still given to
    /// it; then the loops serve what has been handed over to them, and end as by <see cref="EventLoop.Dispose"/>: what
    /// cannot be sent at once is dropped. A loop whose handler does not return keeps the group from ending.
    /// </summary>
    /// <remarks>Called before <see cref="Start"/>, it makes that throw.</remarks>
    public void Stop()
    {
        lock (_gate)
        {
            if (_stopping || !_started)
            {
                _stopping = true;
                return;
            }

            _stopping = true;
        }

        Array.ForEach(_members, static member => member.BeginStop());
    }

    /// <summary>Waits for the end of the group.</summary>
    /// <exception cref="InvalidOperationException">
    /// The group has not been started, or this is one of its own threads, which would wait for itself.
    /// </exception>
    /// <exception cref="Exception">What failed first, an <see cref="ExitNowException"/> included.</exception>
    public void Join()
    {
        CheckRunning();
        Completion.GetAwaiter().GetResult();
    }

    /// <summary>
    /// Stops the group and waits for its end; what had failed is told by <see cref="Join"/> alone. In a handler of the
    /// group's own it only stops it. Twice is harmless.
    /// </summary>
    public void Dispose()
    {
        bool unused;
        lock (_gate)
        {
            unused = !_started;
            _started = true;
            _unused |= unused;
        }

        Stop();
        if (unused)
        {
            Array.ForEach(_members, static member => member.End());
        }
        else if (!IsInside)
        {
            Task.WaitAny(Completion);
        }
    }

    /// <summary>The first failure is the one to tell, and the end of all.</summary>
    internal void Fail(Exception error)
    {
        Interlocked.CompareExchange(ref _failure, error, null);
        Stop();
    }

    internal void CountDropped(int connections) => Interlocked.Add(ref _dropped, connections);

    /// <summary>A loop has no listeners any more. When none has any, what was handed over is served, then they stop.</summary>
    internal void ListenersClosed()
    {
        if (Interlocked.Decrement(ref _listening) == 0)
        {
            Array.ForEach(_members, static member => member.Loop.TryPost(member.Loop.Stop));
        }
    }

    internal void MemberEnded()
    {
        if (Interlocked.Decrement(ref _running) > 0)
        {
            return;
        }

        if (_failure is null)
        {
            _completion.SetResult();
        }
        else
        {
            _completion.SetException(_failure);
            _ = _completion.Task.Exception; // seen: nobody has to wait for the end
        }
    }

    private bool IsInside => Array.Exists(_members, static member => member.IsCurrent);

    private void StartThreads()
    {
        lock (_gate)
        {
            if (_started)
            {
                ObjectDisposedException.ThrowIf(_unused, this);
                throw new InvalidOperationException("The group has been started already.");
            }

            if (_stopping)
            {
                throw Canceled();
            }

            _started = true;
        }

        for (int i = 0; i < _members.Length; i++)
        {
            try
            {
                _members[i].Start();
            }
            catch (Exception error)
            {
                Fail(error); // no thread to be had
                Array.ForEach(_members[i..], static member => member.End());
                throw;
            }
        }
    }

    private void CheckRunning()
    {
        if (!Volatile.Read(ref _started))
        {
            throw new InvalidOperationException("The group has not been started.");
        }

        if (IsInside)
        {
            throw new InvalidOperationException("A loop of the group cannot wait for the others.");
        }
    }

    private OperationCanceledException Canceled() =>
        new(_failure is null ? "The group has been stopped." : "A loop of the group has failed.", _failure);

    // Runs something on a loop's own thread, and waits for it, or for the end of the group.
    private T Invoke<T>(GroupMember member, Func<EventLoop, T> call)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        bool posted = member.Loop.TryPost(() =>
        {
            try
            {
                done.SetResult(call(member.Loop));
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        if (posted)
        {
            Task.WaitAny(done.Task, Completion);
        }

        return done.Task.IsCompleted ? done.Task.GetAwaiter().GetResult() : throw Canceled();
    }

    private bool SetUp(EventLoop loop, Action<EventLoop> setup)
    {
        try
        {
            setup(loop);
            return true;
        }
        catch (Exception error)
        {
            Fail(error);
            throw;
        }
    }

    private Dispatcher MakeListener(
        EventLoop loop, EndPoint address, Func<EndPoint, EventLoop, Dispatcher> make, bool first)
    {
        if (Volatile.Read(ref _stopping))
        {
            throw Canceled(); // the listeners of this loop have been closed already
        }

        Dispatcher? made = null;
        loop.PortSharing = first ? PortSharing.First : PortSharing.Further;
        try
        {
            made = make(address, loop);
        }
        finally
        {
            loop.PortSharing = PortSharing.None;
        }

        if (made is { Accepting: true } && made.Loop == loop && (first || address.Equals(made.Address)))
        {
            return made;
        }

        if (made?.Loop == loop)
        {
            made.Close();
        }

        throw new InvalidOperationException($"What was made does not listen at {address} in the loop it was made for.");
    }

    private void CloseAll(List<Dispatcher> listeners)
    {
        for (int i = 0; i < listeners.Count; i++)
        {
            Dispatcher listener = listeners[i];
            try
            {
                Invoke(_members[i], _ =>
                {
                    listener.Close();
                    return true;
                });
            }
            catch (OperationCanceledException)
            {
                return; // the end of the group closes them
            }
        }
    }
}
