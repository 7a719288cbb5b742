using System.Net.Sockets;
using Asyncore;

/// <summary>The receiving end: answers every frame, and puts messages together.</summary>
internal class AstmReceiver : AstmChat
{
    private static readonly byte[][] _endsOfFrames = [[Astm.Cr, Astm.Lf], [Astm.Eot], [Astm.Enq]];

    private readonly Action<byte[]> _store;
    private readonly int _maxText;
    private readonly MemoryStream _message = new();
    private int? _accepted;
    private bool _wantsLine;

    /// <param name="socket">The connection.</param>
    /// <param name="store">
    /// Takes a message, which is safe once this returns: only then is its last frame acknowledged. One that throws
    /// <see cref="IOException"/> has the frame refused.
    /// </param>
    /// <param name="maxText">The longest text of a frame that is taken.</param>
    /// <param name="loop">The loop; null for the default one.</param>
    public AstmReceiver(
        Socket? socket, Action<byte[]> store, int maxText = Astm.MaxTextOfLis1, EventLoop? loop = null)
        : base(socket, loop, MaxItem(maxText))
    {
        _store = store;
        _maxText = maxText;
        End();
    }

    /// <param name="accepted">The connection.</param>
    /// <param name="store">As above.</param>
    /// <param name="maxText">As above.</param>
    public AstmReceiver(AcceptedChannel accepted, Action<byte[]> store, int maxText = Astm.MaxTextOfLis1)
        : base(accepted, MaxItem(maxText))
    {
        _store = store;
        _maxText = maxText;
        End();
    }

    /// <summary>Whether a sender has the line: it said ENQ, and not yet EOT.</summary>
    public bool IsReceiving { get; private set; }

    /// <summary>The longest message that is taken; a frame that would make it longer is refused.</summary>
    public int MaxMessage { get; init; } = 16 * 1024 * 1024;

    /// <summary>Asks the sender for the line: the next frame that is accepted is answered by EOT, not ACK.</summary>
    public void Interrupt() => _wantsLine = true;

    protected override void CollectIncomingData(ReadOnlySpan<byte> data)
    {
        base.CollectIncomingData(data);
        if (!IsReceiving)
        {
            ClearData(); // nobody has asked for the line: whatever is said means nothing, until ENQ
        }
    }

    protected override void FoundTerminator()
    {
        byte[] item = GetData();
        switch (LastByte)
        {
            case Astm.Enq:
                Begin();
                break;
            case Astm.Eot:
                End();
                break;
            default:
                Say(Answer(item));
                break;
        }
    }

    protected override void HandleClose()
    {
        End(); // half a message is none
        base.HandleClose();
    }

    // Also where a session is open: a sender that asks anew has given the old one up.
    private void Begin()
    {
        IsReceiving = true;
        _accepted = null;
        Forget();
        SetTerminators(_endsOfFrames);
        WaitForPeer(Astm.FrameTime, End);
        Say(Astm.Ack);
    }

    private void End()
    {
        IsReceiving = false;
        Forget();
        ClearData(); // of a frame that was cut short
        SetTerminator(Astm.Enq);
        StopWaiting();
    }

    private byte Answer(byte[] item)
    {
        string? wrong = AstmFrame.Decode(item, _maxText, out AstmFrame frame);
        if (wrong is null && frame.Number != _accepted) // a repeated one: our answer was lost; say it again
        {
            wrong = Accept(frame);
        }

        if (wrong is not null)
        {
            LogInfo($"a frame is refused: {wrong}");
            return Astm.Nak;
        }

        bool interrupts = _wantsLine;
        _wantsLine = false;
        return interrupts ? Astm.Eot : Astm.Ack;
    }

    private string? Accept(AstmFrame frame)
    {
        int expected = AstmFrame.Next(_accepted ?? 0);
        if (frame.Number != expected)
        {
            return $"its number is {frame.Number}, not {expected}";
        }

        if (frame.Text.Length > MaxMessage - _message.Length)
        {
            return $"the message is longer than {MaxMessage} bytes";
        }

        long before = _message.Length;
        _message.Write(frame.Text.Span);
        try
        {
            if (frame.IsLast)
            {
                _store(_message.ToArray());
                Forget();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _message.SetLength(before); // the frame will come again
            return $"the message cannot be stored: {error.Message}";
        }

        _accepted = frame.Number;
        return null;
    }

    // The one too many, by which it is known to be too long.
    private static int MaxItem(int maxText) => maxText + AstmFrame.Overhead + 1;

    private void Forget()
    {
        _message.SetLength(0);
        _message.Capacity = 0; // a link that is silent owns no memory
    }
}

internal class AstmServer : Dispatcher
{
    private readonly Action<byte[]> _store;

    public AstmServer(string host, int port, Action<byte[]> store, EventLoop? loop = null)
        : base(null, loop)
    {
        _store = store;
        CreateSocket(host.Contains(':') ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        SetReuseAddr();
        Bind(host, port);
        Listen(5);
    }

    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new AstmReceiver(accepted, _store);
}
