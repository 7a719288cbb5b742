using System.Net;
using System.Net.Sockets;

namespace Asyncore.Tests.Interop;

/// <summary>Who ends a conversation's directions in which order.</summary>
internal enum Manners
{
    /// <summary>We speak, end our side, and listen until the other ends.</summary>
    SpeakFirst,

    /// <summary>We listen until the other ends its side, then speak and close.</summary>
    ListenFirst,

    /// <summary>We speak, and close when as much has come back.</summary>
    Echoed,
}

/// <summary>A client of ours that sends something and keeps what comes.</summary>
internal sealed class Talker : DispatcherWithSend
{
    private readonly ReadOnlyMemory<byte> _data;
    private readonly Manners _manners;
    private readonly MemoryStream _received = new();

    public Talker(EndPoint address, ReadOnlyMemory<byte> data, Manners manners, EventLoop loop)
        : base(null, loop)
    {
        _data = data;
        _manners = manners;
        AllowHalfOpen = true;
        Connect(address);
    }

    public byte[] Received => _received.ToArray();

    /// <summary>Whether it has ended, well or badly.</summary>
    public bool IsDone { get; private set; }

    public Exception? Error { get; private set; }

    public override void Close()
    {
        base.Close();
        IsDone = true;
    }

    protected override void HandleConnect()
    {
        if (_manners != Manners.ListenFirst)
        {
            Speak();
        }
    }

    protected override void HandleConnectFailed(SocketException error)
    {
        Error = error;
        Close();
    }

    protected override void HandleRead()
    {
        _received.Write(Receive());
        if (_manners == Manners.Echoed && _received.Length >= _data.Length)
        {
            Close();
        }
    }

    protected override void HandleEndOfStream()
    {
        if (_manners == Manners.ListenFirst)
        {
            Speak();
            return;
        }

        Error = _manners == Manners.Echoed ? new EndOfStreamException() : null;
        Close();
    }

    protected override void HandleClose()
    {
        Error = CloseReason;
        Close();
    }

    private void Speak()
    {
        Send(_data.Span);
        if (_manners != Manners.Echoed)
        {
            ShutdownSend();
        }
    }
}
