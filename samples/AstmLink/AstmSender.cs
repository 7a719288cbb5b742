using System.Net.Sockets;
using Asyncore;

/// <summary>
/// The sending end: asks for the line, sends messages frame by frame, each when the one before was acknowledged, and
/// closes. What it listens for changes with what it has said.
/// </summary>
internal class AstmSender : AstmChat
{
    private const int MaxNoise = 1024;
    private const int MaxEnquiries = 10;

    private static readonly byte[][] _repliesToEnq = [[Astm.Ack], [Astm.Nak], [Astm.Enq]];
    private static readonly byte[][] _repliesToFrame = [[Astm.Ack], [Astm.Nak], [Astm.Eot]];

    private readonly Queue<byte[]> _messages;
    private readonly int _maxText;
    private Phase _phase;
    private AstmFrame _frame;
    private int _offset;
    private int _enquiries;
    private int _retransmissions;
    private bool _interrupted;

    /// <param name="messages">The messages, at least one, without restricted characters.</param>
    /// <param name="maxText">The longest text of a frame that the receiver takes.</param>
    /// <param name="loop">The loop; null for the default one.</param>
    public AstmSender(IEnumerable<byte[]> messages, int maxText = Astm.MaxText, EventLoop? loop = null)
        : base(null, loop, MaxNoise)
    {
        _messages = new Queue<byte[]>(messages);
        _maxText = maxText;
        MaxLineLength = MaxNoise - 1; // a peer that says so much, and no reply in it, speaks something else
    }

    private enum Phase
    {
        Connecting,
        Enquiring,
        Sending,
        Resting,
        Done,
    }

    /// <summary>Whether we are the host, which gives way to an instrument when both say ENQ.</summary>
    public bool IsHost { get; init; }

    /// <summary>Whether no more is to be done: all was acknowledged, or <see cref="Failure"/> tells why not.</summary>
    public bool IsDone => _phase == Phase.Done;

    /// <summary>Why not everything was acknowledged.</summary>
    public string? Failure { get; private set; }

    /// <summary>How many messages have not been acknowledged.</summary>
    public int Left => _messages.Count;

    protected override void HandleConnect() => Enquire();

    protected override void HandleConnectFailed(SocketException error)
    {
        GiveUp($"no connection: {error.Message}");
        Close();
    }

    protected override void HandleClose()
    {
        GiveUp(CloseReason?.Message ?? "the peer has closed the connection");
        base.HandleClose();
    }

    protected override void FoundTerminator()
    {
        // What has come with the reply was said before our next frame, and so is no answer to it.
        DiscardInputBuffers();
        switch (_phase, LastByte)
        {
            case (Phase.Enquiring, Astm.Ack):
                _enquiries = 0;
                _interrupted = false;
                SetTerminators(_repliesToFrame);
                SendNext(number: 1);
                break;
            case (Phase.Enquiring, Astm.Nak):
                Rest(Astm.BusyTime);
                break;
            case (Phase.Enquiring, Astm.Enq):
                Rest(IsHost ? Astm.HostContentionTime : Astm.InstrumentContentionTime);
                break;
            case (Phase.Sending, Astm.Nak):
                SendAgain();
                break;
            case (Phase.Sending, var reply):
                _interrupted |= reply == Astm.Eot; // which acknowledges, too
                GoOn();
                break;
            case (Phase.Resting, Astm.Enq):
                Say(Astm.Nak); // this program does not receive
                break;
        }
    }

    private void Enquire()
    {
        _phase = Phase.Enquiring;
        _enquiries++;
        SetTerminators(_repliesToEnq);
        WaitForPeer(Astm.ReplyTime, () => Stop("no reply to ENQ"));
        Say(Astm.Enq);
    }

    private void Rest(TimeSpan time)
    {
        if (_enquiries == MaxEnquiries)
        {
            GiveUp($"the receiver was not ready, {MaxEnquiries} times");
            CloseWhenDone();
            return;
        }

        _phase = Phase.Resting;
        SetTerminator(Astm.Enq);
        WaitInAnyCase(time, Enquire);
    }

    private void SendNext(int number)
    {
        ReadOnlyMemory<byte> rest = _messages.Peek().AsMemory(_offset);
        bool isLast = rest.Length <= _maxText;
        _frame = new AstmFrame(number, isLast ? rest : rest[.._maxText], isLast);
        _retransmissions = 0;
        SendFrame();
    }

    private void SendAgain()
    {
        if (_retransmissions++ < Astm.MaxRetransmissions)
        {
            SendFrame();
        }
        else
        {
            Stop($"frame {_frame.Number} was refused {_retransmissions} times");
        }
    }

    private void SendFrame()
    {
        _phase = Phase.Sending;
        WaitForPeer(Astm.ReplyTime, () => Stop($"no reply to frame {_frame.Number}"));
        Push(_frame.Encode());
    }

    private void GoOn()
    {
        _offset += _frame.Text.Length;
        if (_frame.IsLast)
        {
            _messages.Dequeue();
            _offset = 0;
        }

        if (_messages.Count == 0)
        {
            Stop(null);
        }
        else if (_interrupted && _offset == 0) // between messages, so that nothing has to be sent twice
        {
            Say(Astm.Eot);
            Rest(Astm.InterruptTime);
        }
        else
        {
            SendNext(AstmFrame.Next(_frame.Number));
        }
    }

    private void Stop(string? failure)
    {
        GiveUp(failure);
        Say(Astm.Eot);
        CloseWhenDone();
        WaitInAnyCase(Astm.ReplyTime, Abort); // a peer that does not even take the EOT
    }

    private void GiveUp(string? failure)
    {
        if (_phase != Phase.Done)
        {
            _phase = Phase.Done;
            Failure = failure;
            ClearTerminator();
        }
    }
}
