using System.Net;
using Asyncore.Forwarding;
using Asyncore.Protocols;
using Asyncore.Testing;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Connections through a forwarder, bytes both ways, each end ending its stream when it has sent everything. Afterwards the
/// forwarder serves as it did at first.
/// </summary>
internal static class RelayScenario
{
    private const int Port = 8080;
    private const int OtherPort = 8081;

    private static readonly TimeSpan _whole = Scenario.Patience * 2;
    private static readonly TimeSpan _sample = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _lastReload = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Through <see cref="ForwardService"/>, with two targets of which one may be away, limits, water marks, and a reload in
    /// the middle.
    /// </summary>
    public static int Run(SimulatedNetwork network, int clients) => Run(network, clients, healed: TimeSpan.Zero);

    /// <summary>The same while peers vanish and hosts are cut off from each other: idle connections are what is left of that.</summary>
    public static int RunCut(SimulatedNetwork network, int clients)
    {
        var random = new Random(~network.Seed);
        Scenario.Worsen(network);
        string[] others = ["client", "target", "second"];
        TimeSpan healed = others.Max(each => Scenario.Cut(network, random, "forwarder", each, TimeSpan.FromMinutes(6)));
        return Run(network, clients, healed);
    }

    /// <summary>Through the classic <see cref="Forwarder"/>.</summary>
    public static int RunClassic(SimulatedNetwork network, int clients)
    {
        var scene = new RelayScene(network) { HasRecords = false };
        scene.Serve("target");
        var listen = new IPEndPoint(network.Host("forwarder").Address, Port);
        var target = new IPEndPoint(network.Host("target").Address, RelayScene.TargetPort);
        var forwarder = new Forwarder(listen, target, loop: scene.Loop("forwarder"));
        scene.Connect("client", listen, clients);
        network.RunUntil(() => scene.IsOver, _whole);
        scene.CheckEnds();
        forwarder.Close();
        scene.Close();
        return clients;
    }

    private static int Run(SimulatedNetwork network, int clients, TimeSpan healed)
    {
        var random = new Random(network.Seed);
        ServiceOptions options = Options(network, random, limit: clients - 1);
        var scene = new RelayScene(network);
        scene.Serve("target");
        scene.Serve("second");
        using var service = new ForwardService(options, scene.Loop("forwarder"));
        service.ConnectionEnded += scene.Note;
        int ended = 0;
        service.ConnectionEnded += _ => ended++;
        HashSet<ListenerStatistics> counted = [.. service.Statistics]; // those of a listener that a reload closes, too
        EndPoint listen = service.Addresses[0];
        int there = (clients + 1) / 2;
        scene.Connect("client", listen, there);
        scene.Connect("other", listen, clients - there);
        WatchLimits(network, service, hosts: 2);
        if (random.Next(3) == 0)
        {
            ServiceOptions other = Reloaded(options, random);
            network.At(_lastReload * random.NextDouble(), () =>
            {
                service.Apply(other);
                counted.UnionWith(service.Statistics);
            });
        }

        network.RunUntil(() => scene.IsOver && service.Connections == 0, _whole);
        scene.CheckEnds();
        network.RunUntil(() => network.Now > healed && network.Now > _lastReload, _whole);
        CheckWell(network, scene, service, limit: clients - 1);
        long accepted = counted.Sum(each => each.Accepted);
        Scenario.Check(ended == accepted, $"{ended} of {accepted} have a record");
        service.Stop();
        scene.Close();
        return clients;
    }

    private static ServiceOptions Options(SimulatedNetwork network, Random random, int limit) => new()
    {
        Listeners =
        [
            new ListenerOptions
            {
                Listen = new IPEndPoint(network.Host("forwarder").Address, Port),
                Targets =
                [
                    new TargetOptions { Address = new IPEndPoint(network.Host("target").Address, RelayScene.TargetPort) },
                    new TargetOptions { Address = new DnsEndPoint("second", RelayScene.TargetPort) },
                ],
                IdleTimeout = TimeSpan.FromMinutes(2),
                HighWater = random.Next(2) == 0 ? 1 : 10_000,
                Rate = random.Next(4) == 0 ? 50_000 : null,
                TotalRate = random.Next(8) == 0 ? 100_000 : null,
                MaxConnections = random.Next(4) == 0 ? limit : null,
                MaxConnectionsPerClient = random.Next(4) == 0 ? Math.Max(limit / 2, 1) : null,
            },
        ],
    };

    // Another policy; another target; one more listener; or another listener instead, while the first's connections live on.
    private static ServiceOptions Reloaded(ServiceOptions options, Random random)
    {
        ListenerOptions first = options.Listeners[0];
        var elsewhere = new IPEndPoint(((IPEndPoint)first.Listen).Address, OtherPort);
        return random.Next(4) switch
        {
            0 => options with { Listeners = [first with { Balance = BalancePolicy.LeastConnections }] },
            1 => options with { Listeners = [first with { Targets = [first.Targets[1]] }] },
            2 => options with { Listeners = [first, first with { Listen = elsewhere }] },
            _ => options with { Listeners = [first with { Listen = elsewhere }] },
        };
    }

    private static void WatchLimits(SimulatedNetwork network, ForwardService service, int hosts)
    {
        for (int i = 0; i < 50; i++)
        {
            network.At(_sample * i, () =>
            {
                ListenerOptions options = service.Options.Listeners[0];
                long most = Math.Min(options.MaxConnections ?? int.MaxValue, options.MaxConnectionsPerClient * hosts ?? int.MaxValue);
                long active = service.Statistics[0].Active;
                Scenario.Check(active <= most, $"{active} connections, of {most} at most");
            });
        }
    }

    // Whatever has happened, as many as may connect do, and each gets everything: no limit counts somebody who has gone.
    private static void CheckWell(SimulatedNetwork network, RelayScene scene, ForwardService service, int limit)
    {
        network.Faults = NetworkFaults.None;
        ListenerOptions options = service.Options.Listeners[0];
        int count = Math.Min(Math.Min(options.MaxConnections ?? limit, options.MaxConnectionsPerClient ?? limit), limit);
        RelayClient[] late = scene.Connect("client", service.Addresses[0], count);
        network.RunUntil(() => scene.IsOver && service.Connections == 0, _whole);
        scene.CheckEnds();
        foreach (RelayClient client in late)
        {
            Scenario.Check(client.HasEnded && client.Received > 0, $"{client} came when all was well, and has got nothing");
        }
    }
}
