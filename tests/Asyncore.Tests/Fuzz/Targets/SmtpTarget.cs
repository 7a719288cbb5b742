using System.Net;
using Asyncore.Testing;
using Asyncore.Tests.Samples;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// Sessions of the sample Smtpd that no client would have: replies are replies, messages whole, and cuts make no
/// difference.
/// </summary>
internal sealed class SmtpTarget : FuzzTarget
{
    public const int SizeLimit = 1000;

    private static readonly IPEndPoint _address = new(IPAddress.Loopback, 25);

    private readonly SimulatedNetwork _network = new();
    private readonly EventLoop _loop;
    private readonly Server _server;

    public SmtpTarget()
        : base("Smtp")
    {
        _loop = _network.CreateLoop(options: Quiet);
        _server = new Server(_loop);
    }

    // Both at once, which takes half of the passes.
    public override int Check(byte[] input, Random random)
    {
        var whole = new PlainEnd(_loop, _address);
        var cut = new PlainEnd(_loop, _address);
        _network.RunUntil(() => _server.Sessions.Count == 2);
        SmtpProbe ofWhole = Talk(whole, [input]);
        SmtpProbe ofCut = Talk(cut, Cuts.Of(input, random));
        _network.RunUntil(() => whole.HasEnded && cut.HasEnded && _network.OpenSockets == 1);
        CheckOver(ofWhole);
        CheckOver(ofCut);

        string[] replies = SmtpReplies.Parse(whole.Received);
        CheckPlausible(replies, ofWhole.Stored);
        Property.EqualItems(replies, SmtpReplies.Parse(cut.Received), "replies in pieces");
        Property.EqualItems(ofWhole.Stored, ofCut.Stored, "messages in pieces");
        return ofWhole.Stored.Count;
    }

    public override void Dispose() => _network.Dispose();

    // Sessions are in the order in which their clients have connected.
    private SmtpProbe Talk(PlainEnd client, IEnumerable<byte[]> pieces)
    {
        SmtpProbe session = _server.Sessions.Dequeue();
        foreach (byte[] piece in pieces)
        {
            session.Pull(piece);
        }

        client.ShutdownSend();
        return session;
    }

    private static void CheckOver(SmtpProbe session)
    {
        Property.Equal(null, session.Error, "thrown by a handler");
        Property.Holds(session.IsGone);
    }

    private static void CheckPlausible(string[] replies, IReadOnlyList<string> messages)
    {
        Property.Holds(replies[0].StartsWith("220 ", StringComparison.Ordinal));
        foreach (string message in messages)
        {
            Property.Holds(message.Length <= SizeLimit);
            Property.Holds(message.Length == 0 || message.EndsWith("\r\n", StringComparison.Ordinal), "cut short");
        }

        // Each message was announced by 354 and acknowledged by 250, which is the next reply.
        int acknowledged = 0;
        for (int i = 1; i < replies.Length; i++)
        {
            bool afterData = replies[i - 1].StartsWith("354", StringComparison.Ordinal);
            Property.Holds(!afterData || replies[i].AsSpan(0, 3) is "250" or "552");
            acknowledged += afterData && replies[i].StartsWith("250", StringComparison.Ordinal) ? 1 : 0;
            Property.Holds(!replies[i - 1].StartsWith("221", StringComparison.Ordinal), "a reply after QUIT's");
        }

        Property.Equal(acknowledged, messages.Count, "messages");
    }

    private sealed class Server : Dispatcher
    {
        public Server(EventLoop loop)
            : base(null, loop)
        {
            CreateSocket();
            Bind(_address);
            Listen();
        }

        public Queue<SmtpProbe> Sessions { get; } = new();

        protected override void HandleAccepted(AcceptedChannel accepted) =>
            Sessions.Enqueue(new SmtpProbe(accepted, SizeLimit));
    }
}
