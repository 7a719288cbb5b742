using System.Net;

namespace Asyncore.Protocols;

/// <summary>A TCP server that sends back what it is sent (RFC 862).</summary>
public class EchoServer : Dispatcher
{
    /// <summary>Listens; <see cref="Dispatcher.Address"/> tells where.</summary>
    /// <param name="address">Where to listen; port 0 picks a free one.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be bound.</exception>
    public EchoServer(EndPoint address, EventLoop? loop = null)
        : base(null, loop) => this.ListenOn(address);

    /// <summary>Serves a connection with an <see cref="EchoHandler"/>.</summary>
    /// <param name="accepted">The connection.</param>
    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new EchoHandler(accepted);

    /// <summary>A connection that could not be set up costs itself and one line in the log, not the listener.</summary>
    /// <param name="error">What was thrown.</param>
    protected override void HandleError(Exception error)
    {
        if (this.Outlives(error))
        {
            LogInfo($"a connection to {Address} failed: {error.Message}", "error");
        }
        else
        {
            base.HandleError(error);
        }
    }
}
