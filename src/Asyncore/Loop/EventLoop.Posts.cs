namespace Asyncore;

// What other threads may do: post and stop. One lock, never held while anything of the user's runs.
public sealed partial class EventLoop
{
    private readonly Lock _gate = new();
    private Queue<Action> _posted = new();
    private Queue<Action> _running = new();
    private bool _sleeping;
    private bool _woken;
    private bool _stopRequested;
    private bool _refusesPosts;

    private bool HasPosts => _running.Count > 0 || Volatile.Read(ref _posted).Count > 0;

    private bool IsStopRequested => Volatile.Read(ref _stopRequested);

    private bool WasWoken => Volatile.Read(ref _woken);

    /// <summary>As <see cref="Post"/>, for results that nobody waits for once the loop is gone.</summary>
    internal bool TryPost(Action callback)
    {
        lock (_gate)
        {
            if (_refusesPosts)
            {
                return false;
            }

            _posted.Enqueue(callback);
            WakeLocked();
            return true;
        }
    }

    private void RequestStop()
    {
        lock (_gate)
        {
            if (!_refusesPosts)
            {
                Volatile.Write(ref _stopRequested, true);
                WakeLocked();
            }
        }
    }

    private void WakeUp()
    {
        lock (_gate)
        {
            if (!_refusesPosts)
            {
                WakeLocked();
            }
        }
    }

    // Many posts make one wake-up, and none where the loop is awake: it looks before it sleeps.
    private void WakeLocked()
    {
        if (!_woken)
        {
            _woken = true;
            if (_sleeping)
            {
                Io.Wake();
            }
        }
    }

    private void TakeStop() => Volatile.Write(ref _stopRequested, false);

    private void RefusePosts()
    {
        lock (_gate)
        {
            _refusesPosts = true;
            _posted.Clear();
        }

        _running.Clear();
    }

    // What is posted from here on belongs to the next pass.
    private void BeginPosts()
    {
        lock (_gate)
        {
            _woken = false;
            if (_running.Count == 0)
            {
                (_running, _posted) = (_posted, _running);
                return;
            }

            // The last pass met its limit. What it left goes first.
            while (_posted.TryDequeue(out Action? callback))
            {
                _running.Enqueue(callback);
            }
        }
    }

    private Action? TakePost() => _running.TryDequeue(out Action? callback) ? callback : null;

    /// <returns>False where there is a reason not to wait.</returns>
    private bool BeginSleep()
    {
        lock (_gate)
        {
            if (_woken || _stopRequested || _running.Count > 0 || _posted.Count > 0)
            {
                return false;
            }

            _sleeping = true;
            return true;
        }
    }

    private void EndSleep()
    {
        lock (_gate)
        {
            _sleeping = false;
        }
    }
}
