using System.Net;
using System.Text;
using Asyncore.Testing;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Clients that give messages to the sample Smtpd. What was acknowledged is stored, once and whole; what was not is stored at
/// most once, and whole; replies come in order.
/// </summary>
internal static class SmtpScenario
{
    private const int Port = 25;
    private const int SizeLimit = 1024 * 1024;

    // Messages are flushed to the disk before they are acknowledged. What a disk takes for that is none of this.
    private static readonly string _root = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    public static int Run(SimulatedNetwork network, int clients)
    {
        string folder = Path.Combine(_root, $"asyncore-smtp-{Guid.NewGuid():N}");
        var maildir = new Maildir(folder);
        try
        {
            Run(network, clients, maildir, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return clients;
    }

    private static void Run(SimulatedNetwork network, int clients, Maildir maildir, string folder)
    {
        var random = new Random(network.Seed);
        TimeSpan healed = TimeSpan.Zero;
        if (random.Next(2) == 0)
        {
            Scenario.Worsen(network);
            healed = Scenario.Cut(network, random, "client", "server", TimeSpan.FromMinutes(8));
        }

        EventLoop loop = network.CreateLoop("server", Scenario.Quiet);
        var server = new PlainListener(loop, Port, accepted => _ = new SmtpChannel(accepted, maildir.Store, SizeLimit));
        EventLoop far = network.CreateLoop("client", Scenario.Quiet);
        var address = new IPEndPoint(network.Host("server").Address, Port);
        Client[] all = [.. Enumerable.Range(0, clients).Select(i => new Client(far, address, random, i))];
        network.RunUntil(() => Array.TrueForAll(all, each => each.IsOver), Scenario.Patience * 2);
        server.Close();
        Scenario.CheckClean(network, loop, far); // what had been sent before the end may be stored until here

        foreach (Client each in all)
        {
            each.CheckEnd(Scenario.IsCalm(network, healed));
        }

        CheckStored(folder, [.. all.SelectMany(each => each.Sent)], [.. all.SelectMany(each => each.Acknowledged)]);
    }

    private static void CheckStored(string folder, HashSet<string> sent, HashSet<string> acknowledged)
    {
        var stored = new HashSet<string>();
        foreach (string file in Directory.GetFiles(Path.Combine(folder, "new")))
        {
            string message = File.ReadAllText(file, Encoding.Latin1);
            Scenario.Check(sent.Contains(message), $"nobody has sent '{message}'");
            Scenario.Check(stored.Add(message), $"stored twice: '{message}'");
        }

        acknowledged.ExceptWith(stored);
        Scenario.Check(acknowledged.Count == 0, $"acknowledged and not stored: '{acknowledged.FirstOrDefault()}'");
        Scenario.Check(Directory.GetFiles(Path.Combine(folder, "tmp")).Length == 0, "half a message is left");
    }

    /// <summary>What is said, and the reply that it is to have.</summary>
    /// <param name="Text">What is said; nothing before the greeting.</param>
    /// <param name="Code">The reply's.</param>
    /// <param name="Message">The message that the reply acknowledges, as it is to be stored; null where it is of none.</param>
    private sealed record Step(string Text, string Code, string? Message = null);

    /// <summary>Gives its messages one by one, or all at once; or has enough in the middle.</summary>
    private sealed class Client : AsyncChat
    {
        private readonly List<Step> _steps = [new(string.Empty, "220"), new("EHLO client.example\r\n", "250")];
        private readonly TimerHandle _patience;
        private readonly bool _isHasty;
        private readonly int _leavesAt; // after so many replies
        private int _replies;
        private bool _isLate;
        private bool _hasEnded;

        public Client(EventLoop loop, EndPoint address, Random random, int number)
            : base(null, loop)
        {
            SetTerminator("\r\n");
            for (int i = random.Next(1, 5); i > 0; i--)
            {
                AddMessage(random, $"{number}.{i}@client.example");
            }

            _steps.Add(new Step("QUIT\r\n", "221"));
            _isHasty = random.Next(2) == 0;
            _leavesAt = random.Next(4) == 0 ? random.Next(_steps.Count) : int.MaxValue;
            _patience = loop.CallLater(Scenario.Patience, Abort);
            Connect(address);
        }

        public bool IsOver { get; private set; }

        public IEnumerable<string> Sent => _steps.Select(each => each.Message).OfType<string>();

        public IEnumerable<string> Acknowledged => _steps.Take(_replies).Select(each => each.Message).OfType<string>();

        /// <param name="isCalm">Nothing has happened to any connection.</param>
        public void CheckEnd(bool isCalm)
        {
            bool hasAll = _replies == _steps.Count;
            Scenario.Check(hasAll || !_hasEnded || _isLate, $"the session ended in order behind {_replies} of {_steps.Count} replies");
            Scenario.Check(hasAll || !isCalm || _replies == _leavesAt, $"{_replies} of {_steps.Count} replies on a calm network");
        }

        public override void Close()
        {
            IsOver = true;
            _patience.Cancel();
            base.Close();
        }

        protected override void HandleConnect()
        {
            if (_isHasty)
            {
                _steps.ForEach(each => Push(each.Text));
            }
        }

        protected override void HandleConnectFailed(System.Net.Sockets.SocketException error) => Close();

        protected override void FoundTerminator()
        {
            Scenario.Check(!IsOver, "a handler was called after the close");
            string line = GetText();
            if (line.StartsWith("421", StringComparison.Ordinal))
            {
                _isLate = true;
                return;
            }

            Scenario.Check(!_isLate && _replies < _steps.Count, $"a reply too many: {line}");
            string code = _steps[_replies].Code;
            Scenario.Check(line.StartsWith(code, StringComparison.Ordinal), $"reply {_replies} is '{line}', and not {code}");
            if (line[code.Length] != '-')
            {
                _replies++;
                GoOn();
            }
        }

        protected override void HandleClose()
        {
            _hasEnded = CloseReason is null;
            base.HandleClose();
        }

        private void GoOn()
        {
            if (_replies == _leavesAt)
            {
                Abort();
            }
            else if (!_isHasty && _replies < _steps.Count)
            {
                Push(_steps[_replies].Text);
            }
        }

        private void AddMessage(Random random, string id)
        {
            List<string> lines = [$"Message-Id: <{id}>", string.Empty];
            for (int i = random.Next(20); i > 0; i--)
            {
                lines.Add(Line(random));
            }

            _steps.Add(new Step("MAIL FROM:<from@client.example>\r\n", "250"));
            _steps.Add(new Step("RCPT TO:<to@server.example>\r\n", "250"));
            _steps.Add(new Step("DATA\r\n", "354"));
            IEnumerable<string> dotted = lines.Select(each => each.StartsWith('.') ? $".{each}" : each); // RFC 5321, 4.5.2
            _steps.Add(new Step(
                string.Concat(dotted.Append(".").Select(each => $"{each}\r\n")),
                "250",
                string.Concat(lines.Select(each => $"{each}\r\n"))));
        }

        // With what could be mistaken for the end of a message, and for commands.
        private static string Line(Random random) => random.Next(8) switch
        {
            0 => string.Empty,
            1 => ".",
            2 => "..QUIT",
            3 => "a\n.\nRSET",
            4 => "b\r.\rDATA",
            5 => new string('x', random.Next(3000)),
            _ => new string('.', random.Next(3)) + new string((char)random.Next('a', 'z'), random.Next(100)),
        };
    }
}
