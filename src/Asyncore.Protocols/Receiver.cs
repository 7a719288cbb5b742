using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>
/// The client's side of a forwarded connection. It is not read before its <see cref="Sender"/> is connected.
/// </summary>
public class Receiver : RelayChannel
{
    /// <summary>Takes a connection.</summary>
    /// <param name="accepted">The connection; make a <see cref="Protocols.Sender"/> for it next.</param>
    public Receiver(AcceptedChannel accepted)
        : base(accepted) => Hold(RelayHold.Connect);

    /// <summary>Takes a connection that has been accepted as a socket.</summary>
    /// <param name="socket">The connection, which belongs to the channel from here on.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    public Receiver(Socket socket, EventLoop? loop = null)
        : base(socket, loop) => Hold(RelayHold.Connect);

    /// <summary>The server's side; null before it has been made.</summary>
    public Sender? Sender => Other as Sender;
}
