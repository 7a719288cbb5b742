using System.Net;
using System.Net.Sockets;

namespace Asyncore.Forwarding;

/// <summary>What a proxy says of a connection that it relays (haproxy.org, proxy-protocol.txt, section 2).</summary>
public sealed record ProxyHeader
{
    /// <summary>How it was written.</summary>
    public required ProxyVersion Version { get; init; }

    /// <summary>
    /// Whether the addresses of the connection itself hold: it is the proxy's own (LOCAL), or the proxy does not say
    /// whose it is (UNKNOWN, AF_UNSPEC). There are no others then.
    /// </summary>
    public bool IsLocal { get; init; }

    /// <summary>
    /// Who connected to the proxy: an <see cref="IPEndPoint"/>, or a <see cref="UnixDomainSocketEndPoint"/>, whose path
    /// may have any characters in it, unprintable ones too; null for a Unix socket without a name.
    /// </summary>
    public EndPoint? Source { get; init; }

    /// <summary>What the other connected to, as <see cref="Source"/> is.</summary>
    public EndPoint? Destination { get; init; }
}
