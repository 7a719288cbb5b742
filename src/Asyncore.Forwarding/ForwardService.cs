using System.Net;
using System.Net.Sockets;

namespace Asyncore.Forwarding;

/// <summary>
/// A TCP forwarder: listeners, each with targets, limits and what else <see cref="ListenerOptions"/> say, in one loop. It
/// takes other options while it runs, and stops without cutting anybody short before a deadline.
/// </summary>
/// <remarks>
/// Bytes are delivered before an end or a reset is passed on, both ends of a stream are passed on by themselves, and a
/// side that does not read holds back the other (<see cref="Protocols.RelayChannel"/>). All members belong to the loop's
/// thread, except <see cref="Statistics"/>.
/// </remarks>
public sealed class ForwardService : IDisposable
{
    private readonly Dictionary<(EndPoint Address, int Nth), ForwardListener> _listeners = [];
    private readonly List<ForwardListener> _stopping = []; // gone, with connections that live on
    private readonly InheritedSockets _inherited;
    private readonly ForwardMeter _meter;
    private TimerHandle? _deadline;
    private ServiceOptions _options;
    private ListenerStatistics[] _statistics = [];
    private Action<int>? _stopped;
    private int _cut;
    private bool _isStopping;

    /// <summary>Opens every listener of the options.</summary>
    /// <param name="options">The options.</param>
    /// <param name="loop">The loop; <see cref="EventLoop.Default"/> where null.</param>
    /// <param name="inherited">Sockets that listen already, to be used for listeners of their addresses or names.</param>
    /// <exception cref="ForwardListenException">An address cannot be listened at; nothing has been opened.</exception>
    public ForwardService(ServiceOptions options, EventLoop? loop = null, InheritedSockets? inherited = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Loop = loop ?? EventLoop.Default;
        _options = options;
        _inherited = inherited ?? new InheritedSockets([]);
        _meter = new ForwardMeter(this);
        try
        {
            Apply(options);
        }
        catch
        {
            _meter.Dispose();
            throw;
        }
    }

    /// <summary>Told of each connection that has ended, on the loop. What it throws is the loop's.</summary>
    public event Action<ConnectionRecord>? ConnectionEnded;

    /// <summary>The loop it lives in.</summary>
    public EventLoop Loop { get; }

    /// <summary>What it does now.</summary>
    public ServiceOptions Options => _options;

    /// <summary>Where it listens, in the order of the options; with the ports that the system gave.</summary>
    public IReadOnlyList<EndPoint> Addresses => [.. Keyed(_options)
        .Where(each => _listeners.ContainsKey(each.Key))
        .Select(each => _listeners[each.Key].Address!)];

    /// <summary>Connections that have not ended, those of listeners that are gone among them.</summary>
    public int Connections => AllListeners.Sum(each => each.Connections.Count);

    /// <summary>What its listeners have done, in the order of the options. Of any thread.</summary>
    public IReadOnlyList<ListenerStatistics> Statistics => Volatile.Read(ref _statistics);

    private IEnumerable<ForwardListener> AllListeners => _listeners.Values.Concat(_stopping);

    /// <summary>
    /// Takes other options. New connections follow them, those there are live on as they began; a listener that is in
    /// neither is opened or closed. All or nothing: where one cannot be opened, everything stays as it was.
    /// </summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ForwardListenException">An address cannot be listened at.</exception>
    /// <exception cref="InvalidOperationException">It is stopping.</exception>
    public void Apply(ServiceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (_isStopping)
        {
            throw new InvalidOperationException("The forwarder is stopping.");
        }

        RefuseThemselves(options);
        Dictionary<(EndPoint, int), ForwardListener> opened = OpenNew(options);
        Dictionary<(EndPoint, int), ListenerOptions> wanted = Keyed(options).ToDictionary(each => each.Key, each => each.Options);
        foreach ((var key, ForwardListener listener) in _listeners.ToArray())
        {
            if (wanted.TryGetValue(key, out ListenerOptions? kept))
            {
                listener.Apply(kept);
            }
            else
            {
                _listeners.Remove(key);
                Retire(listener);
            }
        }

        foreach ((var key, ForwardListener listener) in opened)
        {
            _listeners.Add(key, listener);
        }

        _options = options;
        PublishStatistics();
    }

