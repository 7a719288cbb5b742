namespace Asyncore.Forwarding;

/// <summary>
/// So many bytes per second for all who ask, in turn: a bucket that fills with time (token bucket). Who finds it empty
/// waits in line, and is given what it asked for, or a fair part of it, when there is as much.
/// </summary>
/// <remarks>On the loop's thread. Idle, it has no timer.</remarks>
internal sealed class RateGate
{
    private const int SharesPerSecond = 25; // wake-ups, too: often enough to be smooth, and no oftener
    private const int LargestShare = 256 * 1024;
    private const int SmallestPortion = 1024; // of many who wait; less is not worth a read
    private static readonly TimeSpan _shortestWait = TimeSpan.FromMilliseconds(1);

    private readonly EventLoop _loop;
    private readonly int _share;
    private readonly double _most; // what may come at once after a pause
    private readonly Queue<Waiter> _waiting = new();
    private readonly Alarm _alarm;
    private double _tokens;
    private long _filledAt;

    public RateGate(EventLoop loop, long bytesPerSecond)
    {
        _loop = loop;
        _alarm = new Alarm(loop, Serve);
        BytesPerSecond = bytesPerSecond;
        _share = (int)Math.Clamp(bytesPerSecond / SharesPerSecond, 1, LargestShare);
        _most = 2.0 * _share;
        _tokens = _share; // not all that a pause may bring: the first to come would be ahead of the others
        _filledAt = loop.TimeProvider.GetTimestamp();
    }

    public long BytesPerSecond { get; }

    // What one of those who wait is given at a time: of many, each a part, so that none waits for the shares of all.
    private int Portion => (int)Math.Clamp(_most / Math.Max(1, _waiting.Count), Math.Min(SmallestPortion, _share), _share);

    /// <summary>Takes what is there of so many bytes, at most a share; nothing where others wait.</summary>
    public int Take(int most)
    {
        Fill();
        if (_waiting.Count > 0)
        {
            return 0;
        }

        int taken = Math.Min(Math.Min(most, _share), (int)_tokens);
        _tokens -= taken;
        return taken;
    }

    /// <summary>Gives back what was taken and not used. Whoever waits is served at once: it may be all they wait for.</summary>
    public void Return(int unused)
    {
        if (unused > 0)
        {
            _tokens = Math.Min(_tokens + unused, _most);
            if (_waiting.Count > 0)
            {
                Serve();
            }
        }
    }

    /// <summary>Has so many bytes, or a part of them, given to somebody when it is his turn.</summary>
    public void Await(RateMeter meter, int wanted)
    {
        _waiting.Enqueue(new Waiter(meter, wanted));
        Arm(Portion);
    }

    private void Serve()
    {
        Fill();
        int portion = Portion;
        while (_waiting.TryPeek(out Waiter next))
        {
            int given = Math.Min(next.Wanted, portion);
            if (given > _tokens)
            {
                break;
            }

            _waiting.Dequeue();
            if (next.Meter.Grant(this, given)) // else it has closed meanwhile
            {
                _tokens -= given;
            }
        }

        if (_waiting.Count > 0)
        {
            Arm(portion);
        }
    }

    // For as many of those who wait as a share is enough for, so that each does not cost a wake-up of its own.
    private void Arm(int portion)
    {
        double needed = Math.Min((double)Math.Min(_waiting.Peek().Wanted, portion) * _waiting.Count, _share);
        var wait = TimeSpan.FromSeconds(Math.Max(0, needed - _tokens) / BytesPerSecond);
        _alarm.Set(wait < _shortestWait ? _shortestWait : wait);
    }

    private void Fill()
    {
        long now = _loop.TimeProvider.GetTimestamp();
        double seconds = _loop.TimeProvider.GetElapsedTime(_filledAt, now).TotalSeconds;
        _filledAt = now;
        _tokens = Math.Min(_tokens + (seconds * BytesPerSecond), _most);
    }

    private readonly record struct Waiter(RateMeter Meter, int Wanted);
}
