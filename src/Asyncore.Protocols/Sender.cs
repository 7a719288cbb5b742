using System.Net;
using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>The server's side of a forwarded connection.</summary>
public class Sender : RelayChannel
{
    /// <summary>Connects to the server, on the client's loop.</summary>
    /// <param name="receiver">The client's side.</param>
    /// <param name="remote">The server; a <see cref="DnsEndPoint"/> is resolved without holding the loop.</param>
    /// <exception cref="InvalidOperationException">The client's side has another sender already.</exception>
    public Sender(Receiver receiver, EndPoint remote)
        : base(null, (receiver ?? throw new ArgumentNullException(nameof(receiver))).Loop)
    {
        ArgumentNullException.ThrowIfNull(remote);
        Remote = remote;
        Pair(receiver);
        Connect(remote);
    }

    /// <summary>The client's side.</summary>
    public Receiver Receiver => (Receiver)Other!;

    /// <summary>The server that was asked for.</summary>
    public EndPoint Remote { get; }

    /// <summary>There is somebody now to take what the client says.</summary>
    protected override void HandleConnect() => Receiver.Release(RelayHold.Connect);

    /// <summary>The server cannot be reached: one line in the log, and the client is closed.</summary>
    /// <param name="error">Why.</param>
    protected override void HandleConnectFailed(SocketException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        LogInfo($"cannot connect to {Remote.Text()}: {error.Message}", "error");
        Receiver.Finish(reset: false);
    }
}
