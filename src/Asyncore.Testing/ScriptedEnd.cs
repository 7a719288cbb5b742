using System.Net.Sockets;

namespace Asyncore.Testing;

/// <summary>The channel of a <see cref="SimulatedClient"/>: what it is told before it is connected is done when it is.</summary>
internal sealed class ScriptedEnd : DispatcherWithSend
{
    private readonly List<byte[]> _early = [];
    private bool _ends;
    private bool _closes;

    public ScriptedEnd(EventLoop loop)
        : base(null, loop) => Begin();

    public ScriptedEnd(AcceptedChannel accepted)
        : base(accepted) => Begin();

    /// <summary>What has come and was not taken yet.</summary>
    public ByteQueue Received { get; } = new();

    /// <summary>Whether the other end has ended its stream in order.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Whether there is no connection any more, or never was one.</summary>
    public bool IsOver { get; private set; }

    public SocketError? ConnectError { get; private set; }

    /// <summary>Why it is over.</summary>
    public Exception? Reason { get; private set; }

    public void SendSoon(ReadOnlySpan<byte> data)
    {
        if (_ends || _closes)
        {
            throw new InvalidOperationException("It has ended its stream: what is sent now would go nowhere.");
        }

        if (Connected)
        {
            Send(data);
        }
        else if (!IsOver)
        {
            _early.Add(data.ToArray());
        }
    }

    public void EndSoon()
    {
        _ends = true;
        if (Connected)
        {
            ShutdownSend();
        }
    }

    public void CloseSoon()
    {
        _closes = true;
        if (Connected || IsOver)
        {
            Close();
        }
    }

    protected internal override void HandleConnect()
    {
        _early.ForEach(each => Send(each));
        _early.Clear();
        if (_ends)
        {
            ShutdownSend();
        }

        if (_closes)
        {
            Close();
        }
    }

    protected internal override void HandleRead() => Received.Append(Receive());

    protected internal override void HandleEndOfStream() => HasEnded = true;

    protected internal override void HandleConnectFailed(SocketException error)
    {
        ConnectError = error.SocketErrorCode;
        Finish(error);
    }

    protected internal override void HandleClose() => Finish(CloseReason);

    private void Begin()
    {
        AllowHalfOpen = true;
        SendBound = int.MaxValue; // a close drops nothing of what was sent, however much it is
    }

    private void Finish(Exception? reason)
    {
        Reason = reason;
        IsOver = true;
        Close();
    }
}
