using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Protocols;
using Asyncore.Testing;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>Loops on a simulated network go on as on a real one, whoever runs them, and by its clock alone.</summary>
public class SimulatedLoopTests
{
    private static readonly IPEndPoint _any = new(IPAddress.Any, 7);
    private static readonly DnsEndPoint _server = new("server", 7);

    [Fact]
    public void Channels_are_asked_after_their_handlers_what_they_want_now()
    {
        using var network = new SimulatedNetwork();
        using var server = new PlainListener(network.CreateLoop(), 7, accepted => _ = new Classic(accepted));
        SimulatedClient client = network.Connect(_server);
        client.Send("x");
        client.Expect("x");
        EventLoop loop = network.CreateLoop("busy");
        loop.CallLater(TimeSpan.FromSeconds(1), () =>
        {
            client.Send("y");
            network.At(network.Now + TimeSpan.FromSeconds(1), loop.Stop);
        });
        loop.Run(); // by itself; the others go on while it waits
        client.Expect("y");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void A_wait_takes_as_long_as_was_said_by_the_networks_clock(int milliseconds)
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop();
        using IDisposable reason = loop.KeepAlive();
        TimeSpan time = TimeSpan.FromMilliseconds(milliseconds);
        loop.RunOnce(time);
        Assert.Equal(time, network.Now);
    }

    [Fact]
    public void Time_and_the_others_go_on_beside_a_loop_that_is_run_by_itself_and_never_waits()
    {
        using var network = new SimulatedNetwork();
        using var server = new EchoServer(_any, network.CreateLoop());
        SimulatedClient client = network.Connect(_server);
        client.Send("x");
        EventLoop loop = network.CreateLoop("busy");
        bool isOver = false;
        loop.CallLater(TimeSpan.FromMilliseconds(1), () => isOver = true);
        Again();
        loop.Run();
        Assert.True(isOver);
        Assert.Equal(1, client.Available);

        isOver = false;
        loop.CallLater(TimeSpan.FromMilliseconds(1), () => isOver = true);
        while (!isOver)
        {
            loop.RunOnce(TimeSpan.Zero);
        }

        void Again()
        {
            if (!isOver)
            {
                loop.Post(Again);
            }
        }
    }

