using System.Net;

namespace Asyncore.Tests.Fuzz;

/// <summary>The other end of a connection on a simulated network: keeps what it is sent until that has ended.</summary>
internal sealed class PlainEnd : DispatcherWithSend
{
    private readonly MemoryStream _received = new();

    public PlainEnd(AcceptedChannel accepted)
        : base(accepted)
    {
    }

    public PlainEnd(EventLoop loop, EndPoint address)
        : base(null, loop) => Connect(address);

    /// <summary>Whether the stream has ended in order.</summary>
    public bool HasEnded { get; private set; }

    public byte[] Received => _received.ToArray();

    protected override void HandleConnect()
    {
    }

    protected override void HandleRead() => _received.Write(Receive());

    protected override void HandleClose()
    {
        HasEnded = CloseReason is null;
        Close();
    }
}
