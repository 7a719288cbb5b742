using System.Net;
using Asyncore.Forwarding;
using Asyncore.Testing;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// A forwarder that is stopped while it has connections. Who came before may go on until the deadline; what is cut then is
/// counted, and is never taken for whole; who comes later is not served.
/// </summary>
internal static class DrainScenario
{
    public static int Run(SimulatedNetwork network, int clients)
    {
        var random = new Random(network.Seed);
        var scene = new RelayScene(network);
        scene.Serve("target");
        using var service = new ForwardService(Options(network, random), scene.Loop("forwarder"));
        int cut = 0;
        service.ConnectionEnded += scene.Note;
        service.ConnectionEnded += record => cut += record.Reason == EndReason.Stopped ? 1 : 0;
        EndPoint listen = service.Addresses[0];
        scene.Connect("client", listen, clients);

        TimeSpan stop = Scenario.Some(random, 80);
        TimeSpan? stopped = null;
        network.At(stop, () => service.Stop(told =>
        {
            Scenario.Check(stopped is null, "it was said twice that the service has stopped");
            stopped = network.Now;
            Scenario.Check(told == cut, $"{told} were said to be cut, and {cut} were");
            Scenario.Check(service.Connections == 0, $"{service.Connections} connections are left when it has stopped");
        }));
        RelayClient[] late = [];
        network.At(stop + Scenario.Some(random, 20), () => late = scene.Connect("late", listen, 1));

        network.RunUntil(() => stopped is not null && late.Length > 0 && scene.IsOver, Scenario.Patience * 2);
        TimeSpan deadline = stop + service.Options.DrainTimeout + TimeSpan.FromMilliseconds(1); // the pass itself takes time, too
        Scenario.Check(stopped <= deadline, $"it has stopped after {stopped}, and not by {deadline}");
        scene.CheckEnds();
        if (cut == 0 && Scenario.IsCalm(network, healed: TimeSpan.Zero))
        {
            scene.CheckCalm();
        }

        foreach (RelayClient client in late)
        {
            Scenario.Check(client is { HasEnded: false, Received: 0 } && scene.RecordsOf(client).Count == 0, $"{client} came too late, and was served");
        }

        scene.Close();
        return clients;
    }

    private static ServiceOptions Options(SimulatedNetwork network, Random random) => new()
    {
        Listeners =
        [
            new ListenerOptions
            {
                Listen = new IPEndPoint(network.Host("forwarder").Address, 8080),
                Targets = [new TargetOptions { Address = new IPEndPoint(network.Host("target").Address, RelayScene.TargetPort) }],
                Rate = random.Next(4) == 0 ? 100_000 : null,
                FaultsToClient = random.Next(4) == 0 ? new FaultOptions { Delay = TimeSpan.FromMilliseconds(20) } : null,
            },
        ],
        DrainTimeout = random.Next(4) switch
        {
            0 => TimeSpan.Zero,
            1 => TimeSpan.FromMinutes(10),
            _ => Scenario.Some(random, 100),
        },
    };
}
