using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Asyncore.Cli;

/// <summary><c>HOST:PORT</c> as it stands on a command line; an IPv6 address is in brackets.</summary>
internal sealed record HostPort(string Host, int Port)
{
    /// <summary>Reads it from a command line; what is wrong is said with the name of the option or argument.</summary>
    public static HostPort? Parse(ArgumentResult result, string name, int? defaultPort = null)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
        if (TryParse(text, defaultPort) is { } parsed)
        {
            return parsed;
        }

        string form = defaultPort is null ? "HOST:PORT" : "HOST or HOST:PORT";
        result.AddError($"{name}: '{text}' is not {form}, with a port from 0 to 65535");
        return null;
    }

    /// <param name="text">What to read. Where the port must be given, an empty host is every IPv4 address.</param>
    /// <param name="defaultPort">The port where none is given; null where one must be.</param>
    public static HostPort? TryParse(string text, int? defaultPort = null)
    {
        if (defaultPort is { } itself && !text.StartsWith('[') && IPAddress.TryParse(text, out _))
        {
            return new HostPort(text, itself); // also ::1, which has colons and no port
        }

        if (Split(text) is not var (host, portText) || (host.Length == 0 && defaultPort is not null))
        {
            return null;
        }

        int? port = portText is null ? defaultPort
            : ushort.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out ushort given) ? given
            : null;
        return port is { } number ? new HostPort(host, number) : null;
    }

    private const int LongestName = 253; // RFC 1035, section 2.3.4; the resolver throws something else above it

    /// <summary>The address of this machine to listen at.</summary>
    /// <exception cref="SocketException">The name is unknown.</exception>
    public IPEndPoint ToLocal() => new(
        Host.Length == 0 ? IPAddress.Any
        : IPAddress.TryParse(Host, out IPAddress? literal) ? literal
        : Host.Length > LongestName ? throw new SocketException((int)SocketError.HostNotFound)
        : Dns.GetHostAddresses(Host)[0],
        Port);

    /// <summary>The address of another machine, or the name as it is.</summary>
    public EndPoint ToRemote() =>
        IPAddress.TryParse(Host, out IPAddress? literal) ? new IPEndPoint(literal, Port) : new DnsEndPoint(Host, Port);

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    private static (string Host, string? Port)? Split(string text)
    {
        if (text.StartsWith('['))
        {
            int end = text.IndexOf(']');
            string host = end < 0 ? string.Empty : text[1..end];
            bool isSix = IPAddress.TryParse(host, out IPAddress? six)
                && six.AddressFamily == AddressFamily.InterNetworkV6;
            return !isSix ? null
                : end == text.Length - 1 ? (host, null)
                : text[end + 1] == ':' ? (host, text[(end + 2)..])
                : null;
        }

        int colon = text.LastIndexOf(':');
        string name = colon < 0 ? text : text[..colon];
        return name.AsSpan().ContainsAny(":[] ") ? null : (name, colon < 0 ? null : text[(colon + 1)..]);
    }
}
