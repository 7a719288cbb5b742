using System.Net.Sockets;
using Asyncore;

/// <summary>
/// What the two ends of a link share: one timer, which every byte that comes sets back, and items that are kept with
/// the terminator that ended them, because that byte is what was said.
/// </summary>
internal abstract class AstmChat : AsyncChat
{
    private readonly int _maxItem;
    private TimerHandle? _timer;
    private bool _isPatient;

    /// <param name="socket">The connection; null where one is still to be made.</param>
    /// <param name="loop">The loop; null for the default one.</param>
    /// <param name="maxItem">How much is kept of what came before a terminator.</param>
    protected AstmChat(Socket? socket, EventLoop? loop, int maxItem)
        : base(socket, loop)
    {
        _maxItem = maxItem;
        Begin();
    }

    /// <param name="accepted">The connection.</param>
    /// <param name="maxItem">How much is kept of what came before a terminator.</param>
    protected AstmChat(AcceptedChannel accepted, int maxItem)
        : base(accepted)
    {
        _maxItem = maxItem;
        Begin();
    }

    /// <summary>The last byte that has come; in <see cref="AsyncChat.FoundTerminator"/> the terminator's.</summary>
    protected byte LastByte { get; private set; }

    /// <summary>The channel closes, and nothing is waited for any more.</summary>
    public override void Close()
    {
        StopWaiting();
        base.Close();
    }

    // Here, and not where data is delivered: a CR that may begin a terminator is kept until the next byte has come.
    protected override void HandleRead()
    {
        if (_isPatient)
        {
            _timer?.Reset();
        }

        base.HandleRead();
    }

    // Not by MaxLineLength: FoundTerminator is not called for an item that is too long, and what ended it may be EOT.
    protected override void CollectIncomingData(ReadOnlySpan<byte> data)
    {
        LastByte = data[^1];
        int room = _maxItem - PeekData().Length;
        base.CollectIncomingData(data[..Math.Min(data.Length, room)]);
    }

    /// <summary>One of the bytes that the link is spoken in.</summary>
    protected void Say(byte control) => Push([control]);

    /// <summary>Waits for the peer: the action runs when it has said nothing for so long.</summary>
    protected void WaitForPeer(TimeSpan time, Action action) => SetTimer(time, action, isPatient: true);

    /// <summary>Runs the action after this time, whatever the peer says until then.</summary>
    protected void WaitInAnyCase(TimeSpan time, Action action) => SetTimer(time, action, isPatient: false);

    /// <summary>Nothing is waited for any more.</summary>
    protected void StopWaiting()
    {
        _timer?.Cancel();
        _timer = null;
    }

    private void Begin()
    {
        StripTerminator = false;
        OutBufferLimit = 256 * 1024; // a peer that talks and does not listen to the replies
    }

    private void SetTimer(TimeSpan time, Action action, bool isPatient)
    {
        StopWaiting();
        _isPatient = isPatient;
        _timer = Loop.CallLater(time, action);
    }
}
