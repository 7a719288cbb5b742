using System.Net;

namespace Asyncore.Forwarding;

/// <summary>
/// Every key of the file, and what it is read into. The schema beside this source says the same to editors.
/// </summary>
internal static class ConfigurationKeys
{
    public static readonly (string Name, BalancePolicy Value)[] Balances =
    [
        ("roundRobin", BalancePolicy.RoundRobin),
        ("leastConnections", BalancePolicy.LeastConnections),
        ("firstAvailable", BalancePolicy.FirstAvailable),
    ];

    public static readonly (string Name, ProxyVersion Value)[] ProxyVersions =
        [("none", ProxyVersion.None), ("v1", ProxyVersion.V1), ("v2", ProxyVersion.V2)];

    public static readonly KeyTable<ServiceOptions> Service = new(
        "an object with listeners",
        new("$schema", Ignore),
        new("drain", (service, value) => service with { DrainTimeout = value.AsDuration() }),
        new("listeners", (service, value) => service with { Listeners = ReadListeners(value) }, IsRequired: true));

    public static readonly KeyTable<ListenerOptions> Listener = new(
        "a listener: an object",
        new("name", (listener, value) => listener with { Name = value.AsName() }),
        new("listen", (listener, value) => listener with { Listen = value.AsEndPoint(listen: true) }, IsRequired: true),
        new("targets", (listener, value) => listener with { Targets = ReadTargets(value) }, IsRequired: true),
        new("balance", (listener, value) => listener with { Balance = value.AsOneOf(Balances) }),
        new("backlog", (listener, value) => listener with { Backlog = value.AsCount() }),
        new("connectTimeout", (listener, value) => listener with { ConnectTimeout = value.AsPeriod() }),
        new("idleTimeout", (listener, value) => listener with { IdleTimeout = value.AsPeriod() }),
        new("lifetime", (listener, value) => listener with { Lifetime = value.AsPeriod() }),
        new("resolveEvery", (listener, value) => listener with { ResolveEvery = value.AsPeriod() }),
        new("restFor", (listener, value) => listener with { RestFor = value.AsPeriod() }),
        new("maxConnections", (listener, value) => listener with { MaxConnections = value.AsCount() }),
        new("maxConnectionsPerClient",
            (listener, value) => listener with { MaxConnectionsPerClient = value.AsCount() }),
        new("allow", (listener, value) => listener with { Allow = ReadNetworks(value) }),
        new("deny", (listener, value) => listener with { Deny = ReadNetworks(value) }),
        new("rate", (listener, value) => listener with { Rate = value.AsRate() }),
        new("totalRate", (listener, value) => listener with { TotalRate = value.AsRate() }),
        new("highWater", (listener, value) => listener with { HighWater = value.AsBytes(least: 1) }),
        new("lowWater", (listener, value) => listener with { LowWater = value.AsBytes(least: 0) }),
        new("acceptProxy", (listener, value) => listener with { AcceptProxy = value.AsFlag() }),
        new("proxyHeaderTimeout", (listener, value) => listener with { ProxyHeaderTimeout = value.AsPeriod() }),
        new(SendProxy, IgnoreProxyVersion),
        new("faults", ReadFaults));

    public static readonly KeyTable<TargetOptions> Target = new(
        "a target: an address, or an object with one",
        new("address", (target, value) => target with { Address = value.AsEndPoint(listen: false) }, IsRequired: true),
        new("weight", (target, value) => target with { Weight = value.AsInteger(1, 1000) }),
        new(SendProxy, (target, value) => target with { SendProxy = ReadProxyVersion(value) }));

    public static readonly KeyTable<BothFaults> Faults = new(
        "an object with toTarget and toClient",
        new("toTarget", (faults, value) => faults with { ToTarget = ReadDirection(value) }),
        new("toClient", (faults, value) => faults with { ToClient = ReadDirection(value) }),
        new("seed", (faults, value) => faults with { Seed = value.AsInteger(int.MinValue) }));

    public static readonly KeyTable<FaultOptions> Direction = new(
        "an object with faults",
        new("delay", (faults, value) => faults with { Delay = value.AsDuration() }),
        new("jitter", (faults, value) => faults with { Jitter = value.AsDuration() }),
        new("bandwidth", (faults, value) => faults with { Bandwidth = value.AsRate() }),
        new("slice", (faults, value) => faults with { Slice = (int)value.AsBytes(1, int.MaxValue) }),
        new("cutAfter", (faults, value) => faults with { CutAfter = value.AsBytes(least: 1) }),
        new("resetAfter", (faults, value) => faults with { ResetAfter = value.AsDuration() }),
        new("stall", (faults, value) => faults with { Stall = value.AsFlag() }));

    private const string SendProxy = "sendProxy";

    // Until the key, which is required, has been read.
    private static readonly IPEndPoint _nowhere = new(IPAddress.None, 0);

    /// <exception cref="ForwardConfigurationException">Something is wrong with it.</exception>
    public static ServiceOptions ReadService(ConfigurationValue root)
    {
        ServiceOptions service = Service.Read(root, new ServiceOptions { Listeners = [] });
        ConfigurationChecks.CheckTogether(service, root.Find("listeners")!.Children);
        return service;
    }

    private static ValueList<ListenerOptions> ReadListeners(ConfigurationValue value) =>
        value.AsFilledList("listeners", each =>
        {
            ListenerOptions listener = Listener.Read(each, new ListenerOptions { Listen = _nowhere, Targets = [] });
            ConfigurationChecks.Check(listener, each);
            return listener;
        });

    private static ValueList<TargetOptions> ReadTargets(ConfigurationValue value)
    {
        ProxyVersion version = value.Parent?.Find(SendProxy) is { } said ? ReadProxyVersion(said) : ProxyVersion.None;
        var unsaid = new TargetOptions { Address = _nowhere, SendProxy = version };
        return value.AsFilledList("targets", each =>
            each.IsText ? unsaid with { Address = each.AsEndPoint(listen: false) } : Target.Read(each, unsaid));
    }

    private static ValueList<IPNetwork> ReadNetworks(ConfigurationValue value) =>
        value.AsList("networks", each => each.AsNetwork());

    private static ProxyVersion ReadProxyVersion(ConfigurationValue value) => value.AsOneOf(ProxyVersions);

    // Its targets look for it.
    private static ListenerOptions IgnoreProxyVersion(ListenerOptions listener, ConfigurationValue value)
    {
        ReadProxyVersion(value);
        return listener;
    }

    private static ListenerOptions ReadFaults(ListenerOptions listener, ConfigurationValue value)
    {
        BothFaults both = Faults.Read(value, new BothFaults(new FaultOptions(), new FaultOptions(), 0));
        return listener with
        {
            FaultsToTarget = both.ToTarget.IsNone ? null : both.ToTarget with { Seed = both.Seed },
            FaultsToClient = both.ToClient.IsNone ? null : both.ToClient with { Seed = both.Seed },
        };
    }

    private static FaultOptions ReadDirection(ConfigurationValue value)
    {
        FaultOptions faults = Direction.Read(value, new FaultOptions());
        ConfigurationChecks.Check(faults, value);
        return faults;
    }

    private static ServiceOptions Ignore(ServiceOptions service, ConfigurationValue value)
    {
        value.AsText("the address of a schema");
        return service;
    }

    /// <summary>The faults of a listener as they are in the file.</summary>
    internal readonly record struct BothFaults(FaultOptions ToTarget, FaultOptions ToClient, int Seed);
}
