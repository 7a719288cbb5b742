using System.Net;
using System.Net.Sockets;
using Asyncore.Testing;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Simulated;

/// <summary>Connections that come, say a byte, get it back and go, one after the other, many at a time.</summary>
internal static class ChurnScenario
{
    private const int AtATime = 10;

    public static int Run(SimulatedNetwork network, int clients)
    {
        EventLoop loop = network.CreateLoop("server", Scenario.Quiet);
        var server = new PlainListener(loop, 7, accepted => _ = new Answer(accepted));
        var counts = new Counts(clients);
        EventLoop far = network.CreateLoop("client", Scenario.Quiet);
        var address = new IPEndPoint(network.Host("server").Address, 7);
        for (int i = 0; i < AtATime; i++)
        {
            counts.Next(far, address);
        }

        network.RunUntil(() => counts.Over == clients, TimeSpan.FromHours(10));
        Scenario.Check(counts.Right + counts.Failed == clients, $"{counts.Right} right and {counts.Failed} failed, of {clients}");
        server.Close();
        Scenario.CheckClean(network, loop, far);
        return clients;
    }

    private sealed class Counts(int most)
    {
        private int _started;

        public int Over { get; private set; }

        public int Right { get; private set; }

        public int Failed { get; private set; }

        public void Next(EventLoop loop, EndPoint address)
        {
            if (_started < most)
            {
                _started++;
                _ = new Client(loop, address, this);
            }
        }

        public void End(EventLoop loop, EndPoint address, bool right)
        {
            Over++;
            Right += right ? 1 : 0;
            Failed += right ? 0 : 1;
            Next(loop, address);
        }
    }

    private sealed class Answer(AcceptedChannel accepted) : DispatcherWithSend(accepted)
    {
        protected override void HandleRead() => Send(Receive());

        protected override void HandleClose() => Close();
    }

    private sealed class Client : DispatcherWithSend
    {
        private readonly EndPoint _to;
        private readonly Counts _counts;
        private bool _over;

        public Client(EventLoop loop, EndPoint to, Counts counts)
            : base(null, loop)
        {
            (_to, _counts) = (to, counts);
            Connect(to);
        }

        protected override void HandleConnect() => Send("x"u8);

        protected override void HandleRead()
        {
            ReadOnlySpan<byte> got = Receive();
            if (!got.IsEmpty)
            {
                Scenario.Check(got.SequenceEqual("x"u8), $"{got.Length} bytes came back of one");
                Close();
                Over(right: true);
            }
        }

        protected override void HandleConnectFailed(SocketException error)
        {
            Close();
            Over(right: false);
        }

        protected override void HandleClose()
        {
            Close();
            Over(right: false);
        }

        private void Over(bool right)
        {
            Scenario.Check(!_over, "a connection was over twice");
            _over = true;
            _counts.End(Loop, _to, right);
        }
    }
}
