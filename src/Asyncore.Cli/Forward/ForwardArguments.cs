using System.CommandLine;
using System.CommandLine.Parsing;
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

    private readonly ParsedOption<BalancePolicy?> _balance = ChoiceOption.Create(
        "--balance",
        "Which of several targets is next.",
        ("round-robin", BalancePolicy.RoundRobin),
        ("least-connections", BalancePolicy.LeastConnections),
        ("first-available", BalancePolicy.FirstAvailable));

    private readonly ParsedOption<TimeSpan?> _connectTimeout = Duration("--connect-timeout", "How long a target may take to answer (5s).");
    private readonly ParsedOption<TimeSpan?> _idleTimeout = Duration("--idle-timeout", "Ends a connection that has been silent for so long.");
    private readonly ParsedOption<TimeSpan?> _lifetime = Duration("--lifetime", "Ends a connection after so long, whatever it does.");
    private readonly ParsedOption<TimeSpan?> _drain = Optional<TimeSpan>(
        "--drain", ValueText.ReadDuration, "How long connections may go on after SIGTERM (30s).", "DURATION");
    private readonly ParsedOption<int?> _maxConnections = Count("--max-connections", "Connections at a time; more are refused.");
    private readonly ParsedOption<int?> _maxPerClient = Count("--max-per-client", "The same for each client address.");
    private readonly ListOption<IPNetwork> _allow = Network("--allow", "Clients that may connect.");
    private readonly ListOption<IPNetwork> _deny = Network("--deny", "Clients that may not.");
    private readonly ParsedOption<long?> _rate = Rate("--rate", "Bytes per second of each connection.");
    private readonly ParsedOption<long?> _totalRate = Rate("--total-rate", "Bytes per second of all together.");

    private readonly ParsedOption<ProxyVersion?> _sendProxy = ChoiceOption.Create(
        "--send-proxy",
        "Begin with a PROXY header that names the client.",
        ("v1", ProxyVersion.V1),
        ("v2", ProxyVersion.V2));

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
        _faults.CheckTogether(result);
        Refuse(_listen, listen);
        Refuse(_targets, [remoteIp, remotePort]);
        if (!result.IsGiven(_targets) && !result.IsGiven(remoteIp))
        {
            result.AddError("Option '--remote-ip' is required, or --target, or --config.");
        }

        void Refuse(Option option, Option[] others)
        {
            if (result.IsGiven(option) && Array.Find(others, result.IsGiven) is { } other)
            {
                result.AddError($"{other.Name} cannot be given with {option.Name}: both say the same");
            }
        }
    }

    /// <summary>The options of a service with one listener.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="listen">Where to listen, unless <c>--listen</c> says it.</param>
    /// <param name="target">The target, where there is no <c>--target</c>.</param>
    public ServiceOptions Read(ParseResult line, EndPoint? listen, EndPoint? target)
    {
        ProxyVersion proxy = line.GetValue(_sendProxy) ?? ProxyVersion.None;
        EndPoint[] targets = line.GetValue(_targets) is { Length: > 0 } named ? named : [target!];
        var listener = new ListenerOptions
        {
            Listen = line.GetValue(_listen) ?? listen!,
            Targets = [.. targets.Select(each => new TargetOptions { Address = each, SendProxy = proxy })],
            Balance = line.GetValue(_balance) ?? BalancePolicy.RoundRobin,
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
        Optional<TimeSpan>(name, ValueText.ReadPeriod, description, "DURATION");

    public static ParsedOption<long?> Rate(string name, string description) =>
        Optional<long>(name, ValueText.ReadRate, description, "BYTES/s");

    public static ParsedOption<long?> Bytes(string name, string description, long most = long.MaxValue) =>
        Optional(name, (string text, out long bytes) => ValueText.ReadBytes(text, 1, most, out bytes), description, "BYTES");

    private static ParsedOption<int?> Count(string name, string description) =>
        Optional(
            name, (string text, out int count) => ValueText.ReadInteger(text, 1, int.MaxValue, out count), description, "N");

    private static ParsedOption<T?> Optional<T>(string name, OptionReader<T> read, string description, string form)
        where T : struct => new([name], OptionReading.OrNone(read)) { Description = description, HelpName = form };

    private static ListOption<IPNetwork> Network(string name, string description) =>
        new([name], (string text, out IPNetwork value) => NetworkText.TryParse(text, out value, out string? problem) ? null : problem)
        {
            Description = description,
            HelpName = "ADDRESS[/BITS]",
        };

    private static string? ReadEndPoint(string text, bool listen, out EndPoint value)
    {
        bool read = EndPointText.TryParse(text, listen, out EndPoint? endPoint, out string? problem);
        value = endPoint!;
        return read ? null : problem;
    }
}
