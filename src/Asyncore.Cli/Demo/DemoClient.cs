using System.Net;
using System.Net.Sockets;

namespace Asyncore.Cli.Demo;

/// <summary>Says one thing, ends its sending side, and hands over all that comes back.</summary>
internal sealed class DemoClient : DispatcherWithSend
{
    private readonly DemoStep _step;
    private readonly byte[] _request;
    private readonly Action<ReadOnlySpan<byte>> _answered;
    private readonly MemoryStream _answer = new();

    public DemoClient(
        DemoStep step, EndPoint server, byte[] request, Action<ReadOnlySpan<byte>> answered, EventLoop loop)
        : base(null, loop)
    {
        (_step, _request, _answered) = (step, request, answered);
        Connect(server);
    }

    protected override void HandleConnect()
    {
        Send(_request);
        ShutdownSend();
    }

    protected override void HandleRead() => _answer.Write(Receive());

    protected override void HandleClose()
    {
        Close();
        if (CloseReason is { } error)
        {
            _step.Fail(error.Message);
        }
        else
        {
            _answered(_answer.GetBuffer().AsSpan(0, (int)_answer.Length));
        }
    }

    protected override void HandleConnectFailed(SocketException error) => _step.Fail(error.Message);
}
