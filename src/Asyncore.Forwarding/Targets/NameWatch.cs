using System.Net;
using System.Net.Sockets;

namespace Asyncore.Forwarding;

/// <summary>Keeps the addresses of a name up to date, resolved on the thread pool. A failure leaves those there were.</summary>
internal sealed class NameWatch
{
    private readonly EventLoop _loop;
    private readonly DnsEndPoint _name;
    private readonly Action<IReadOnlyList<EndPoint>> _found;
    private readonly List<Action> _waiting = [];
    private readonly TimerHandle _timer;
    private bool _resolving;

    /// <param name="loop">The loop.</param>
    /// <param name="name">The name and port.</param>
    /// <param name="every">How often.</param>
    /// <param name="found">Told of what was found, on the loop.</param>
    public NameWatch(EventLoop loop, DnsEndPoint name, TimeSpan every, Action<IReadOnlyList<EndPoint>> found)
    {
        _loop = loop;
        _name = name;
        _found = found;
        _timer = loop.CallEvery(every, Resolve);
        Resolve();
    }

    /// <summary>Why the name could not be resolved last time; null where it could.</summary>
    public SocketException? Problem { get; private set; }

    /// <summary>Calls back when the resolver has answered, which it may have failed to.</summary>
    public void WhenAnswered(Action callback)
    {
        _waiting.Add(callback);
        Resolve();
    }

    /// <summary>Resolves so often from now on.</summary>
    public void SetPeriod(TimeSpan every) => _timer.Delay(every);

    /// <summary>Resolves no more of its own accord; who waits, or asks, is answered still.</summary>
    public void Stop() => _timer.Cancel();

    private void Resolve()
    {
        if (_resolving)
        {
            return;
        }

        _resolving = true;
        _loop.Resolve(_name.Host, _name.AddressFamily, Take);
    }

    private void Take(IPAddress[] addresses, SocketException? failure)
    {
        _resolving = false;
        Problem = addresses.Length > 0 ? null : failure ?? new SocketException((int)SocketError.HostNotFound);
        if (Problem is null)
        {
            _found([.. addresses.Select(address => new IPEndPoint(address, _name.Port))]);
        }

        Answer();
    }

    private void Answer()
    {
        Action[] waiting = [.. _waiting];
        _waiting.Clear();
        foreach (Action callback in waiting)
        {
            callback();
        }
    }
}
