using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Testing;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>Each fault can be had alone, comes again with the seed, and is found by the shrinker where it matters.</summary>
public class SimulatedFaultTests
{
    private static readonly IPEndPoint _any = new(IPAddress.Any, 7);

    public static TheoryData<FaultKind, NetworkFaults> Single => new()
    {
        { FaultKind.PartialRead, new NetworkFaults { PartialRead = 1 } },
        { FaultKind.PartialWrite, new NetworkFaults { PartialWrite = 1 } },
        { FaultKind.FullBuffer, new NetworkFaults { FullBuffer = 0.5 } },
        { FaultKind.SpuriousReadiness, new NetworkFaults { SpuriousReadiness = 0.5 } },
        { FaultKind.Reordering, new NetworkFaults { Reordering = 1 } },
        { FaultKind.NoDescriptor, new NetworkFaults { NoDescriptor = 0.5 } },
    };

    [Theory, MemberData(nameof(Single), DisableDiscoveryEnumeration = true)]
    public void What_only_disturbs_loses_nothing(FaultKind kind, NetworkFaults faults)
    {
        using var network = new SimulatedNetwork(3) { Faults = faults };
        EventLoop loop = network.CreateLoop("server", Scenario.Quiet);
        using var server = new EchoServer(_any, loop);
        SimulatedClient[] clients = [.. Enumerable.Range(0, 5).Select(_ => network.Connect(new DnsEndPoint("server", 7)))];
        byte[] sent = new byte[20_000];
        new Random(5).NextBytes(sent);
        Array.ForEach(clients, client => client.Send(sent));
        Assert.All(clients, client => Assert.Equal(sent, client.Take(sent.Length)));
        Assert.Contains(network.Fired, fault => fault.Kind == kind);
        Assert.All(network.Fired, fault => Assert.Equal(kind, fault.Kind));
    }

    [Fact]
    public void Connects_are_refused_and_left_without_an_answer()
    {
        using var network = new SimulatedNetwork { Faults = new NetworkFaults { RefusedConnect = 1 } };
        using SimulatedListener listener = network.Listen(_any);
        Assert.Equal(SocketError.ConnectionRefused, network.Connect(new DnsEndPoint("server", 7)).ExpectConnectFailed());
        network.Faults = new NetworkFaults { SilentConnect = 1 };
        Assert.Equal(SocketError.TimedOut, network.Connect(new DnsEndPoint("server", 7)).ExpectConnectFailed());
        Assert.Equal(0, listener.Waiting);
    }

    [Fact]
    public void A_connection_is_reset_under_both()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(_any);
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7)).ExpectConnected();
        SimulatedClient server = listener.Accept();
        network.Faults = new NetworkFaults { Reset = 1 };
        client.Send("never arrives");
        client.ExpectReset();
        server.ExpectReset();
        Assert.Equal(0, server.Available);
    }

    [Fact]
    public void A_peer_that_vanishes_says_nothing()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(_any);
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7)).ExpectConnected();
        SimulatedClient server = listener.Accept();
        network.Faults = new NetworkFaults { HalfOpen = 1, Latency = TimeSpan.FromMilliseconds(1) };
        client.Send("into the void");
        client.End();
        server.ExpectNothing(TimeSpan.FromHours(1));
        client.ExpectNothing(TimeSpan.FromHours(1));
    }

    [Fact]
    public void A_seed_gives_the_same_run_to_the_last_line_and_another_seed_another()
    {
        string first = Transcript(11);
        Assert.Equal(first, Transcript(11));
        Assert.NotEqual(first, Transcript(12));
        Assert.Contains("fault PartialRead:", first, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_are_written_and_read()
    {
        var fault = new Fault(FaultKind.Reset, 12, 345);
        Assert.Equal("Reset:12:345", fault.ToString());
        Assert.Equal(fault, Fault.Parse("Reset:12:345"));
        Assert.Throws<FormatException>(() => Fault.Parse("Nothing:1:2"));
        Assert.Throws<FormatException>(() => Fault.Parse("Reset:1"));
    }

    // A server that takes each read for a message: right on a good day, and wrong where one is cut up.
    [Fact]
    public void A_program_that_is_wrong_is_found_with_the_one_fault_that_it_takes()
    {
        var error = Assert.Throws<SimulationException>(() => Simulation.Run(
            network =>
            {
                EventLoop loop = network.CreateLoop("server");
                using var server = new Careless(loop);
                SimulatedClient client = network.Connect(new DnsEndPoint("server", 7));
                for (int i = 0; i < 20; i++)
                {
                    client.Send("ping");
                    client.Expect("pong");
                }
            },
            new SimulationOptions { Faults = new NetworkFaults { PartialRead = 0.1, PartialWrite = 0.05, SpuriousReadiness = 0.1 } }));
        Assert.Contains("with 1 of ", error.Message, StringComparison.Ordinal);
        Assert.Matches(@"ASYNCORE_SEED=\d+/Partial(Read|Write):\d+:\d+\n", error.Message);
        Assert.IsType<SimulationException>(error.InnerException);
    }

    private static string Transcript(int seed)
    {
        using var network = new SimulatedNetwork(seed) { Faults = NetworkFaults.Rough };
        ChatScenario.Run(network, clients: 3);
        return network.TranscriptText;
    }

    private sealed class Careless : Dispatcher
    {
        public Careless(EventLoop loop)
            : base(null, loop)
        {
            CreateSocket();
            Bind(_any);
            Listen();
        }

        protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Pong(accepted);
    }

    private sealed class Pong(AcceptedChannel accepted) : DispatcherWithSend(accepted)
    {
        protected override void HandleRead() => Send(Receive().SequenceEqual("ping"u8) ? "pong"u8 : "what"u8);
    }
}
