using System.Net;
using System.Text;
using Asyncore.Testing;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Instruments that send messages by the sample AstmLink, and send those again that were not acknowledged when a connection
/// failed them. What was acknowledged is stored, whole and in order. Stored more than once is only a message whose
/// acknowledgement may have been lost with the connection, which nobody can tell from a message that was (ASTM E1381).
/// </summary>
internal static class AstmScenario
{
    private const int Port = 1381;

    public static int Run(SimulatedNetwork network, int instruments)
    {
        var random = new Random(network.Seed);
        var disk = new Random(network.Seed);
        var stored = new List<string>();
        EventLoop loop = network.CreateLoop("laboratory", Scenario.Quiet);
        Action<byte[]> store = message =>
        {
            if (disk.Next(20) == 0)
            {
                throw new IOException("the disk is full");
            }

            stored.Add(Encoding.Latin1.GetString(message));
        };
        var server = new AstmServer("0.0.0.0", Port, store, loop);
        var address = new IPEndPoint(network.Host("laboratory").Address, Port);
        EventLoop far = network.CreateLoop("instrument", Scenario.Quiet);
        TimeSpan healed = Scenario.Cut(network, random, "instrument", "laboratory", TimeSpan.FromMinutes(1));
        Instrument[] all = [.. Enumerable.Range(0, instruments).Select(i => new Instrument(far, address, random, i))];
        Array.ForEach(all, each => each.Begin());
        for (int i = random.Next(4); i > 0; i--)
        {
            network.At(Scenario.Some(random, 200), () => Interrupt(loop));
        }

        network.RunUntil(() => Array.TrueForAll(all, each => each.IsOver), TimeSpan.FromHours(3));
        server.Close();
        Scenario.CheckClean(network, loop, far); // what was on its way when its sender gave up may be stored until here
        Array.ForEach(all, each => each.Check(stored, Scenario.IsCalm(network, healed)));
        int known = all.Sum(each => each.Count(stored));
        Scenario.Check(known == stored.Count, $"{stored.Count - known} of {stored.Count} messages are nobody's");
        return all.Sum(each => each.Tries);
    }

    // The laboratory asks for the line, as it may between two frames.
    private static void Interrupt(EventLoop loop)
    {
        foreach (AstmReceiver receiver in loop.Channels.Values.OfType<AstmReceiver>())
        {
            receiver.Interrupt();
        }
    }

    /// <summary>An instrument with results.</summary>
    private sealed class Instrument
    {
        private const int MostTries = 8;

        private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);

        private readonly EventLoop _loop;
        private readonly EndPoint _address;
        private readonly int _maxText;
        private readonly string[] _messages;
        private readonly int[] _risks; // of each message, how often a connection failed that had it on its way
        private int _acknowledged;

        public Instrument(EventLoop loop, EndPoint address, Random random, int number)
        {
            _loop = loop;
            _address = address;
            _maxText = random.Next(20, Astm.MaxText + 1);
            _messages = [.. Enumerable.Range(0, random.Next(1, 6)).Select(i => Message(random, $"H|{number}|{i}|"))];
            _risks = new int[_messages.Length + 1];
        }

        public int Tries { get; private set; }

        public bool IsOver { get; private set; }

        public void Begin()
        {
            Tries++;
            byte[][] rest = [.. _messages.Skip(_acknowledged).Select(Encoding.Latin1.GetBytes)];
            new Link(this, rest, _maxText, _loop).Connect(_address);
        }

        public int Count(List<string> stored) => stored.Count(each => _messages.Contains(each));

        /// <param name="stored">All that was stored, in order.</param>
        /// <param name="isCalm">Nothing has happened to any connection.</param>
        public void Check(List<string> stored, bool isCalm)
        {
            Scenario.Check(!isCalm || (Tries == 1 && _acknowledged == _messages.Length),
                $"{_acknowledged} of {_messages.Length} messages after {Tries} tries on a calm network");
            for (int i = 0; i < _messages.Length; i++)
            {
                int count = stored.Count(each => each == _messages[i]);
                int least = i < _acknowledged ? 1 : 0;
                Scenario.Check(count >= least && count <= least + _risks[i],
                    $"message {i} of {_acknowledged} that were acknowledged is stored {count} times, after {_risks[i]} failures");
            }

            string[] inOrder = [.. stored.Where(each => _messages.Contains(each)).Distinct()];
            Scenario.Check(inOrder.SequenceEqual(_messages.Take(inOrder.Length)), "messages are stored out of turn");
        }

        private void End(Link link)
        {
            Scenario.Check(link.IsDone && (link.Left == 0) == (link.Failure is null), $"{link.Left} messages are left, and '{link.Failure}'");
            _acknowledged = _messages.Length - link.Left;
            _risks[_acknowledged]++;
            IsOver = link.Left == 0 || Tries == MostTries;
            if (!IsOver)
            {
                _loop.CallLater(_pause, Begin);
            }
        }

        private static string Message(Random random, string id)
        {
            int length = random.Next(600);
            return id + string.Concat(Enumerable.Range(0, length).Select(_ => random.Next(20) == 0 ? '\r' : (char)random.Next(' ', '~')));
        }

        /// <summary>One try; says when it is over.</summary>
        private sealed class Link(Instrument instrument, byte[][] messages, int maxText, EventLoop loop)
            : AstmSender(messages, maxText, loop)
        {
            private bool _isOver;

            public override void Close()
            {
                base.Close();
                if (!_isOver)
                {
                    _isOver = true;
                    instrument.End(this);
                }
            }
        }
    }
}
