using System.Globalization;
using System.Net;
using System.Text;
using Asyncore.Testing;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Fuzz;

/// <summary>The sample AstmLink's receiver, whatever is said to it and however that is cut, against a model.</summary>
internal sealed class AstmTarget : FuzzTarget
{
    public const int MaxText = 40;
    public const int MaxMessage = 100;

    private const int Port = 7;

    private static readonly IPEndPoint _address = new(IPAddress.Loopback, Port);
    private static readonly string[] _quiet = ["info", "warning"];

    private readonly SimulatedNetwork _network = new();
    private readonly EventLoop _loop;
    private readonly Queue<PlainEnd> _peers = new(); // what the receivers say, in the order in which they have connected

    public AstmTarget()
        : base("Astm")
    {
        _loop = _network.CreateLoop(options: Quiet);
        _ = new PlainListener(_loop, Port, accepted => _peers.Enqueue(new PlainEnd(accepted)));
    }

    public override int Check(byte[] input, Random random)
    {
        (string replies, List<string> messages) =
            AstmModel.Run(Encoding.Latin1.GetString(input), MaxText, MaxMessage);
        List<string> whole = Hear([input]);
        List<string> cut = Hear(Cuts.Of(input, random));
        _network.RunUntil(() => HaveEnded(2) && _network.OpenSockets == 1);
        Property.EqualItems(messages, whole, "messages");
        Property.EqualItems(messages, cut, "messages in pieces");
        Property.Equal(replies, NextReplies(), "replies");
        Property.Equal(replies, NextReplies(), "replies in pieces");
        return messages.Count;
    }

    public override void Dispose() => _network.Dispose();

    // Half of them with checksums that are right, so that more than those decides.
    protected override byte[] Change(byte[] kept, Random random)
    {
        byte[] input = Mutate(kept, random);
        if (random.Next(2) == 0)
        {
            SetChecksums(input);
        }

        return input;
    }

    private static void SetChecksums(Span<byte> input)
    {
        byte sum = 0;
        for (int i = 0; i < input.Length - 2; i++)
        {
            sum = input[i] == Astm.Stx ? (byte)0 : unchecked((byte)(sum + input[i]));
            if (input[i] is Astm.Etx or Astm.Etb)
            {
                sum.TryFormat(input[(i + 1)..], out _, "X2", CultureInfo.InvariantCulture);
            }
        }
    }

    // It is still connecting: what it says waits until it has.
    private List<string> Hear(IEnumerable<byte[]> pieces)
    {
        List<string> stored = [];
        var receiver = new AstmReceiver(
            null, message => stored.Add(Encoding.Latin1.GetString(message)), MaxText, _loop)
        {
            MaxMessage = MaxMessage,
            IgnoreLogTypes = _quiet,
        };
        receiver.Connect(_address);
        foreach (byte[] piece in pieces)
        {
            receiver.Pull(piece);
            Property.Holds(receiver.PeekData().Length <= MaxText + AstmFrame.Overhead + 1);
        }

        receiver.CloseWhenDone();
        return stored;
    }

    private bool HaveEnded(int count) => _peers.Count == count && _peers.All(static each => each.HasEnded);

    private string NextReplies() => Encoding.Latin1.GetString(_peers.Dequeue().Received);
}
