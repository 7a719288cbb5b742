using System.Net;

namespace Asyncore.Protocols;

/// <summary>A TCP server that tells every client the time (RFC 868), by the clock of its loop.</summary>
public class TimeServer : Dispatcher
{
    /// <summary>Listens on every IPv4 address of this machine.</summary>
    /// <param name="port">The port; 37 is the protocol's own, which needs privileges on many systems.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The port cannot be bound.</exception>
    public TimeServer(int port = 37, EventLoop? loop = null)
        : this(new IPEndPoint(IPAddress.Any, port), loop)
    {
    }

    /// <summary>Listens; <see cref="Dispatcher.Address"/> tells where.</summary>
    /// <param name="address">Where to listen; port 0 picks a free one.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be bound.</exception>
    public TimeServer(EndPoint address, EventLoop? loop = null)
        : base(null, loop) => this.ListenOn(address);

    /// <summary>Serves a connection with a <see cref="TimeChannel"/>.</summary>
    /// <param name="accepted">The connection.</param>
    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new TimeChannel(accepted);

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
