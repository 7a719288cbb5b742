using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Asyncore.Forwarding;

namespace Asyncore.Cli.Forward;

/// <summary>What can be said of one listener on the command line, without a file.</summary>
internal sealed class ForwardArguments
{
    private readonly ParsedOption<EndPoint> _listen = new(["--listen"], (string text, out EndPoint value) => ReadEndPoint(text, listen: true, out value))
    {
        Description = "Where to listen, instead of -l and -p.",
        HelpName = "HOST:PORT|unix:PATH",
    };

    private readonly ListOption<EndPoint> _targets = new(["--target", "-t"], (string text, out EndPoint value) => ReadEndPoint(text, listen: false, out value))
    {
        Description = "Where to connect to, instead of -r and -P; several are balanced.",
        HelpName = "HOST:PORT|unix:PATH",
    };

    private readonly ParsedOption<BalancePolicy> _balance = new(["--balance"], ReadBalance)
    {
        Description = "Which of several targets is next.",
        HelpName = "round-robin|least-connections|first-available",
    };

    private readonly ParsedOption<TimeSpan?> _connectTimeout = Duration("--connect-timeout", "How long a target may take to answer (5s).");
    private readonly ParsedOption<TimeSpan?> _idleTimeout = Duration("--idle-timeout", "Ends a connection that has been silent for so long.");
    private readonly ParsedOption<TimeSpan?> _lifetime = Duration("--lifetime", "Ends a connection after so long, whatever it does.");
    private readonly ParsedOption<TimeSpan?> _drain = Duration("--drain", "How long connections may go on after SIGTERM (30s).");
    private readonly ParsedOption<int?> _maxConnections = Count("--max-connections", "Connections at a time; more are refused.");
    private readonly ParsedOption<int?> _maxPerClient = Count("--max-per-client", "The same for each client address.");
    private readonly ListOption<IPNetwork> _allow = Network("--allow", "Clients that may connect.");
    private readonly ListOption<IPNetwork> _deny = Network("--deny", "Clients that may not.");
    private readonly ParsedOption<long?> _rate = Rate("--rate", "Bytes per second of each connection.");
    private readonly ParsedOption<long?> _totalRate = Rate("--total-rate", "Bytes per second of all together.");

    private readonly ParsedOption<ProxyVersion> _sendProxy = new(["--send-proxy"], ReadProxy)
    {
        Description = "Begin with a PROXY header that names the client.",
        HelpName = "v1|v2",
    };

    private readonly Option<bool> _acceptProxy = new("--accept-proxy")
    {
        Description = "Clients must begin with a PROXY header, as those of a balancer do.",
    };

    private readonly FaultArguments _faults = new();

    /// <summary>Every option, in the order of the help.</summary>
    public IEnumerable<Option> All =>
    [
        _listen, _targets, _balance, _connectTimeout, _idleTimeout, _lifetime, _maxConnections, _maxPerClient, _allow,
        _deny, _rate, _totalRate, _sendProxy, _acceptProxy, _drain, .. _faults.All,
    ];

    /// <summary>Whether the address is said by <c>--listen</c>.</summary>
    public bool HasListen(ParseResult line) => line.GetValue(_listen) is not null;

    /// <summary>Adds an error where options do not go together.</summary>
    public void CheckTogether(CommandResult result, Option[] listen, Option remoteIp, Option remotePort)
    {
        Refuse(_listen, listen);
        Refuse(_targets, [remoteIp, remotePort]);
        if (!IsGiven(_targets) && !IsGiven(remoteIp))
        {
            result.AddError("Option '--remote-ip' is required, or --target, or --config.");
        }

        void Refuse(Option option, Option[] others)
        {
            if (IsGiven(option) && Array.Find(others, IsGiven) is { } other)
            {
                result.AddError($"{other.Name} cannot be given with {option.Name}: both say the same");
            }
        }

        bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
    }

