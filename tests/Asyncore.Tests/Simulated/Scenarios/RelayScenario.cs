using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Protocols;
using Asyncore.Testing;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Connections through a forwarder, bytes both ways, each end ending its stream when it has sent everything. What comes out
/// is what went in: all of it where the end came in order, the beginning where something broke.
/// </summary>
internal static class RelayScenario
{
    private const int Most = 60_000;

    /// <summary>Through <see cref="ForwardService"/>, with two targets of which one may be away, limits and water marks.</summary>
    public static int Run(SimulatedNetwork network, int clients)
    {
        EventLoop loop = network.CreateLoop("forwarder", Scenario.Quiet);
        var random = new Random(network.Seed);
        var listen = new IPEndPoint(network.Host("forwarder").Address, 8080);
        var options = new ServiceOptions
        {
            Listeners =
            [
                new ListenerOptions
                {
                    Listen = listen,
                    Targets =
                    [
                        new TargetOptions { Address = new IPEndPoint(network.Host("target").Address, 80) },
                        new TargetOptions { Address = new DnsEndPoint("second", 80) },
                    ],
                    IdleTimeout = TimeSpan.FromMinutes(2),
                    HighWater = random.Next(2) == 0 ? 1 : 10_000,
                    Rate = random.Next(4) == 0 ? 50_000 : null,
                    MaxConnections = random.Next(4) == 0 ? clients : null,
                },
            ],
        };
        using var service = new ForwardService(options, loop);
        int ended = 0;
        service.ConnectionEnded += _ => ended++;
        Scene scene = Join(network, random, listen, clients);
        if (random.Next(3) == 0)
        {
            network.At(TimeSpan.FromMilliseconds(random.Next(50)), () => service.Apply(Reloaded(options)));
        }

        network.Run(TimeSpan.FromMinutes(30));
        scene.CheckEnds();
        Scenario.Check(service.Connections == 0, $"{service.Connections} connections are left in the forwarder");
        Scenario.Check(ended == service.Statistics.Sum(each => each.Accepted), $"{ended} of {service.Statistics.Sum(each => each.Accepted)} have a record");
        service.Stop();
        scene.Close();
        network.Run(TimeSpan.FromMinutes(5));
        Scenario.CheckClean(network, loop, channels: 0, sockets: 0);
        return clients;
    }

    /// <summary>Through the classic <see cref="Forwarder"/>.</summary>
    public static int RunClassic(SimulatedNetwork network, int clients)
    {
        EventLoop loop = network.CreateLoop("forwarder", Scenario.Quiet);
        var random = new Random(network.Seed);
        var listen = new IPEndPoint(network.Host("forwarder").Address, 8080);
        var forwarder = new Forwarder(listen, new IPEndPoint(network.Host("target").Address, 80), loop: loop);
        Scene scene = Join(network, random, listen, clients);
        network.Run(TimeSpan.FromMinutes(30));
        scene.CheckEnds();
        forwarder.Close();
        scene.Close();
        network.Run(TimeSpan.FromMinutes(5));
        Scenario.CheckClean(network, loop, channels: 0, sockets: 0);
        return clients;
    }

    private static ServiceOptions Reloaded(ServiceOptions options) =>
        options with { Listeners = [options.Listeners[0] with { Balance = BalancePolicy.LeastConnections }] };

    private static Scene Join(SimulatedNetwork network, Random random, EndPoint address, int clients)
    {
        var scene = new Scene(network);
        scene.Serve("target");
        scene.Serve("second");
        EventLoop far = network.CreateLoop("client", Scenario.Quiet);
        for (int i = 0; i < clients; i++)
        {
            scene.Ends.Add(new End(far, address, End.Payload(network, i), i));
        }

        return scene;
    }

    private sealed class Scene(SimulatedNetwork network)
    {
        private readonly List<Dispatcher> _listeners = [];

        public List<End> Ends { get; } = [];

        public void Serve(string host) => _listeners.Add(new Target(network, host));

        public void CheckEnds()
        {
            foreach (End end in Ends)
            {
                end.CheckEnd(network);
            }
        }

        public void Close() => _listeners.ForEach(each => each.Close());
    }

    // Answers each client with bytes that follow from what it says first: its number.
    private sealed class Target : Dispatcher
    {
        private readonly SimulatedNetwork _network;

        public Target(SimulatedNetwork network, string host)
            : base(null, network.CreateLoop(host, Scenario.Quiet))
        {
            _network = network;
            CreateSocket();
            Bind(new IPEndPoint(IPAddress.Any, 80));
            Listen();
        }

        protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Far(_network, accepted);

        protected override void HandleError(Exception error)
        {
            // A connection that was reset before it was taken costs itself.
        }
    }

    private sealed class Far : DispatcherWithSend
    {
        private readonly SimulatedNetwork _network;
        private readonly List<byte> _got = [];
        private int _number = -1;

        public Far(SimulatedNetwork network, AcceptedChannel accepted)
            : base(accepted)
        {
            _network = network;
            AllowHalfOpen = true;
        }

        protected override void HandleRead()
        {
            _got.AddRange(Receive());
            if (_number < 0 && _got.Count >= sizeof(int))
            {
                _number = BitConverter.ToInt32([.. _got[..sizeof(int)]]);
                Send(Scenario.Bytes(_network, Answer(_number), Answer(_number) % Most));
            }
        }

        protected override void HandleEndOfStream()
        {
            if (_number >= 0)
            {
                byte[] sent = [.. BitConverter.GetBytes(_number), .. End.Payload(_network, _number)];
                Scenario.CheckStream(sent, _got.ToArray(), whole: true, $"the target of {_number}");
            }

            ShutdownSend();
            Close();
        }

        protected override void HandleClose() => Close();
    }

    private static int Answer(int number) => 100_000 + (number * 7919);

    /// <summary>A client: says its number and its bytes, ends its stream, and reads to the end.</summary>
    internal sealed class End : DispatcherWithSend
    {
        private readonly byte[] _payload;
        private readonly int _number;
        private readonly List<byte> _got = [];
        private bool _ended;
        private bool _over;

        public End(EventLoop loop, EndPoint address, byte[] payload, int number)
            : base(null, loop)
        {
            _payload = payload;
            _number = number;
            AllowHalfOpen = true;
            Connect(address);
        }

        public static byte[] Payload(SimulatedNetwork network, int number)
        {
            byte[] all = Scenario.Bytes(network, number, Most);
            return all[..(BitConverter.ToUInt16(all) % Most)];
        }

        public void CheckEnd(SimulatedNetwork network)
        {
            Scenario.Check(_over, $"client {_number} has no end");
            byte[] answer = Scenario.Bytes(network, Answer(_number), Answer(_number) % Most);
            bool refused = _got.Count == 0; // no target, or too many connections: closed without a byte
            Scenario.CheckStream(answer, _got.ToArray(), whole: _ended && !refused, $"client {_number}");
        }

        protected override void HandleConnect()
        {
            Send(BitConverter.GetBytes(_number));
            Send(_payload);
            ShutdownSend();
        }

        protected override void HandleRead() => _got.AddRange(Receive());

        protected override void HandleEndOfStream()
        {
            _ended = true;
            _over = true;
            Close();
        }

        protected override void HandleConnectFailed(SocketException error)
        {
            _over = true;
            Close();
        }

        protected override void HandleClose()
        {
            _over = true;
            Close();
        }
    }
}
