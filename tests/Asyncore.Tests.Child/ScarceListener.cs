using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;

namespace Asyncore.Tests.Child;

/// <summary>An echo listener that counts passes, with connections as <see cref="AcceptedChannel"/>.</summary>
internal class ScarceListener(EventLoop loop) : Dispatcher(socket: null, loop)
{
    public int Passes { get; set; }

    protected override bool Readable()
    {
        Passes++;
        return true;
    }

    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new EchoHandler(accepted);
}

/// <summary>The same, with connections as <see cref="Socket"/>.</summary>
internal class ScarceSocketListener(EventLoop loop) : ScarceListener(loop)
{
    protected override void HandleAccepted(AcceptedChannel accepted)
    {
        Socket socket = accepted.ToSocket();
        HandleAccepted(socket, accepted.Address);
    }

    protected override void HandleAccepted(Socket socket, EndPoint? address) => _ = new Echo(socket, Loop);

    private sealed class Echo(Socket socket, EventLoop loop) : DispatcherWithSend(socket, loop)
    {
        protected override void HandleRead() => Send(Receive());
    }
}

/// <summary>The same, one connection a call, as asyncore programs do that override handle_accept.</summary>
internal sealed class ScarceAcceptListener(EventLoop loop) : ScarceSocketListener(loop)
{
    protected override void HandleAccept()
    {
        if (Accept() is { } accepted)
        {
            HandleAccepted(accepted.Socket, accepted.Address);
        }
    }
}

/// <summary>
/// Each connection is sent more than the system takes, and reads on meanwhile; save the first, which wants nothing.
/// </summary>
internal sealed class StuckListener(EventLoop loop) : ScarceListener(loop)
{
    public const int Size = 400_000; // a Unix socket's buffer is half of that

    public int Heard { get; private set; }

    protected override void HandleAccepted(AcceptedChannel accepted)
    {
        var connection = new Connection(accepted, this);
        if (Loop.Channels.Count == 2)
        {
            connection.PauseReading();
        }
        else
        {
            connection.Send(new byte[Size]);
        }
    }

    private sealed class Connection(AcceptedChannel accepted, StuckListener listener) : DispatcherWithSend(accepted)
    {
        protected override void HandleRead() => listener.Heard += Receive().Length;

        protected override void HandleClose() => Close();
    }
}
