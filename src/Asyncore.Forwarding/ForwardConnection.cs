using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;

namespace Asyncore.Forwarding;

/// <summary>
/// One forwarded connection from being accepted to its line in the log: finds a target that answers, joins the two sides,
/// and ends them for whatever reason.
/// </summary>
internal sealed class ForwardConnection
{
    // What both sides have to deliver when the connection is ended by us; as long as a channel's own close.
    private static readonly TimeSpan _endTimeout = TimeSpan.FromSeconds(30);

    // A part of what the idle timeout is: how much later than that it may end.
    private const int IdleChecks = 4;

    private readonly ForwardListener _listener;
    private readonly ListenerOptions _options;
    private readonly List<Target> _tried = [];
    private readonly ClientSide _client;
    private readonly EndPoint? _peer;
    private readonly long _started;
    private IPAddress? _counted;
    private EndPoint? _source;
    private EndPoint? _destination;
    private Target? _target;
    private TargetSide? _server;
    private int _nextAddress;
    private TimerHandle? _setUp; // a header, a connect
    private TimerHandle? _lifetime;
    private TimerHandle? _idle;
    private TimerHandle? _reset;
    private TimerHandle? _ending;
    private long _bytesAtCheck;
    private int _checksWithout;
    private EndReason? _reason;
    private string? _detail;
    private bool _blame; // an address of the target has failed by the target's own fault
    private bool _paired;
    private bool _ended;

    public ForwardConnection(ForwardListener listener, AcceptedChannel accepted, IPAddress? counted)
    {
        _listener = listener;
        _options = listener.Options;
        _counted = counted;
        _peer = accepted.Address;
        _source = _peer;
        _started = Time.GetTimestamp();
        Number = listener.NextNumber();
        _client = new ClientSide(this, accepted);
    }

    public ListenerStatistics Statistics => _listener.Statistics;

    /// <summary>Counts the listener's connections from 1.</summary>
    public long Number { get; }

    public bool HasEnded => _ended;

    public TimeSpan Age => Time.GetElapsedTime(_started);

    private EventLoop Loop => _listener.Loop;

    private TimeProvider Time => _listener.Loop.TimeProvider;

    public void Start()
    {
        if (_options.Lifetime is { } lifetime)
        {
            _lifetime = Loop.CallLater(lifetime, () => End(EndReason.Lifetime, abort: false));
        }

        if (_options.AcceptProxy)
        {
            _setUp = Loop.CallLater(_options.ProxyHeaderTimeout, () => Refuse("no PROXY header in time"));
            _client.ReadHeader();
        }
        else
        {
            TryNext();
        }
    }

    /// <summary>A balancer has said who the client is.</summary>
    public void OnHeader(ProxyHeader header)
    {
        _setUp?.Cancel();
        if (!header.IsLocal)
        {
            _source = header.Source;
            _destination = header.Destination;
            IPAddress? client = ClientLimits.Plain(header.Source);
            if (ClientLimits.Denies(_options, client))
            {
                Refuse(RefusalReason.Rules, "the client that the PROXY header names may not connect");
                return;
            }

            if (_listener.Limits.Rename(_options, _counted, client) is { } reason)
            {
                Refuse(reason, "the client that the PROXY header names has too many connections");
                return;
            }

            _counted = client;
        }

        TryNext();
    }

    /// <summary>Sends the client away because of its PROXY header.</summary>
    public void Refuse(string why) => Refuse(RefusalReason.ProxyHeader, why);

    public void OnConnected(TargetSide side)
    {
        if (side != _server || _ended)
        {
            side.Close();
            return;
        }

        _setUp?.Cancel();
        _listener.Pool.Succeeded(_target!);
        _paired = true;
        _client.Pair(side);
        _client.Prepare(_options);
        side.Prepare(_options);
        AddMeters(side);
        AddFaults(side);
        SendHeader(side);
        if (!_client.Early.IsEmpty)
        {
            _client.Pass(_client.Early);
        }

        _client.ForgetEarly();
        if (_ended)
        {
            return; // a fault has cut it at its first bytes
        }

        WatchIdle();
        _client.Release(RelayHold.Connect);
    }

