using System.Net;
using System.Text;
using Asyncore.Testing;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// Sessions of the sample Smtpd that no client would have: replies are replies, messages whole, and cuts make no
/// difference.
/// </summary>
internal sealed class SmtpTarget : FuzzTarget
{
    public const int SizeLimit = 1000;

    private const int Port = 25;

    private static readonly IPEndPoint _address = new(IPAddress.Loopback, Port);

    private readonly SimulatedNetwork _network = new();
    private readonly EventLoop _loop;
    private readonly Queue<SmtpProbe> _sessions = new(); // in the order in which their clients have connected

    public SmtpTarget()
        : base("Smtp")
    {
        _loop = _network.CreateLoop(options: Quiet);
        _ = new PlainListener(_loop, Port, accepted => _sessions.Enqueue(new SmtpProbe(accepted, SizeLimit)));
    }

    // Both at once, which takes half of the passes.
    public override int Check(byte[] input, Random random)
    {
        var whole = new PlainEnd(_loop, _address);
        var cut = new PlainEnd(_loop, _address);
        _network.RunUntil(() => _sessions.Count == 2);
        SmtpProbe ofWhole = Talk(whole, [input]);
        SmtpProbe ofCut = Talk(cut, Cuts.Of(input, random));
        _network.RunUntil(() => whole.HasEnded && cut.HasEnded && _network.OpenSockets == 1);
        CheckOver(ofWhole);
        CheckOver(ofCut);

        string[] replies = SmtpReplies.Parse(whole.Received);
        CheckPlausible(replies, ofWhole.Stored);
        CheckSaid(input, ofWhole.Stored);
        Property.EqualItems(replies, SmtpReplies.Parse(cut.Received), "replies in pieces");
        Property.EqualItems(ofWhole.Stored, ofCut.Stored, "messages in pieces");
        return ofWhole.Stored.Count;
    }

    public override void Dispose() => _network.Dispose();

    private SmtpProbe Talk(PlainEnd client, IEnumerable<byte[]> pieces)
    {
        SmtpProbe session = _sessions.Dequeue();
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

    // Each message is so many lines of the input, of which a first dot is gone, up to a line that is a dot; in their order.
    private static void CheckSaid(byte[] input, IReadOnlyList<string> messages)
    {
        if (messages.Count == 0)
        {
            return;
        }

        string[] said = Encoding.Latin1.GetString(input).Split("\r\n");
        int next = 0;
        foreach (string message in messages)
        {
            string[] lines = message.Length == 0 ? [] : message[..^2].Split("\r\n");
            while (!IsAt(lines, said.AsSpan(next)))
            {
                next++;
                Property.Holds(next + lines.Length < said.Length, "nobody has said this message");
            }

            next += lines.Length + 1;
        }
    }

    private static bool IsAt(string[] lines, ReadOnlySpan<string> said)
    {
        if (lines.Length >= said.Length || said[lines.Length] != ".")
        {
            return false;
        }

        for (int i = 0; i < lines.Length; i++)
        {
            if (said[i] == "." || lines[i] != (said[i].StartsWith('.') ? said[i][1..] : said[i]))
            {
                return false;
            }
        }

        return true;
    }
}