    /// <summary>
    /// Stops: nothing is accepted any more, and connections may go on until <see cref="ServiceOptions.DrainTimeout"/>.
    /// Then, or when there are none, <paramref name="stopped"/> is called with the number of those that were cut. Again:
    /// at once.
    /// </summary>
    /// <param name="stopped">Told on the loop, in this call where there are no connections. Of the first call only.</param>
    public void Stop(Action<int>? stopped = null)
    {
        if (_isStopping)
        {
            Cut();
            return;
        }

        _isStopping = true;
        _stopped = stopped;
        foreach (ForwardListener listener in _listeners.Values.ToArray())
        {
            Retire(listener);
        }

        _listeners.Clear();
        _deadline = Loop.CallLater(_options.DrainTimeout, Cut);
        EndIfDone();
    }

    /// <summary>Stops at once.</summary>
    public void Dispose()
    {
        if (!_isStopping)
        {
            Stop();
        }

        Cut();
        _meter.Dispose();
    }

    internal void Ended(ConnectionRecord record)
    {
        ConnectionEnded?.Invoke(record);
        _stopping.RemoveAll(each => each.Connections.Count == 0);
        EndIfDone();
    }

    private void RefuseThemselves(ServiceOptions options)
    {
        foreach ((var key, ListenerOptions each) in Keyed(options))
        {
            if (_listeners.TryGetValue(key, out ForwardListener? kept))
            {
                kept.RefuseItself(each);
            }
        }
    }

    private Dictionary<(EndPoint, int), ForwardListener> OpenNew(ServiceOptions options)
    {
        var opened = new Dictionary<(EndPoint, int), ForwardListener>();
        try
        {
            foreach ((var key, ListenerOptions each) in Keyed(options))
            {
                if (!_listeners.ContainsKey(key))
                {
                    opened.Add(key, Open(each));
                }
            }

            return opened;
        }
        catch
        {
            foreach (ForwardListener listener in opened.Values)
            {
                listener.Pool.Stop();
                listener.Close();
            }

            throw;
        }
    }

    private ForwardListener Open(ListenerOptions options)
    {
        try
        {
            return new ForwardListener(this, options, _inherited.Take(options));
        }
        catch (SocketException error)
        {
            throw new ForwardListenException(options.Listen, error);
        }
    }

    private void Retire(ForwardListener listener)
    {
        if (listener.Accepting)
        {
            listener.StopAccepting();
        }

        if (listener.Connections.Count > 0)
        {
            _stopping.Add(listener);
        }
    }

    private void Cut()
    {
        ForwardConnection[] left = [.. AllListeners.SelectMany(each => each.Connections)];
        _cut += left.Length; // before: the last to go tells it
        foreach (ForwardConnection each in left)
        {
            each.End(EndReason.Stopped, abort: true);
        }

        EndIfDone();
    }

    private void EndIfDone()
    {
        if (_isStopping && Connections == 0 && _deadline is { IsCancelled: false })
        {
            _deadline.Cancel();
            _stopped?.Invoke(_cut);
        }
    }

    private void PublishStatistics() =>
        Volatile.Write(ref _statistics, [.. Keyed(_options).Select(each => _listeners[each.Key].Statistics)]);

    // Several listeners may have the same address where the system picks the port.
    private static IEnumerable<((EndPoint Address, int Nth) Key, ListenerOptions Options)> Keyed(ServiceOptions options)
    {
        var counts = new Dictionary<EndPoint, int>();
        foreach (ListenerOptions each in options.Listeners)
        {
            int nth = counts.GetValueOrDefault(each.Listen);
            counts[each.Listen] = nth + 1;
            yield return ((each.Listen, nth), each);
        }
    }
}
