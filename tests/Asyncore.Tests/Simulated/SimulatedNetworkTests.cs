using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Testing;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>A network in memory does what a real one does, in no time.</summary>
public class SimulatedNetworkTests
{
    private static readonly IPEndPoint _any = new(IPAddress.Any, 7);

    [Fact]
    public void An_echo_server_answers_and_ends_as_on_a_real_network()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop("server");
        var server = new EchoServer(_any, loop);
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7));
        client.Send("hello");
        client.Expect("hello");
        byte[] much = new byte[1_000_000];
        new Random(1).NextBytes(much);
        client.Send(much);
        Assert.Equal(much, client.Take(much.Length));
        client.End();
        client.ExpectEnd();
        client.Close();
        network.Run();
        Assert.Single(loop.Channels);
        server.Close();
        Assert.Equal(0, network.OpenSockets);
        Assert.Equal(IoBackendKind.Simulated, loop.Backend);
    }

    [Fact]
    public void An_hour_of_silence_takes_no_time()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop();
        var fired = new List<TimeSpan>();
        loop.CallLater(TimeSpan.FromHours(1), () => fired.Add(network.Now));
        loop.Run(); // by itself: the loop's own wait moves the network on
        Assert.Equal([TimeSpan.FromHours(1)], fired.Select(each => new TimeSpan(each.Ticks - (each.Ticks % TimeSpan.TicksPerMillisecond))));
    }

    // Its number is no descriptor, or another one's.
    [Fact]
    public void A_channel_cannot_leave_its_network()
    {
        using var network = new SimulatedNetwork();
        using var another = new SimulatedNetwork();
        using var real = new EventLoop();
        EventLoop loop = network.CreateLoop("server");
        EventLoop[] others = [another.CreateLoop("server"), real];
        var listener = new PlainListener(loop, 7, accepted =>
        {
            foreach (EventLoop other in others)
            {
                Assert.Throws<InvalidOperationException>(() => new Recorder(accepted, other));
            }

            _ = new EchoHandler(accepted);
        });
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7));
        client.Send("before");
        client.Expect("before");
        Dispatcher channel = loop.Channels.Values.Single(each => each != listener);
        foreach (EventLoop other in others)
        {
            Assert.Throws<InvalidOperationException>(() => channel.AddChannel(other));
            Assert.Same(loop, channel.Loop);
            Assert.Empty(other.Channels);
        }

        client.Send("after");
        client.Expect("after");
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket owned = peer;
        var theirs = new Recorder(ours, real);
        Assert.Throws<InvalidOperationException>(() => theirs.AddChannel(loop));
        theirs.Send("x"u8);
        real.RunUntil(() => peer.Available > 0);
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    [InlineData(AddressFamily.Unix)]
    public void Every_family_of_addresses_is_there(AddressFamily family)
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop("one");
        EndPoint address = family switch
        {
            AddressFamily.InterNetwork => new IPEndPoint(network.Host("one").Address, 80),
            AddressFamily.InterNetworkV6 => new IPEndPoint(network.Host("one").AddressV6, 80),
            _ => new UnixDomainSocketEndPoint("/run/echo.sock"),
        };
        using var server = new EchoServer(address, loop);
        SimulatedClient client = network.Connect(address, from: family == AddressFamily.Unix ? "one" : "two");
        client.Send("x");
        client.Expect("x");
    }

    [Fact]
    public void Nobody_who_listens_is_a_refusal_and_nobody_at_all_is_silence_until_it_is_given_up()
    {
        using var network = new SimulatedNetwork { ConnectTimeout = TimeSpan.FromSeconds(20) };
        network.Host("empty");
        Assert.Equal(SocketError.ConnectionRefused, network.Connect(new DnsEndPoint("empty", 80)).ExpectConnectFailed());
        Assert.Equal(TimeSpan.Zero, new TimeSpan(network.Now.Ticks / TimeSpan.TicksPerSecond));
        Assert.Equal(SocketError.TimedOut, network.Connect(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 80)).ExpectConnectFailed());
        Assert.InRange(network.Now, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(21));
        Assert.Equal(SocketError.HostNotFound, network.Connect(new DnsEndPoint("nobody", 80)).ExpectConnectFailed());
    }

    [Fact]
    public void A_reset_comes_behind_what_had_arrived_and_a_close_over_unread_bytes_is_one()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(_any);
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7));
        SimulatedClient server = listener.Accept();
        server.Send("last");
        client.Expect("last");
        server.Reset();
        client.ExpectReset();

        client = network.Connect(new DnsEndPoint("server", 7));
        server = listener.Accept();
        server.Pause();
        client.Send("unread");
        network.Run(TimeSpan.FromSeconds(1));
        server.Close();
        client.ExpectReset();
    }

    [Fact]
    public void Streams_end_one_way_at_a_time()
    {
        using var network = new SimulatedNetwork { Faults = NetworkFaults.None with { Latency = TimeSpan.FromMilliseconds(10) } };
        using SimulatedListener listener = network.Listen(_any);
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7)).ExpectConnected();
        Assert.Equal(30, (int)network.Now.TotalMilliseconds); // the name, there and back
        SimulatedClient server = listener.Accept();
        client.Send("question");
        client.End();
        Assert.Equal("question"u8.ToArray(), server.TakeToEnd());
        server.Send("answer");
        client.Expect("answer");
        server.Close();
        client.ExpectEnd();
    }

    [Fact]
    public void Who_does_not_read_holds_back_who_sends()
    {
        using var network = new SimulatedNetwork { Faults = NetworkFaults.None with { BufferSize = 1000 } };
        EventLoop loop = network.CreateLoop("server");
        var sender = new Sending(loop);
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7)).ExpectConnected();
        client.Pause();
        network.RunUntil(() => sender.Connection is not null);
        sender.Connection!.Send(new byte[5000]);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(4000, sender.Connection.OutBufferLength);
        client.Resume();
        Assert.Equal(5000, client.Take(5000).Length);
        Assert.Equal(0, sender.Connection.OutBufferLength);
    }

    [Fact]
    public void What_is_sent_across_a_cut_arrives_when_it_is_healed()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(_any);
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7)).ExpectConnected();
        SimulatedClient server = listener.Accept();
        network.Partition("client", "server");
        client.Send("across");
        server.ExpectNothing(TimeSpan.FromMinutes(1));
        network.At(network.Now + TimeSpan.FromMinutes(1), () => network.Heal("client", "server"));
        server.Expect("across");
        Assert.InRange(network.Now, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(2.1));
    }

    [Fact]
    public void Datagrams_arrive_whole_and_are_lost_doubled_and_overtaken_where_that_is_asked_for()
    {
        Assert.Equal([1, 2, 3, 4, 5], Datagrams(NetworkFaults.None));
        Assert.Empty(Datagrams(NetworkFaults.None with { LostDatagram = 1 }));
        Assert.Equal([1, 1, 2, 2, 3, 3, 4, 4, 5, 5], Datagrams(NetworkFaults.None with { DoubledDatagram = 1 }));
        int[] overtaken = Datagrams(NetworkFaults.None with { OvertakenDatagram = 0.5 });
        Assert.Equal([1, 2, 3, 4, 5], overtaken.Order());
        Assert.NotEqual([1, 2, 3, 4, 5], overtaken);
    }

    [Fact]
    public void A_loop_that_waits_for_what_never_comes_is_told_so_with_its_channels()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop("lonely");
        using var server = new EchoServer(_any, loop);
        var error = Assert.Throws<SimulationException>(() => loop.Run());
        Assert.Contains("nothing is left that could happen", error.Message, StringComparison.Ordinal);
        Assert.Contains("Seed 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_Socket_is_refused_and_the_way_that_works_is_named()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop();
        using var channel = new DispatcherWithSend(null, loop);
        channel.CreateSocket();
        Assert.Contains("HandleAccepted(AcceptedChannel)", Assert.Throws<NotSupportedException>(() => channel.Socket).Message, StringComparison.Ordinal);
        using var real = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<NotSupportedException>(() => new Dispatcher(real, loop));
        Assert.Throws<PlatformNotSupportedException>(() => new EventLoop(new EventLoopOptions { Backend = IoBackendKind.Simulated }));
    }

    [Fact]
    public void The_time_of_day_may_jump_and_timers_do_not()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop();
        DateTimeOffset before = network.Clock.GetUtcNow();
        var fired = TimeSpan.Zero;
        loop.CallLater(TimeSpan.FromSeconds(10), () => fired = network.Now);
        network.At(TimeSpan.FromSeconds(1), () => network.JumpClock(TimeSpan.FromDays(-3)));
        network.Run();
        Assert.Equal(10, (int)fired.TotalSeconds);
        Assert.True(network.Clock.GetUtcNow() < before);
    }

    [Fact]
    public void Who_waits_for_a_listener_that_closes_is_reset_and_leaves_nothing()
    {
        using var network = new SimulatedNetwork();
        var server = new Sending(network.CreateLoop("server"));
        SimulatedClient client = network.Connect(new DnsEndPoint("server", 7));
        server.DelChannel(); // so that nobody is accepted
        client.ExpectConnected();
        server.Close();
        client.ExpectReset();
        client.Close();
        network.Run();
        Assert.Equal(0, network.OpenSockets);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(60)]
    [InlineData(61)]
    public void What_never_comes_to_rest_is_said_so(int minutes)
    {
        using var network = new SimulatedNetwork();
        TimerHandle timer = network.CreateLoop().CallEvery(TimeSpan.FromMinutes(minutes), () => { });
        Assert.Throws<SimulationException>(() => network.Run());
        timer.Cancel();
        network.Run();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_loop_that_never_waits_is_told_so_with_what_it_is_asked_again_and_again(bool byItself)
    {
        using var network = new SimulatedNetwork { MaxBusyPasses = 1000 };
        EventLoop loop = network.CreateLoop("busy");
        using var server = new PlainListener(loop, 7, accepted => _ = new Unread(accepted));
        SimulatedClient client = network.Connect(new DnsEndPoint("busy", 7));
        client.Send("something");
        var error = Assert.Throws<SimulationException>(() =>
        {
            if (byItself)
            {
                loop.Run();
            }
            else
            {
                network.RunUntil(() => false);
            }
        });
        Assert.Contains("busy never waits", error.Message, StringComparison.Ordinal);
        Assert.Contains("gets Read", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_runs_a_loop_pass_by_pass_may_have_something_to_do_in_all_of_them()
    {
        using var network = new SimulatedNetwork { MaxBusyPasses = 10 };
        EventLoop loop = network.CreateLoop();
        int done = 0;
        for (int i = 0; i < 100; i++)
        {
            loop.Post(() => done++);
            loop.RunOnce(TimeSpan.Zero);
        }

        for (int i = 0; i < 100; i++)
        {
            loop.Post(() => done++);
            network.RunUntil(() => done == 101 + i); // and not once more, to find that there is nothing to do
        }

        Assert.Equal(200, done);
    }

    [Fact]
    public void What_is_posted_again_and_again_is_no_waiting_either()
    {
        using var network = new SimulatedNetwork { MaxBusyPasses = 1000 };
        EventLoop loop = network.CreateLoop("busy");
        Again();
        Assert.Throws<SimulationException>(() => network.Run());

        void Again() => loop.Post(Again);
    }

    private static int[] Datagrams(NetworkFaults faults)
    {
        using var network = new SimulatedNetwork(1) { Faults = faults };
        var receiver = new Datagram(network.CreateLoop("receiver"));
        receiver.CreateSocket(type: SocketType.Dgram);
        receiver.Bind(_any);
        var sender = new Datagram(network.CreateLoop("sender"));
        sender.CreateSocket(type: SocketType.Dgram);
        sender.Connect(new IPEndPoint(network.Host("receiver").Address, 7));
        network.Run(TimeSpan.FromSeconds(1));
        for (byte i = 1; i <= 5; i++)
        {
            sender.Send([i]);
        }

        network.Run(TimeSpan.FromSeconds(1));
        return [.. receiver.Got.Select(each => (int)each)];
    }

    private sealed class Datagram(EventLoop loop) : Dispatcher(null, loop)
    {
        public List<byte> Got { get; } = [];

        protected override void HandleRead() => Got.AddRange(Receive());

        protected override bool Writable() => false;
    }

    private sealed class Unread(AcceptedChannel accepted) : Dispatcher(accepted)
    {
        protected override void HandleRead()
        {
            // It is told again.
        }
    }

    private sealed class Sending : Dispatcher
    {
        public Sending(EventLoop loop)
            : base(null, loop)
        {
            CreateSocket();
            Bind(_any);
            Listen();
        }

        public DispatcherWithSend? Connection { get; private set; }

        protected override void HandleAccepted(AcceptedChannel accepted) => Connection = new DispatcherWithSend(accepted);
    }
}
