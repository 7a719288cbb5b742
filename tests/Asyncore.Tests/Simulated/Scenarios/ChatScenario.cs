using System.Net;
using System.Text;
using Asyncore.Testing;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Conversations by <see cref="AsyncChat"/>, both ends: lines of any length are answered one by one. No line is lost, comes
/// twice or out of turn, and no handler is called after the close.
/// </summary>
internal static class ChatScenario
{
    public static int Run(SimulatedNetwork network, int clients)
    {
        EventLoop loop = network.CreateLoop("server", Scenario.Quiet);
        var listener = new PlainListener(loop, 7, accepted => _ = new Answer(accepted));
        EventLoop far = network.CreateLoop("client", Scenario.Quiet);
        var random = new Random(network.Seed);
        var address = new IPEndPoint(network.Host("server").Address, 7);
        Client[] all = [.. Enumerable.Range(0, clients).Select(_ => new Client(far, address, random))];
        network.Run(TimeSpan.FromMinutes(20));
        foreach (Client client in all)
        {
            client.CheckEnd();
        }

        listener.Close();
        Scenario.CheckClean(network, loop, far);
        return clients;
    }

    private sealed class Answer : AsyncChat
    {
        private bool _closed;

        public Answer(AcceptedChannel accepted)
            : base(accepted) => SetTerminator("\r\n");

        protected override void FoundTerminator()
        {
            Scenario.Check(!_closed, "a handler was called after the close");
            byte[] line = GetData();
            Push($"{line.Length} ");
            Push(line);
            Push("\r\n");
            if (line.AsSpan().SequenceEqual("quit"u8))
            {
                CloseWhenDone();
            }
        }

        protected override void HandleClose()
        {
            Scenario.Check(!_closed, "a channel was told twice that it has closed");
            _closed = true;
            base.HandleClose();
        }
    }

    private sealed class Client : AsyncChat
    {
        private readonly List<string> _sent = [];
        private readonly List<string> _answers = [];
        private bool _failed;
        private bool _closed;

        public Client(EventLoop loop, EndPoint address, Random random)
            : base(null, loop)
        {
            SetTerminator("\r\n");
            for (int i = random.Next(1, 20); i > 0; i--)
            {
                _sent.Add(new string((char)('a' + (i % 26)), random.Next(4) == 0 ? random.Next(10_000) : random.Next(80)));
            }

            _sent.Add("quit");
            Connect(address);
        }

        public void CheckEnd()
        {
            Scenario.Check(_closed || _failed, "a conversation has neither ended nor failed");
            Scenario.Check(_answers.Count <= _sent.Count, $"{_answers.Count} answers to {_sent.Count} lines");
            for (int i = 0; i < _answers.Count; i++)
            {
                Scenario.Check(_answers[i] == $"{_sent[i].Length} {_sent[i]}", $"answer {i} is not to line {i}");
            }

            Scenario.Check(CloseReason is not null || _failed || _answers.Count == _sent.Count,
                $"it ended in order behind {_answers.Count} of {_sent.Count} answers");
        }

        protected override void HandleConnect()
        {
            foreach (string line in _sent)
            {
                Push(line);
                Push("\r\n");
            }
        }

        protected override void HandleConnectFailed(System.Net.Sockets.SocketException error)
        {
            _failed = true;
            Close();
        }

        protected override void FoundTerminator()
        {
            Scenario.Check(!_closed, "a handler was called after the close");
            _answers.Add(Encoding.Latin1.GetString(GetData()));
        }

        protected override void HandleClose()
        {
            _closed = true;
            base.HandleClose();
        }
    }
}
