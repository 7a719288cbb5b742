using System.Net;
using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>
/// A TCP port forwarder: every connection that comes in is joined to a new one that goes out, by a
/// <see cref="Receiver"/> and a <see cref="Sender"/> back to back. See <see cref="RelayChannel"/> for how ends, resets
/// and sides of different speed are passed on.
/// </summary>
public class Forwarder : Dispatcher
{
    private const int DefaultBacklog = 1024; // the classic five would make a burst of clients wait a second each

    /// <summary>Listens on a port of this machine.</summary>
    /// <param name="ip">An address or name of this machine, or <c>""</c> for every IPv4 address.</param>
    /// <param name="port">Where to listen; 0 picks a free one, which <see cref="Dispatcher.Address"/> tells.</param>
    /// <param name="remoteIp">Where to connect to; a name is resolved for each connection.</param>
    /// <param name="remotePort">The port there.</param>
    /// <param name="backlog">How many connections may wait to be accepted.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="SocketException">The name is unknown, or the address cannot be bound.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A port is not from 0 to 65535.</exception>
    /// <exception cref="ArgumentException">It would forward to itself.</exception>
    public Forwarder(
        string ip,
        int port,
        string remoteIp,
        int remotePort,
        int backlog = DefaultBacklog,
        EventLoop? loop = null)
        : this(FindLocal(ip, port), FindRemote(remoteIp, remotePort), backlog, loop)
    {
    }

    /// <summary>Listens at an address.</summary>
    /// <param name="address">Where to listen; port 0 picks a free one.</param>
    /// <param name="remote">
    /// Where to connect to; a <see cref="DnsEndPoint"/> is resolved for each connection, without holding the loop.
    /// </param>
    /// <param name="backlog">How many connections may wait to be accepted.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    /// <exception cref="ArgumentException">
    /// It would forward to itself: <paramref name="remote"/> is an address that it listens at, as far as that can be
    /// told without resolving a name.
    /// </exception>
    public Forwarder(EndPoint address, EndPoint remote, int backlog = DefaultBacklog, EventLoop? loop = null)
        : base(null, loop)
    {
        ArgumentNullException.ThrowIfNull(remote);
        Remote = remote;
        this.ListenOn(address, backlog);
        RefuseItself(); // the port may be known only now
    }

    /// <summary>Where connections are forwarded to.</summary>
    public EndPoint Remote { get; }

    /// <summary>Joins a connection to a new one to <see cref="Remote"/>.</summary>
    /// <param name="accepted">The connection.</param>
    protected override void HandleAccepted(AcceptedChannel accepted)
    {
        var receiver = new Receiver(accepted);
        try
        {
            _ = new Sender(receiver, Remote);
        }
        catch
        {
            receiver.Close(); // a client without anybody to talk to
            throw;
        }
    }

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

    // Each connection would make another, to itself, until the process has no descriptors left.
    private void RefuseItself()
    {
        if (Address is { } listening && SelfForward.Happens(listening, Remote))
        {
            Close();
            throw new ArgumentException(
                $"Forwarding from {listening.Text()} to {Remote.Text()} would connect to itself.", "remote");
        }
    }

    private static IPEndPoint FindLocal(string ip, int port)
    {
        ArgumentNullException.ThrowIfNull(ip);
        IPAddress? address = ip.Length == 0 ? IPAddress.Any : null;
        if (address is null && !IPAddress.TryParse(ip, out address))
        {
            address = ip.Length > 253 // RFC 1035, section 2.3.4
                ? throw new SocketException((int)SocketError.HostNotFound)
                : Dns.GetHostAddresses(ip)[0];
        }

        return new IPEndPoint(address, port);
    }

    private static EndPoint FindRemote(string host, int port) =>
        IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
}
