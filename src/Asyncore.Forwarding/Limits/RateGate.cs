namespace Asyncore.Forwarding;

/// <summary>
/// So many bytes per second for all who ask, in turn: a bucket that fills with time (token bucket). Who finds it empty
/// waits in line, and is given a share when it has filled.
/// </summary>
/// <remarks>On the loop's thread. Idle, it has no timer.</remarks>
internal sealed class RateGate
{
    private const double BurstSeconds = 0.05; // what may come at once after a pause
    private const int LargestShare = 64 * 1024;
    private static readonly TimeSpan _shortestWait = TimeSpan.FromMilliseconds(1);

    private readonly EventLoop _loop;
    private readonly int _share; // a hundredth of a second's worth: small enough to be smooth, large enough to be cheap
    private readonly double _most;
    private readonly Queue<RateMeter> _waiting = new();
    private readonly Alarm _alarm;
    private double _tokens;
    private long _filledAt;

    public RateGate(EventLoop loop, long bytesPerSecond)
    {
        _loop = loop;
        _alarm = new Alarm(loop, Serve);
        BytesPerSecond = bytesPerSecond;
        _share = (int)Math.Clamp(bytesPerSecond / 100, 1, LargestShare);
        _most = Math.Max(bytesPerSecond * BurstSeconds, _share);
        _tokens = _most;
        _filledAt = loop.TimeProvider.GetTimestamp();
    }

    public long BytesPerSecond { get; }

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

    public void Return(int unused) => _tokens = Math.Min(_tokens + unused, _most);

    /// <summary>Has a share given to somebody when it is his turn.</summary>
    public void Await(RateMeter meter)
    {
        _waiting.Enqueue(meter);
        Arm();
    }

    private void Serve()
    {
        Fill();
        while (_tokens >= _share && _waiting.TryDequeue(out RateMeter? next))
        {
            _tokens -= _share;
            if (!next.Grant(this, _share))
            {
                _tokens += _share; // has closed meanwhile
            }
        }

        if (_waiting.Count > 0)
        {
            Arm();
        }
    }

    private void Arm()
    {
        var wait = TimeSpan.FromSeconds(Math.Max(0, _share - _tokens) / BytesPerSecond);
        _alarm.Set(wait < _shortestWait ? _shortestWait : wait);
    }

    private void Fill()
    {
        long now = _loop.TimeProvider.GetTimestamp();
        double seconds = _loop.TimeProvider.GetElapsedTime(_filledAt, now).TotalSeconds;
        _filledAt = now;
        _tokens = Math.Min(_tokens + (seconds * BytesPerSecond), _most);
    }
}
