using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;

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
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="ForwardListenException">An address cannot be listened at; nothing has been opened.</exception>
    public ForwardService(ServiceOptions options, EventLoop? loop = null, InheritedSockets? inherited = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Loop = loop ?? EventLoop.Default;
        _options = options;
        _inherited = inherited ?? new InheritedSockets([]);
        _meter = new ForwardMeter(this);
        ConnectionRecord.Prepare();
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
    /// Takes other options. New connections follow them, those there are live on as they began; a listener that is new is
    /// opened, one that is gone is closed. All or nothing: where one cannot be opened, everything stays as it was. The
    /// backlog is that of when a listener was opened.
    /// </summary>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message names it.</exception>
    /// <exception cref="ForwardListenException">An address cannot be listened at.</exception>
    /// <exception cref="InvalidOperationException">It is stopping.</exception>
    public void Apply(ServiceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (_isStopping)
        {
            throw new InvalidOperationException("The forwarder is stopping.");
        }

        OptionsCheck.Check(options);
        RefuseThemselves(options);
        Dictionary<(EndPoint, int), ForwardListener> opened = OpenNew(options);
        Dictionary<(EndPoint, int), ListenerOptions> wanted = Keyed(options).ToDictionary(each => each.Key, each => each.Options);
        foreach ((var key, ForwardListener listener) in _listeners.ToArray())
        {
            if (!opened.ContainsKey(key) && wanted.TryGetValue(key, out ListenerOptions? kept))
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

        _stopped = stopped;
        BeginStop();
        _deadline = Loop.CallLater(_options.DrainTimeout, Cut);
        EndIfDone();
    }

    /// <summary>Stops at once.</summary>
    public void Dispose()
    {
        try
        {
            BeginStop();
            Cut();
        }
        finally
        {
            _meter.Dispose();
        }
    }

    private void BeginStop()
    {
        _isStopping = true;
        foreach (ForwardListener listener in _listeners.Values.ToArray())
        {
            Retire(listener);
        }

        _listeners.Clear();
    }

    internal void Ended(ConnectionRecord record)
    {
        try
        {
            ConnectionEnded?.Invoke(record);
        }
        catch (Exception error)
        {
            // The others have to be ended all the same; it comes out where no connection is in the middle of anything.
            Loop.Post(() => ExceptionDispatchInfo.Throw(error));
        }

        _stopping.RemoveAll(each => each.Connections.Count == 0);
        EndIfDone();
    }

    // One that has closed for an error is opened anew.
    private bool IsOpen((EndPoint, int) key) => _listeners.TryGetValue(key, out ForwardListener? found) && found.Accepting;

    private void RefuseThemselves(ServiceOptions options)
    {
        foreach ((var key, ListenerOptions each) in Keyed(options))
        {
            if (IsOpen(key))
            {
                _listeners[key].RefuseItself(each);
            }
        }
    }

    private Dictionary<(EndPoint, int), ForwardListener> OpenNew(ServiceOptions options)
    {
        var opened = new Dictionary<(EndPoint, int), ForwardListener>();
        try
        {
            // Inherited ones last: what another one's failure closes could not be had again.
            foreach ((var key, ListenerOptions each) in Keyed(options).OrderBy(each => _inherited.Has(each.Options)))
            {
                if (!IsOpen(key))
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
        listener.StopAccepting();
        if (listener.Connections.Count > 0)
        {
            _stopping.Add(listener);
        }
    }

    private void Cut()
    {
        foreach (ForwardConnection each in AllListeners.SelectMany(each => each.Connections).ToArray())
        {
            if (!each.HasEnded)
            {
                _cut++; // before: the last to go tells it
                each.End(EndReason.Stopped, abort: true);
            }
        }

        EndIfDone();
    }

    private void EndIfDone()
    {
        if (_isStopping && _deadline is { IsCancelled: false } && Connections == 0)
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
