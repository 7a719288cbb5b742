using System.Net;
using System.Net.Sockets;
using Asyncore.Testing;
using Asyncore.Tests.Churn;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>A scenario that is wrong fails, whatever it is wrong by, and its message says what to do about it.</summary>
public class SimulationTests
{
    private const int Port = 7;

    private static readonly DnsEndPoint _server = new("server", Port);

    private static readonly SimulationOptions _calm = new() { Faults = NetworkFaults.None, Seeds = 1 };

    [Theory]
    [InlineData("handler")]
    [InlineData("timer")]
    [InlineData("post")]
    [InlineData("subscriber")]
    public void What_nobody_catches_ends_the_run(string where)
    {
        var error = Assert.Throws<SimulationException>(() => Simulation.Run(network => Throw(network, where), _calm));
        Assert.Contains("InvalidDataException: on purpose", error.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidDataException>(error.InnerException!.InnerException);
    }

    // That is what faults are; but who has a timer connect again and is not told of its failure never connects again.
    [Fact]
    public void A_socket_exception_ends_a_run_from_a_timer_and_not_where_it_ends_a_channel()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop("server", new EventLoopOptions { LoggerFactory = new LogTo(LogLevel.None, (_, _) => { }) });
        _ = new PlainListener(loop, Port, _ => throw new SocketException((int)SocketError.TooManyOpenSockets));
        network.Connect(_server);
        network.Run();
        Assert.Contains("uncaught exception on server: System.Net.Sockets.SocketException", network.TranscriptText, StringComparison.Ordinal);
        loop.CallLater(TimeSpan.FromSeconds(1), () => throw new SocketException((int)SocketError.TooManyOpenSockets));
        Assert.IsType<SocketException>(Assert.Throws<SimulationException>(() => network.Run()).InnerException);
    }

    [Fact]
    public void It_does_not_where_that_is_asked_for_and_is_in_the_transcript()
    {
        using var network = new SimulatedNetwork { OutlivesExceptions = true };
        Throw(network, "handler");
        Assert.Contains("uncaught exception on server: System.IO.InvalidDataException: on purpose", network.TranscriptText, StringComparison.Ordinal);
    }

    [Fact]
    public void An_expectation_that_a_timer_has_may_fail_too()
    {
        var error = Assert.Throws<SimulationException>(() => Simulation.Run(
            network =>
            {
                using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
                SimulatedClient client = network.Connect(_server);
                network.CreateLoop("other").CallLater(TimeSpan.FromSeconds(1), () => client.Expect("nobody says this"));
                network.Run(TimeSpan.FromHours(2));
            },
            _calm));
        Assert.Contains("waits for 16 bytes", error.Message, StringComparison.Ordinal);
    }