    public void OnConnectFailed(TargetSide side, SocketException error)
    {
        if (side == _server && !_ended)
        {
            // Of our own making, and so no fault of the target: no descriptor, no memory, no port to come from. Of a path
            // the last means that nobody has made it.
            bool ours = error.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable
                || (error.SocketErrorCode == SocketError.AddressNotAvailable && side.Address is not UnixDomainSocketEndPoint);
            FailAddress(error.Message, blame: !ours);
        }
    }

    public void OnClosed(ForwardSide side)
    {
        if (_ended || (side != _client && (side != _server || !_paired)))
        {
            return; // an attempt to connect
        }

        Note(side.IsClient ? EndReason.ClientClosed : EndReason.TargetClosed);
        if (!_paired)
        {
            _server?.Close();
            Finish();
        }
        else if (_client.FileDescriptor < 0 && _server!.FileDescriptor < 0)
        {
            Finish();
        }
    }

    /// <summary>Notes why it ends: what came first, but for a reset, which says more.</summary>
    public void Note(EndReason reason)
    {
        if (_reason is null || (_reason <= EndReason.TargetClosed && reason is EndReason.ClientReset or EndReason.TargetReset))
        {
            _reason = reason;
        }
    }

    /// <summary>Ends both sides.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="abort">By resets; else behind what has been taken to pass on.</param>
    public void End(EndReason reason, bool abort)
    {
        if (_ended)
        {
            return;
        }

        if (_ending is null)
        {
            _reason = reason;
        }

        if (abort)
        {
            Abort();
        }
        else if (!_paired)
        {
            _client.Close();
        }
        else if (_ending is null)
        {
            // Not Close: over something unread that would be a reset, and reach further than what is still on its way.
            _ending = Loop.CallLater(_endTimeout, Abort); // one that never reads would stay for ever
            _server!.PassFinish(reset: false);
            _client.PassFinish(reset: false);
        }
    }

    private void Abort()
    {
        if (_paired)
        {
            _client.AbortBoth();
        }
        else
        {
            _client.Abort();
        }
    }

    private void Refuse(RefusalReason reason, string why)
    {
        Statistics.Refused(reason);
        _detail = why;
        End(EndReason.Refused, abort: true);
    }

    private void TryNext()
    {
        if (_target is not null)
        {
            _target.Active--;
        }

        _target = _listener.Pool.Next(_tried);
        _nextAddress = 0;
        if (_target is null)
        {
            End(EndReason.NoTarget, abort: false);
            return;
        }

        _blame = false;
        _target.Active++;
        _tried.Add(_target);
        if (_target.Addresses.Count > 0)
        {
            TryAddress();
            return;
        }

        Target asked = _target;
        _setUp?.Cancel();
        _setUp = Loop.CallLater(_options.ConnectTimeout, () => FailTarget("its name is not resolved in time", blame: true));
        asked.Name!.WhenAnswered(() =>
        {
            if (_ended || _target != asked || _server is not null)
            {
                return;
            }

            if (asked.Addresses.Count > 0)
            {
                TryAddress();
            }
            else
            {
                FailTarget(asked.Name.Problem?.Message ?? "no address", blame: true);
            }
        });
    }

    private void TryAddress()
    {
        IReadOnlyList<EndPoint> addresses = _target!.Addresses;
        EndPoint address = addresses[_nextAddress++];
        TimeSpan patience = _options.ConnectTimeout / addresses.Count; // all of them together cost the timeout
        _setUp?.Cancel();
        _setUp = Loop.CallLater(patience, () =>
        {
            TargetSide late = _server!;
            _server = null;
            late.Close();
            FailAddress("does not answer in time", blame: true);
        });
        var side = new TargetSide(this, Loop);
        _server = side;
        side.Connect(address);
    }