    /// <summary>The options of a service with one listener.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="listen">Where to listen, unless <c>--listen</c> says it.</param>
    /// <param name="target">The target, where there is no <c>--target</c>.</param>
    public ServiceOptions Read(ParseResult line, EndPoint? listen, EndPoint? target)
    {
        ProxyVersion proxy = line.GetValue(_sendProxy);
        EndPoint[] targets = line.GetValue(_targets) is { Length: > 0 } named ? named : [target!];
        var listener = new ListenerOptions
        {
            Listen = line.GetValue(_listen) ?? listen!,
            Targets = [.. targets.Select(each => new TargetOptions { Address = each, SendProxy = proxy })],
            Balance = line.GetValue(_balance),
            IdleTimeout = line.GetValue(_idleTimeout),
            Lifetime = line.GetValue(_lifetime),
            MaxConnections = line.GetValue(_maxConnections),
            MaxConnectionsPerClient = line.GetValue(_maxPerClient),
            Allow = [.. line.GetValue(_allow) ?? []],
            Deny = [.. line.GetValue(_deny) ?? []],
            Rate = line.GetValue(_rate),
            TotalRate = line.GetValue(_totalRate),
            AcceptProxy = line.GetValue(_acceptProxy),
            FaultsToTarget = _faults.Read(line, FaultDirection.ToTarget),
            FaultsToClient = _faults.Read(line, FaultDirection.ToClient),
        };
        if (line.GetValue(_connectTimeout) is { } timeout)
        {
            listener = listener with { ConnectTimeout = timeout };
        }

        var service = new ServiceOptions { Listeners = [listener] };
        return line.GetValue(_drain) is { } drain ? service with { DrainTimeout = drain } : service;
    }

    public static ParsedOption<TimeSpan?> Duration(string name, string description) =>
        new([name], ReadDuration) { Description = description, HelpName = "DURATION" };

    public static ParsedOption<long?> Rate(string name, string description) =>
        new([name], ReadRate) { Description = description, HelpName = "BYTES/s" };

    public static ParsedOption<long?> Bytes(string name, string description) =>
        new([name], ReadBytes) { Description = description, HelpName = "BYTES" };

    private static ParsedOption<int?> Count(string name, string description) =>
        new([name], ReadCount) { Description = description, HelpName = "N" };

    private static ListOption<IPNetwork> Network(string name, string description) =>
        new([name], ReadNetwork) { Description = description, HelpName = "ADDRESS[/BITS]" };

    private static string? ReadEndPoint(string text, bool listen, out EndPoint value)
    {
        bool read = EndPointText.TryParse(text, listen, out EndPoint? endPoint, out string? problem);
        value = endPoint!;
        return read ? null : problem;
    }

    private static string? ReadBalance(string text, out BalancePolicy value)
    {
        (value, string? problem) = text switch
        {
            "round-robin" => (BalancePolicy.RoundRobin, (string?)null),
            "least-connections" => (BalancePolicy.LeastConnections, null),
            "first-available" => (BalancePolicy.FirstAvailable, null),
            _ => (default, "is none of round-robin, least-connections, first-available"),
        };
        return problem;
    }

    private static string? ReadProxy(string text, out ProxyVersion value)
    {
        (value, string? problem) = text switch
        {
            "v1" => (ProxyVersion.V1, (string?)null),
            "v2" => (ProxyVersion.V2, null),
            _ => (default, "is neither v1 nor v2"),
        };
        return problem;
    }

    // Timers take no more than some weeks.
    private static string? ReadDuration(string text, out TimeSpan? value)
    {
        bool read = Quantity.TryParseDuration(text, out TimeSpan duration);
        value = duration;
        return !read ? "is not a duration such as 250ms, 5s or 2m"
            : duration <= TimeSpan.Zero || duration > TimeSpan.FromDays(24) ? "must be above zero and at most 24d"
            : null;
    }

    private static string? ReadRate(string text, out long? value)
    {
        bool read = Quantity.TryParseRate(text, out long rate);
        value = rate;
        return read && rate > 0 ? null : "is not a rate such as 500KB/s or 1MiB/s";
    }

    private static string? ReadBytes(string text, out long? value)
    {
        bool read = Quantity.TryParseBytes(text, out long bytes);
        value = bytes;
        return read && bytes > 0 ? null : "is not a size such as 100B or 64KB";
    }

    private static string? ReadCount(string text, out int? value)
    {
        bool read = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count);
        value = count;
        return read && count > 0 ? null : "is not a whole number above zero";
    }

    private static string? ReadNetwork(string text, out IPNetwork value) =>
        NetworkText.TryParse(text, out value, out string? problem) ? null : problem;
}
