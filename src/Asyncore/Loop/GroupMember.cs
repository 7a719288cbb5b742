namespace Asyncore;

/// <summary>One loop of an <see cref="EventLoopGroup"/>, its thread, and the connections on their way to it.</summary>
internal sealed class GroupMember
{
    private readonly EventLoopGroup _group;
    private readonly Thread _thread;
    private readonly Action _serveNext;
    private readonly Lock _gate = new();
    private readonly Queue<HandedOver> _arriving = new();
    private bool _ended;
    private bool _listenersClosed;

    public GroupMember(EventLoopGroup group, int number, EventLoopOptions options)
    {
        _group = group;
        _serveNext = ServeNext;
        _thread = new Thread(Run) { Name = $"Asyncore loop {number}", IsBackground = true };
        Loop = new EventLoop(options);
        try
        {
            _ = Loop.Backend; // what cannot be had is told before there are threads, which need descriptors too
        }
        catch
        {
            Loop.Dispose();
            throw;
        }
    }

    public EventLoop Loop { get; }

    public bool IsCurrent => Thread.CurrentThread == _thread;

    public void Start() => _thread.Start();

    /// <summary>Takes a connection over, from any thread.</summary>
    /// <returns>False where the loop has ended.</returns>
    public bool TryTake(HandedOver connection)
    {
        lock (_gate)
        {
            if (_ended)
            {
                return false;
            }

            _arriving.Enqueue(connection);
        }

        Loop.TryPost(_serveNext); // a loop that refuses is about to end, which finds the connection
        return true;
    }

    /// <summary>Has the loop close its listeners; a loop that has ended by itself has, or does it now.</summary>
    public void BeginStop() => Loop.TryPost(() => CloseListeners(accept: true));

    /// <summary>Closes the loop and all that was meant for it; on its own thread, or where that never ran.</summary>
    public void End()
    {
        Guarded(() => CloseListeners(accept: false));
        DropArriving();
        if (!Guarded(Loop.Dispose))
        {
            Loop.Dispose(); // what has thrown is closed, and nothing is left but the loop itself
        }

        _group.MemberEnded();
    }

    private void Run()
    {
        Guarded(() =>
        {
            using IDisposable reason = Loop.KeepAlive();
            Loop.Run();
        });
        _group.Stop(); // the end of one is the end of all
        End();
    }

    // An exception that came out of here would end the process.
    private bool Guarded(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception error)
        {
            _group.Fail(error);
            return false;
        }
    }

    private void CloseListeners(bool accept)
    {
        if (_listenersClosed)
        {
            return;
        }

        _listenersClosed = true;
        try
        {
            foreach (Dispatcher listener in Loop.Channels.Values.Where(static channel => channel.Accepting).ToArray())
            {
                listener.EndListening(accept);
            }
        }
        finally
        {
            _group.ListenersClosed(); // the others wait for it
        }
    }

    private void ServeNext()
    {
        HandedOver connection;
        lock (_gate)
        {
            connection = _arriving.Dequeue(); // there is one for each time that this is posted
        }

        AcceptedChannel accepted = connection.JoinLoop(Loop);
        try
        {
            connection.Serve(accepted);
        }
        finally
        {
            accepted.Close(); // unless somebody has taken it
        }
    }

    private void DropArriving()
    {
        HandedOver[] left;
        lock (_gate)
        {
            _ended = true;
            left = [.. _arriving];
            _arriving.Clear();
        }

        foreach (HandedOver connection in left)
        {
            connection.JoinLoop(Loop).Close();
        }

        _group.CountDropped(left.Length);
    }
}

/// <summary>A connection between two loops, and what the second does with it.</summary>
internal sealed record HandedOver(IoHandle Handle, bool NoDelay, Action<AcceptedChannel> Serve)
{
    public AcceptedChannel JoinLoop(EventLoop loop)
    {
        loop.Io.Adopt(Handle);
        return new AcceptedChannel(loop, Handle, NoDelay);
    }
}
