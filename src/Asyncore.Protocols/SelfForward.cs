using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>Whether a forwarder would connect to itself: each connection makes the next, until descriptors run out.</summary>
internal static class SelfForward
{
    /// <param name="listening">Where the forwarder listens.</param>
    /// <param name="remote">Where it connects to. Of names, only those of this machine are known without asking.</param>
    public static bool Happens(EndPoint listening, EndPoint remote)
    {
        return (listening, remote) switch
        {
            (IPEndPoint here, IPEndPoint there) => there.Port == here.Port && Reaches(there.Address, here.Address),
            (IPEndPoint here, DnsEndPoint name) => name.Port == here.Port && Reaches(name, here.Address),
            _ => listening.Equals(remote),
        };
    }

    private static bool Reaches(IPAddress target, IPAddress listening)
    {
        target = Plain(target);
        listening = Plain(listening);
        if (target.AddressFamily != listening.AddressFamily)
        {
            return false; // a listener on :: takes no IPv4 connections
        }

        target = target.Equals(IPAddress.Any) ? IPAddress.Loopback
            : target.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback // so connect(2) takes them
            : target;
        return target.Equals(listening) || (IsAny(listening) && (IPAddress.IsLoopback(target) || IsLocal(target)));
    }

    // Every other name is resolved for each connection, which is too late to refuse it, and too slow to do here.
    private static bool Reaches(DnsEndPoint name, IPAddress listening)
    {
        string host = name.Host.TrimEnd('.');
        bool isLoopback = host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase); // RFC 6761, section 6.3
        bool isThisMachine = isLoopback || host.Equals(Dns.GetHostName(), StringComparison.OrdinalIgnoreCase);
        IPAddress plain = Plain(listening);
        return IsAny(plain) ? isThisMachine
            : isLoopback && (plain.Equals(IPAddress.Loopback) || plain.Equals(IPAddress.IPv6Loopback));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    // Not by binding to it: a machine may be set up to bind addresses that it does not have yet.
    private static bool IsLocal(IPAddress address)
    {
        try
        {
            return IPGlobalProperties.GetIPGlobalProperties().GetUnicastAddresses()
                .Any(each => each.Address.GetAddressBytes().SequenceEqual(address.GetAddressBytes())); // in any scope
        }
        catch (Exception error) when (error is NetworkInformationException or PlatformNotSupportedException)
        {
            return false; // nobody can tell; then it is as it was
        }
    }
}
