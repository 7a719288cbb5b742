using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;

namespace Asyncore.Forwarding;

/// <summary>One listener: lets clients in or sends them away, and makes a connection of each.</summary>
internal sealed class ForwardListener : Dispatcher
{
    private readonly ForwardService _service;
    private readonly HashSet<ForwardConnection> _connections = [];
    private readonly bool _isInherited;
    private long _number;
    private string _name;

    public ForwardListener(ForwardService service, ListenerOptions options, Socket? inherited)
        : base(null, service.Loop)
    {
        _service = service;
        Options = options;
        _isInherited = inherited is not null;
        _name = options.Name;
        try
        {
            Open(options, inherited);
            RefuseItself(options);
            _name = NameOf(options);
            Pool = new TargetPool(Loop, options, why => LogInfo($"{Name}: {why}"), IsItself);
            Statistics = new ListenerStatistics(Name, Pool);
            SetTotalGate(options);
        }
        catch
        {
            Close(); // one that could not be opened leaves nothing in the loop
            throw;
        }
    }

    public string Name => _name;

    public ListenerOptions Options { get; private set; }

    public ListenerStatistics Statistics { get; }

    public TargetPool Pool { get; }

    public ClientLimits Limits { get; } = new();

    /// <summary>What all its connections share; null without a limit.</summary>
    public RateGate? TotalGate { get; private set; }

    public IReadOnlyCollection<ForwardConnection> Connections => _connections;

    public long NextNumber() => ++_number;

    /// <summary>Throws where one of the targets is this listener.</summary>
    /// <exception cref="ForwardListenException">One is.</exception>
    public void RefuseItself(ListenerOptions options)
    {
        if (options.Targets.FirstOrDefault(each => IsItself(each.Address)) is { } itself)
        {
            throw new ForwardListenException(Address!, itself.Address);
        }
    }

    /// <summary>New connections follow other options; those there are live on as they began.</summary>
    public void Apply(ListenerOptions options)
    {
        Options = options;
        SetName(options);
        Pool.Apply(options);
        SetTotalGate(options);
    }

    /// <summary>Accepts what waits, and then nothing any more. Connections live on.</summary>
    public void StopAccepting()
    {
        if (Accepting)
        {
            StopListening();
        }

        Pool.Stop();
    }

    public void Ended(ForwardConnection connection, IPAddress? counted, ConnectionRecord record)
    {
        if (_connections.Remove(connection))
        {
            Limits.Leave(counted);
            Statistics.Left();
            _service.Ended(record);
        }
    }

    protected override void HandleAccepted(AcceptedChannel accepted)
    {
        IPAddress? peer = NeedsAddress ? ClientLimits.Plain(accepted.Address) : null;
        IPAddress? client = Options.AcceptProxy ? null : peer; // a balancer's connections are its clients'
        RefusalReason? reason = ClientLimits.Allows(Options, peer, Options.AcceptProxy) ? Limits.Enter(Options, client) : RefusalReason.Rules;
        if (reason is { } why)
        {
            Statistics.Refused(why);
            new Dispatcher(accepted).Abort(); // at once, and so that the client knows
            return;
        }

        ForwardConnection connection;
        try
        {
            connection = new ForwardConnection(this, accepted, client);
        }
        catch
        {
            Limits.Leave(client);
            throw;
        }

        _connections.Add(connection);
        Statistics.Entered();
        try
        {
            connection.Start();
        }
        catch
        {
            connection.End(EndReason.NoTarget, abort: true);
            throw;
        }
    }

    /// <summary>A connection that could not be set up costs itself and one line in the log, not the listener.</summary>
    protected override void HandleError(Exception error)
    {
        if (this.Outlives(error))
        {
            LogInfo($"{Name}: a connection failed: {error.Message}", "error");
        }
        else
        {
            base.HandleError(error);
        }
    }

    // Asking costs a system call for each connection on some backends, and the log asks anyway.
    private bool NeedsAddress =>
        Options.MaxConnectionsPerClient is not null || Options.Allow.Count > 0 || Options.Deny.Count > 0;

    // A socket of systemd's that listens on [::] takes IPv4 connections too, as ours do not.
    private bool IsItself(EndPoint target) => SelfForward.Happens(Address!, target)
        || (_isInherited && Address is IPEndPoint { Port: var port } here && here.Address.Equals(IPAddress.IPv6Any)
            && SelfForward.Happens(new IPEndPoint(IPAddress.Any, port), target));

    private string NameOf(ListenerOptions options) =>
        options.Name.Length > 0 ? options.Name : EndPointText.Format(Address!);

    private void SetName(ListenerOptions options)
    {
        _name = NameOf(options);
        Statistics.Name = _name;
    }

    private void Open(ListenerOptions options, Socket? inherited)
    {
        if (inherited is not null)
        {
            SetSocket(inherited);
            return;
        }

        if (options.Listen is UnixDomainSocketEndPoint path)
        {
            StaleSocket.Remove(path);
        }

        this.ListenOn(options.Listen, options.Backlog);
    }

    private void SetTotalGate(ListenerOptions options)
    {
        if (options.TotalRate != TotalGate?.BytesPerSecond)
        {
            TotalGate = options.TotalRate is { } rate ? new RateGate(Loop, rate) : null;
        }
    }
}