    [Fact]
    public void Who_waits_in_a_handler_for_what_the_same_loop_would_do_is_told_that_it_will_not_come()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop();
        SimulatedClient client = network.Connect(_server);
        SimulationException? told = null;
        network.At(TimeSpan.FromSeconds(1), () => told = Assert.Throws<SimulationException>(() => client.ExpectLine()));
        loop.CallLater(TimeSpan.FromSeconds(2), () => { });
        loop.Run();
        Assert.NotNull(told);
    }

    [Fact]
    public void What_was_lost_with_a_gathered_send_is_no_orderly_end()
    {
        using var network = new SimulatedNetwork();
        using var server = new PlainListener(network.CreateLoop(), 7, accepted => _ = new Classic(accepted));
        var chat = new Gathering(network.CreateLoop("client"));
        network.RunUntil(() => chat.Connected);
        network.Faults = new NetworkFaults { Reset = 1 };
        chat.Push(new byte[10].AsMemory());
        chat.Push(new byte[10].AsMemory());
        network.RunUntil(() => chat.HasClosed);
        Assert.NotNull(chat.CloseReason);
    }

    [Fact]
    public void Peers_vanish_also_where_nothing_takes_time_and_for_good()
    {
        using var network = new SimulatedNetwork();
        using SimulatedListener listener = network.Listen(_any);
        SimulatedClient client = network.Connect(_server).ExpectConnected();
        SimulatedClient server = listener.Accept();
        network.Faults = new NetworkFaults { HalfOpen = 1 };
        client.Send("x");
        server.ExpectNothing(TimeSpan.FromMinutes(1));
        network.Faults = NetworkFaults.None;
        client.Send("y");
        server.Send("z");
        server.ExpectNothing(TimeSpan.FromMinutes(1));
        client.ExpectNothing(TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_datagram_can_be_answered(bool isBound)
    {
        using var network = new SimulatedNetwork();
        Datagrams asks = new(network.CreateLoop("client"));
        Datagrams answers = new(network.CreateLoop());
        answers.Bind(_any);
        if (isBound)
        {
            asks.Bind(_any);
        }

        asks.Connect(new IPEndPoint(network.Host("server").Address, 7));
        network.RunUntil(() => asks.Connected);
        asks.Send("?"u8);
        network.RunUntil(() => answers.Got.Count == 1);
        answers.Connect(asks.LocalAddress!);
        network.RunUntil(() => answers.Connected);
        answers.Send("!"u8);
        network.RunUntil(() => asks.Got.Count == 1);
        Assert.Equal("!", asks.Got[0]);
    }

    [Fact]
    public void A_connect_that_was_reset_can_be_tried_again()
    {
        using var network = new SimulatedNetwork();
        int left = 3;
        using var server = new PlainListener(network.CreateLoop(), 7, accepted =>
        {
            var channel = new Classic(accepted);
            if (--left > 0)
            {
                channel.Abort();
            }
        });
        _ = new Trying(network.CreateLoop("client"), new IPEndPoint(network.Host("server").Address, 7));
        network.RunUntil(() => left == 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_answer_to_a_connect_does_not_get_through_a_cut(bool isHealed)
    {
        using var network = new SimulatedNetwork { Faults = new NetworkFaults { Latency = TimeSpan.FromMilliseconds(10) } };
        using SimulatedListener listener = network.Listen(_any);
        SimulatedClient client = network.Connect(_server); // asks for the name, too, which takes as long
        network.RunUntil(() => listener.Waiting > 0);
        network.Partition("client", "server");
        network.Run(TimeSpan.FromMinutes(1));
        Assert.False(client.Connected);
        if (isHealed)
        {
            network.Heal("client", "server");
            client.ExpectConnected();
        }
        else
        {
            Assert.Equal(SocketError.TimedOut, client.ExpectConnectFailed());
            network.Heal("client", "server");
            listener.Accept().ExpectReset();
        }
    }

    [Fact]
    public void Addresses_of_another_family_are_refused()
    {
        using var network = new SimulatedNetwork();
        using var channel = new DispatcherWithSend(null, network.CreateLoop());
        channel.CreateSocket(AddressFamily.InterNetwork);
        var error = Assert.Throws<SocketException>(() => channel.Bind(new IPEndPoint(IPAddress.IPv6Any, 7)));
        Assert.Equal(SocketError.AddressFamilyNotSupported, error.SocketErrorCode);
    }

    [Fact]
    public void An_abstract_name_is_free_when_its_owner_has_gone()
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop();
        for (int i = 0; i < 2; i++)
        {
            using var channel = new DispatcherWithSend(null, loop);
            channel.CreateSocket(AddressFamily.Unix);
            channel.Bind(new UnixDomainSocketEndPoint("\0name"));
        }
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        using var network = new SimulatedNetwork();
        Assert.Throws<ArgumentOutOfRangeException>(() => network.Faults = new NetworkFaults { Reset = 1.1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => network.Faults = new NetworkFaults { HalfOpen = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => network.Faults = new NetworkFaults { Latency = TimeSpan.FromSeconds(-1) });
        Assert.Throws<ArgumentOutOfRangeException>(() => network.ConnectTimeout = Timeout.InfiniteTimeSpan);
        Assert.Throws<ArgumentOutOfRangeException>(() => network.MaxBusyPasses = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => network.RunUntil(() => false, TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Simulation.Run(_ => { }, new SimulationOptions { Seeds = 0 }));
    }

    [Fact]
    public void The_end_of_time_is_no_overflow()
    {
        using var network = new SimulatedNetwork { ConnectTimeout = TimeSpan.MaxValue };
        network.Run(TimeSpan.FromSeconds(1));
        network.Host("server");
        SimulatedClient client = network.Connect(_server);
        network.RunUntil(() => true, TimeSpan.MaxValue);
        Assert.Equal(SocketError.ConnectionRefused, client.ExpectConnectFailed());
    }

    [Fact]
    public void A_channel_of_another_network_is_refused_though_it_has_the_same_number()
    {
        using var network = new SimulatedNetwork();
        using var other = new SimulatedNetwork();
        var ours = new DispatcherWithSend(null, network.CreateLoop());
        using var theirs = new DispatcherWithSend(null, other.CreateLoop());
        ours.CreateSocket();
        theirs.CreateSocket();
        Assert.Equal(ours.FileDescriptor, theirs.FileDescriptor);
        Assert.Throws<InvalidOperationException>(() => ours.AddChannel(theirs.Loop));
    }

    [Fact]
    public void Timers_that_were_set_again_and_again_are_not_kept()
    {
        using var network = new SimulatedNetwork();
        using ITimer timer = network.Clock.CreateTimer(_ => { }, null, TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
        for (int i = 0; i < 200_000; i++)
        {
            timer.Change(TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
        }

        Assert.InRange(network.SimulatedClock.Scheduled, 1, 2_000);
    }

    // As Python's documentation has it: what is to be sent says whether there is something to write.
    private sealed class Classic(AcceptedChannel accepted) : Dispatcher(accepted)
    {
        private readonly List<byte> _buffer = [];

        protected override bool Writable() => _buffer.Count > 0;

        protected override void HandleRead()
        {
            byte[] buffer = new byte[100];
            _buffer.AddRange(buffer.AsSpan(0, Recv(buffer)));
        }

        protected override void HandleWrite() => _buffer.RemoveRange(0, Send(_buffer.ToArray()));
    }

    private sealed class Gathering : AsyncChat
    {
        public Gathering(EventLoop loop)
            : base(null, loop) => Connect(_server);

        public bool HasClosed { get; private set; }

        protected override void HandleConnect()
        {
            // It is asked whether it has.
        }

        protected override void HandleClose()
        {
            HasClosed = true;
            base.HandleClose();
        }

        protected override void FoundTerminator() => throw new InvalidOperationException("nobody says anything");
    }

    private sealed class Trying : DispatcherWithSend
    {
        private readonly EndPoint _address;

        public Trying(EventLoop loop, EndPoint address)
            : base(null, loop)
        {
            _address = address;
            Connect(address);
        }

        protected override void HandleConnect()
        {
            // That is all.
        }

        protected override void HandleRead() => Receive();

        protected override void HandleClose() => Again();

        protected override void HandleConnectFailed(SocketException error) => Again();

        private void Again()
        {
            if (Connected)
            {
                Close();
                _ = new Trying(Loop, _address);
            }
            else
            {
                Connect(_address);
            }
        }
    }

    private sealed class Datagrams : Dispatcher
    {
        public Datagrams(EventLoop loop)
            : base(null, loop) => CreateSocket(type: SocketType.Dgram);

        public List<string> Got { get; } = [];

        protected override void HandleConnect()
        {
            // It is asked whether it has.
        }

        protected override void HandleRead() => Got.Add(Encoding.ASCII.GetString(Receive()));
    }
}
