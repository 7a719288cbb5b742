using System.Net;
using Asyncore.Forwarding;
using Asyncore.Testing;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Two forwarders in a row, of which the first tells the second by a PROXY header who the client is. The header comes before
/// anything else, whole, and no byte of it gets into the stream.
/// </summary>
internal static class ProxyChainScenario
{
    public static int Run(SimulatedNetwork network, int clients)
    {
        var random = new Random(network.Seed);
        TimeSpan healed = TimeSpan.Zero;
        if (random.Next(2) == 0)
        {
            Scenario.Worsen(network);
            healed = Scenario.Cut(network, random, "edge", "inner", TimeSpan.FromMinutes(1));
        }

        var scene = new RelayScene(network);
        scene.Serve("target");
        ListenerOptions last = Listener(network, "inner", new TargetOptions
        {
            Address = new IPEndPoint(network.Host("target").Address, RelayScene.TargetPort),
        });
        last = last with { AcceptProxy = true, MaxConnectionsPerClient = random.Next(2) == 0 ? 1 : null };
        using ForwardService inner = Open(scene, "inner", last);
        using ForwardService edge = Open(scene, "edge", Listener(network, "edge", new TargetOptions
        {
            Address = inner.Addresses[0],
            SendProxy = random.Next(2) == 0 ? ProxyVersion.V1 : ProxyVersion.V2,
        }));
        var served = new List<ConnectionRecord>();
        inner.ConnectionEnded += served.Add;
        for (int i = 0; i < clients; i++)
        {
            scene.Connect($"client{i % 3}", edge.Addresses[0], 1);
        }

        network.RunUntil(() => scene.IsOver && edge.Connections + inner.Connections == 0, Scenario.Patience * 2);
        scene.CheckEnds();
        if (last.MaxConnectionsPerClient is null && Scenario.IsCalm(network, healed))
        {
            scene.CheckCalm();
        }

        foreach (ConnectionRecord record in served.Where(each => each.BytesToTarget > 0))
        {
            int known = scene.Clients.Count(each => record.Client!.Equals(each.LocalEnd));
            Scenario.Check(known == 1, $"{record.ToText()} is of no client");
        }

        Scenario.Check(served.Where(each => each.BytesToTarget > 0).DistinctBy(each => each.Client).Count()
            == served.Count(each => each.BytesToTarget > 0), "a client was passed on twice");
        edge.Stop();
        inner.Stop();
        scene.Close();
        return clients;
    }

    private static ForwardService Open(RelayScene scene, string host, ListenerOptions options)
    {
        var service = new ForwardService(new ServiceOptions { Listeners = [options] }, scene.Loop(host));
        service.ConnectionEnded += scene.Note;
        return service;
    }

    private static ListenerOptions Listener(SimulatedNetwork network, string host, TargetOptions target) => new()
    {
        Listen = new IPEndPoint(network.Host(host).Address, 8080),
        Targets = [target],
        IdleTimeout = TimeSpan.FromMinutes(2),
    };
}