    private void FailAddress(string why, bool blame)
    {
        _setUp?.Cancel();
        _server = null;
        _blame |= blame;
        if (_nextAddress < _target!.Addresses.Count)
        {
            TryAddress();
        }
        else
        {
            FailTarget(why, _blame);
        }
    }

    private void FailTarget(string why, bool blame)
    {
        _setUp?.Cancel();
        _detail = $"{EndPointText.Format(_target!.Options.Address)}: {why}";
        if (blame)
        {
            _listener.Pool.Failed(_target, why);
        }

        TryNext();
    }

    private void AddMeters(TargetSide side)
    {
        RateGate? own = _options.Rate is { } rate ? new RateGate(Loop, rate) : null;
        RateGate? all = _listener.TotalGate;
        if (own is not null || all is not null)
        {
            _client.Meter = new RateMeter(_client, own, all);
            side.Meter = new RateMeter(side, own, all);
        }
    }

    private void AddFaults(TargetSide side)
    {
        AddFaults(_client, _options.FaultsToTarget, salt: 0);
        AddFaults(side, _options.FaultsToClient, salt: 1);
        WatchReset();
    }

    private void AddFaults(ForwardSide side, FaultOptions? faults, int salt)
    {
        if (faults is null or { IsNone: true })
        {
            return;
        }

        var random = new Random(unchecked((faults.Seed * 486_187_739) + ((int)Number * 2) + salt));
        side.Stage = new FaultStage(side, faults, random, () => End(EndReason.FaultCut, abort: false));
    }

    // Of the two directions whichever says it first: a reset is of the connection.
    private void WatchReset()
    {
        TimeSpan? after = new[] { _options.FaultsToTarget?.ResetAfter, _options.FaultsToClient?.ResetAfter }.Min();
        if (after is { } time)
        {
            TimeSpan left = time - Age;
            _reset = Loop.CallLater(
                left < TimeSpan.Zero ? TimeSpan.Zero : left, () => End(EndReason.FaultReset, abort: true));
        }
    }

    private void SendHeader(TargetSide side)
    {
        ProxyVersion version = _target!.Options.SendProxy;
        if (version == ProxyVersion.None)
        {
            return;
        }

        Span<byte> header = stackalloc byte[ProxyHeaderWriter.MaxLength];
        EndPoint? destination = _destination ?? _client.LocalAddress;
        side.Send(header[..ProxyHeaderWriter.Write(header, version, _source, destination)]);
    }

    // Bytes are counted anyway, so nothing is done for each: the timer sees whether there were any.
    private void WatchIdle()
    {
        if (_options.IdleTimeout is not { } timeout)
        {
            return;
        }

        _idle = Loop.CallEvery(timeout / IdleChecks, () =>
        {
            long bytes = _client.BytesReceived + _server!.BytesReceived;
            _checksWithout = bytes == _bytesAtCheck ? _checksWithout + 1 : 0;
            _bytesAtCheck = bytes;
            if (_checksWithout >= IdleChecks)
            {
                End(EndReason.IdleTimeout, abort: false);
            }
        });
    }

    private void Finish()
    {
        _ended = true;
        _setUp?.Cancel();
        _lifetime?.Cancel();
        _idle?.Cancel();
        _reset?.Cancel();
        _ending?.Cancel();
        if (_target is not null)
        {
            _target.Active--;
        }

        _listener.Ended(this, _counted, new ConnectionRecord
        {
            Listener = _listener.Name,
            Number = Number,
            Client = _source ?? _peer,
            Target = _target?.Options.Address,
            BytesToTarget = _client.BytesPassed,
            BytesToClient = _server?.BytesPassed ?? 0,
            Ended = Time.GetUtcNow(),
            Duration = Age,
            Reason = _reason ?? EndReason.ClientClosed,
            Detail = _detail,
        });
    }
}
