using Asyncore;

namespace ChatPeer;

/// <summary>Sends back each line in two pushes, as programs written for asynchat do.</summary>
internal sealed class LinesChat : AsyncChat
{
    private readonly Count _count;

    public LinesChat(AcceptedChannel accepted, Count count)
        : base(accepted)
    {
        _count = count;
        SetTerminator((byte)'\n');
    }

    protected override void FoundTerminator()
    {
        Push(PeekData());
        ClearData();
        Push("\n"u8);
        _count.Message();
    }
}
