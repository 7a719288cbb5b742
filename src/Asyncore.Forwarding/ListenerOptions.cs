using System.Net;

namespace Asyncore.Forwarding;

/// <summary>What one listener of a <see cref="ForwardService"/> does. Values, compared as such: a reload sees what changed.</summary>
public sealed record ListenerOptions
{
    /// <summary>What logs and counters call it; its address where empty.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>Where to listen: an <see cref="IPEndPoint"/> (port 0 picks a free one) or a Unix socket's path.</summary>
    public required EndPoint Listen { get; init; }

    /// <summary>Where connections go to; one at least.</summary>
    public required ValueList<TargetOptions> Targets { get; init; }

    /// <summary>Which of the targets gets the next connection.</summary>
    public BalancePolicy Balance { get; init; } = BalancePolicy.RoundRobin;

    /// <summary>How many connections may wait to be accepted.</summary>
    public int Backlog { get; init; } = 1024;

    /// <summary>How long one target may take to answer a connect before the next one is tried. 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Ends a connection on which nothing has been received from either side for so long; null never does.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Ends a connection so long after it was accepted, whatever it does; null never does.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>How often names of targets are resolved again. 30 s.</summary>
    public TimeSpan ResolveEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a target that failed gets no connections; then it is probed, and rested again where it fails. 10 s.</summary>
    public TimeSpan RestFor { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections at most at a time; more are refused at once, by a reset. Null is without end.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>The same for each client address.</summary>
    public int? MaxConnectionsPerClient { get; init; }

    /// <summary>Clients that may connect; everybody where empty.</summary>
    public ValueList<IPNetwork> Allow { get; init; } = [];

    /// <summary>Clients that may not, whatever <see cref="Allow"/> says.</summary>
    public ValueList<IPNetwork> Deny { get; init; } = [];

    /// <summary>Bytes per second of each connection, both ways together; null is as fast as it goes.</summary>
    public long? Rate { get; init; }

    /// <summary>Bytes per second of all connections together.</summary>
    public long? TotalRate { get; init; }

    /// <summary>A side is not read while more bytes than this wait for the other to take them. 1: any at all.</summary>
    public long HighWater { get; init; } = 1;

    /// <summary>It is read again when so few are left. 0: none.</summary>
    public long LowWater { get; init; }

    /// <summary>Whether clients must begin with a PROXY header, as those behind a balancer do; who lacks it is refused.</summary>
    public bool AcceptProxy { get; init; }

    /// <summary>How long such a header may take. 5 s.</summary>
    public TimeSpan ProxyHeaderTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>What goes wrong on purpose with what clients send; null is nothing.</summary>
    public FaultOptions? FaultsToTarget { get; init; }

    /// <summary>The same for what targets send.</summary>
    public FaultOptions? FaultsToClient { get; init; }
}

/// <summary>One target of a listener.</summary>
public sealed record TargetOptions
{
    /// <summary>An address, a name with a port (<see cref="DnsEndPoint"/>), or a Unix socket's path.</summary>
    public required EndPoint Address { get; init; }

    /// <summary>Its share beside the others', 1 to 1000.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>The PROXY header that it is sent before the client's bytes.</summary>
    public ProxyVersion SendProxy { get; init; }
}

/// <summary>Which target gets the next connection.</summary>
public enum BalancePolicy
{
    /// <summary>One after the other, as often as their weights say.</summary>
    RoundRobin,

    /// <summary>The one with the fewest connections for its weight.</summary>
    LeastConnections,

    /// <summary>The first in the list that is healthy.</summary>
    FirstAvailable,
}