    // By chance of its own, and only the first time.
    [Fact]
    public void What_does_not_fail_again_is_not_said_to()
    {
        int runs = 0;
        var error = Assert.Throws<SimulationException>(() => Simulation.Run(
            network =>
            {
                network.Run(TimeSpan.FromSeconds(1));
                Assert.NotEqual(3, ++runs);
            },
            new SimulationOptions()));
        Assert.Contains("Seed 3 fails, and does not fail again with the same faults", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Faults_without_number_are_not_looked_through()
    {
        int runs = 0;
        var error = Assert.Throws<SimulationException>(() => Simulation.Run(
            network =>
            {
                runs++;
                using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
                SimulatedClient client = network.Connect(_server);
                client.Send(new byte[20_000]);
                listener.Accept().Take(20_000);
                Assert.Fail("on purpose");
            },
            new SimulationOptions { Faults = new NetworkFaults { PartialRead = 1, BufferSize = 2 } }));
        Assert.Equal(1, runs);
        Assert.Matches(@"^Seed 1 fails, with \d+ faults, too many .* ASYNCORE_SEED=1\n", error.Message);
    }

    [Fact]
    public void A_scenario_that_awaits_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Simulation.Run(async _ => await Task.Yield(), _calm));
        Assert.Contains("async", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_happened_is_said_once()
    {
        var error = Assert.Throws<SimulationException>(() => Simulation.Run(
            network =>
            {
                network.Note("a line of mine");
                network.Connect(_server).ExpectConnected();
            },
            _calm));
        Assert.Equal(2, error.Message.Split("a line of mine").Length);
    }

    [Fact]
    public void Who_waits_while_he_reads_nothing_is_told()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
        SimulatedClient client = network.Connect(_server).ExpectConnected();
        client.Pause();
        listener.Accept().Send("here it is");
        string message = Assert.Throws<SimulationException>(() => client.Expect("here it is")).Message;
        Assert.Contains("while it is paused", message, StringComparison.Ordinal);
        client.Resume();
        client.Expect("here it is");
    }

    [Fact]
    public void A_line_that_a_reset_has_cut_off_is_not_said_to_have_ended()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port));
        SimulatedClient client = network.Connect(_server);
        SimulatedClient server = listener.Accept();
        server.Send("half");
        client.Expect("ha");
        server.Reset();
        string message = Assert.Throws<SimulationException>(() => client.ExpectLine()).Message;
        Assert.Contains("the connection broke", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hosts_are_found_in_any_case_and_cut_off_by_no_other_name()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(new IPEndPoint(IPAddress.Any, Port), "Server");
        network.Connect(_server).ExpectConnected();
        string message = Assert.Throws<ArgumentException>(() => network.Partition("server", "cleint")).Message;
        Assert.Contains("There are: Server, client.", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => network.Heal("server", "cleint"));
        Assert.Throws<ArgumentException>(() => network.Partition("server", "SERVER"));
    }

    [Fact]
    public void Time_has_an_end()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop();
        int told = 0;
        loop.CallLater(TimeSpan.FromHours(1), () => told++);
        network.Run(TimeSpan.MaxValue);
        loop.Post(() => told++);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(2, told);
        Assert.Equal(TimeSpan.MaxValue, network.Now);
        Assert.Equal(DateTimeOffset.MaxValue, network.Clock.GetUtcNow());
        Assert.Throws<ArgumentOutOfRangeException>(() => network.JumpClock(TimeSpan.FromTicks(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => network.PassTime = TimeSpan.FromTicks(-1));
        using var another = new SimulatedNetwork();
        Assert.Throws<ArgumentOutOfRangeException>(() => another.JumpClock(TimeSpan.MinValue));
        another.JumpClock(TimeSpan.FromDays(-1));
        Assert.Equal(1999, another.Clock.GetUtcNow().Year);
    }

    [Fact]
    public void Many_hosts_have_addresses_of_their_own()
    {
        const int Many = 70_000;
        using var network = new SimulatedNetwork();
        var addresses = new HashSet<IPAddress>();
        for (int i = 0; i < Many; i++)
        {
            SimulatedHost host = network.Host($"host {i}");
            addresses.Add(host.Address);
            addresses.Add(host.AddressV6);
        }

        Assert.Equal(2 * Many, addresses.Count);
    }

    // Shortages that end and come back before anybody has looked again.
    [Fact]
    public void A_loop_looks_for_descriptors_once_however_often_it_has_none()
    {
        using var network = new SimulatedNetwork(1) { Faults = new NetworkFaults { NoDescriptor = 0.5 } };
        EventLoop loop = network.CreateLoop("server", new EventLoopOptions { LoggerFactory = new LogTo(LogLevel.None, (_, _) => { }) });
        var listener = new PlainListener(loop, Port, accepted => accepted.Close());
        for (int i = 0; i < 50; i++)
        {
            using SimulatedClient client = network.Connect(_server);
            network.Run(TimeSpan.FromMilliseconds(30));
            Assert.InRange(Timers(loop), 0, 1L);
        }

        Assert.Contains(network.Fired, each => each.Kind == FaultKind.NoDescriptor);
        listener.Close();

        static long Timers(EventLoop loop) => LoopInside.Counts(loop).Single(each => each.What == "timers").Number;
    }

    // Whoever hears of a shortage closes something, and so ends it, while other listeners are still to be told.
    [Fact]
    public void A_shortage_that_ends_while_it_is_told_keeps_nobody_waiting()
    {
        using var network = new SimulatedNetwork { Faults = new NetworkFaults { NoDescriptor = 1 } };
        EventLoop loop = network.CreateLoop("server");
        var helpful = new Helpful(loop, () => network.Faults = NetworkFaults.None);
        helpful.CreateSocket();
        helpful.Bind(new IPEndPoint(IPAddress.Any, Port));
        helpful.Listen();
        int accepted = 0;
        _ = new PlainListener(loop, Port + 1, connection =>
        {
            accepted++;
            connection.Close();
        });
        network.Connect(_server).ExpectConnected();
        network.Run(TimeSpan.FromSeconds(1));
        network.Connect(new DnsEndPoint("server", Port + 1)).ExpectConnected().ExpectEnd();
        Assert.Equal(1, accepted);
        Assert.Equal(1, helpful.Accepted);
    }

    private static void Throw(SimulatedNetwork network, string where)
    {
        EventLoop loop = network.CreateLoop("server", new EventLoopOptions { LoggerFactory = new LogTo(LogLevel.None, (_, _) => { }) });
        _ = new PlainListener(loop, Port, accepted =>
        {
            accepted.Close();
            if (where == "handler")
            {
                Fail();
            }
        });
        network.Connect(_server);
        switch (where)
        {
            case "timer":
                loop.CallLater(TimeSpan.FromMinutes(1), Fail);
                break;
            case "post":
                loop.Post(Fail);
                break;
            case "subscriber":
                loop.UnhandledError += _ => Fail();
                loop.Post(() => throw new InvalidOperationException("for the subscriber"));
                break;
        }

        network.Run(TimeSpan.FromMinutes(2));
    }

    private static void Fail() => throw new InvalidDataException("on purpose");

    private sealed class Helpful(EventLoop loop, Action heard) : Dispatcher(null, loop)
    {
        private readonly Recorder _spare = Spare(loop);

        public int Accepted { get; private set; }

        protected override void HandleAccepted(AcceptedChannel accepted)
        {
            Accepted++;
            accepted.Close();
        }

        protected override void LogInfo(string message, string type = "info")
        {
            heard();
            _spare.Close();
        }

        private static Recorder Spare(EventLoop loop)
        {
            var spare = new Recorder(loop: loop);
            spare.CreateSocket();
            return spare;
        }
    }
}
