using Asyncore.Testing;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>What the library is made of, under everything that can go wrong, a few hundred times in every run.</summary>
public class OwnProtocolTests
{
    [Fact]
    public void Conversations_lose_nothing_and_leave_nothing() =>
        Simulation.Run(network => ChatScenario.Run(network, clients: 3), new SimulationOptions { Seeds = 200 });

    [Fact]
    public void The_forwarder_loses_nothing_and_leaves_nothing() =>
        Simulation.Run(network => RelayScenario.Run(network, clients: 4), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void The_classic_forwarder_loses_nothing_and_leaves_nothing() =>
        Simulation.Run(network => RelayScenario.RunClassic(network, clients: 4), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void Connections_that_come_and_go_leave_nothing() =>
        Simulation.Run(network => ChurnScenario.Run(network, clients: 50), new SimulationOptions { Seeds = 100 });
}
