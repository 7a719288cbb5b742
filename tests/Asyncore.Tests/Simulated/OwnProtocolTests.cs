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
    public void The_forwarder_outlives_peers_that_vanish_and_hosts_that_are_cut_off() =>
        Simulation.Run(network => RelayScenario.RunCut(network, clients: 4), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void A_forwarder_that_stops_counts_whom_it_cuts_and_cuts_nobody_else() =>
        Simulation.Run(network => DrainScenario.Run(network, clients: 4), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void A_proxy_header_comes_whole_and_before_everything() =>
        Simulation.Run(network => ProxyChainScenario.Run(network, clients: 4), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void The_classic_forwarder_loses_nothing_and_leaves_nothing() =>
        Simulation.Run(network => RelayScenario.RunClassic(network, clients: 4), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void Connections_that_come_and_go_leave_nothing() =>
        Simulation.Run(network => ChurnScenario.Run(network, clients: 50), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void Of_every_request_its_consumer_is_told_one_end_and_the_right_body() =>
        Simulation.Run(network => HttpScenario.Run(network, requests: 6), new SimulationOptions { Seeds = 150 });

    [Fact]
    public void A_message_that_was_acknowledged_is_stored_once() =>
        Simulation.Run(network => SmtpScenario.Run(network, clients: 3), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void An_instrument_s_messages_arrive_whole_and_in_order() =>
        Simulation.Run(network => AstmScenario.Run(network, instruments: 3), new SimulationOptions { Seeds = 100 });

    [Fact]
    public void Members_of_a_chat_room_hear_the_same_in_the_same_order() =>
        Simulation.Run(network => ChatRoomScenario.Run(network, guests: 6), new SimulationOptions { Seeds = 100 });
}
