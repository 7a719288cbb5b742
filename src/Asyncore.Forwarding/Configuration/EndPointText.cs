using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Asyncore.Forwarding;

/// <summary>
/// End points as people write them: <c>HOST:PORT</c>, <c>[IPv6]:PORT</c>, <c>:PORT</c> for every IPv4 address to listen
/// at, <c>unix:PATH</c>, and <c>unix:@NAME</c> for an abstract Unix socket (unix(7)).
/// </summary>
public static class EndPointText
{
    private const string Unix = "unix:";
    private const string Forms = "HOST:PORT, [IPv6]:PORT or unix:PATH";
    private const int LongestName = 253; // RFC 1035, section 2.3.4, as text
    private const int LongestLabel = 63;

    // sun_path, less the zero that ends it: unix(7) on Linux and Windows, unix(4) on the others.
    private static readonly int _longestPath = OperatingSystem.IsLinux() || OperatingSystem.IsWindows() ? 107 : 103;

    /// <summary>Reads an end point.</summary>
    /// <param name="text">What to read.</param>
    /// <param name="listen">
    /// Whether it is to listen at: then the port may be 0 and the host may be left out, and of names only
    /// <c>localhost</c> is known, which is 127.0.0.1. Else a name becomes a <see cref="DnsEndPoint"/>.
    /// </param>
    /// <param name="endPoint">The end point.</param>
    /// <param name="problem">What is wrong with the text, in words that follow a name and a colon.</param>
    public static bool TryParse(
        string text, bool listen, [NotNullWhen(true)] out EndPoint? endPoint, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        endPoint = text.StartsWith(Unix, StringComparison.Ordinal)
            ? ParsePath(text, out problem)
            : ParseHostPort(text, listen, out problem);
        if (endPoint is not null)
        {
            problem = null;
            return true;
        }

        problem ??= $"{Shown.Quoted(text)} is not an address";
        return false;
    }

    /// <summary>An end point as <see cref="TryParse"/> reads it; every IPv4 address is <c>0.0.0.0</c>.</summary>
    /// <param name="endPoint">The end point.</param>
    public static string Format(EndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        return endPoint switch
        {
            DnsEndPoint name => string.Create(CultureInfo.InvariantCulture, $"{name.Host}:{name.Port}"),
            UnixDomainSocketEndPoint path => Unix + FormatPath(path),
            _ => endPoint.ToString() ?? string.Empty,
        };
    }

    /// <summary>
    /// An address as it is written out. What the system's parser takes besides, such as <c>127.1</c> and octal numbers,
    /// is more often a slip than meant.
    /// </summary>
    internal static IPAddress? ParseAddress(string text) =>
        text.AsSpan().ContainsAny("[]/") || !IPAddress.TryParse(text, out IPAddress? address) ? null
        : address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text ? address
        : null;

    private static UnixDomainSocketEndPoint? ParsePath(string text, out string? problem)
    {
        string path = text[Unix.Length..];
        bool isAbstract = path.StartsWith('@');
        string name = isAbstract ? path[1..] : path;
        int length = Encoding.UTF8.GetByteCount(name);
        problem = name.Length == 0 ? $"{Shown.Quoted(text)} has no path"
            : name.Contains('\0') ? $"{Shown.Quoted(text)} has a zero in its path"
            : length > _longestPath
                ? $"{Shown.Quoted(text)} has a path of {length} bytes; a Unix socket's has {_longestPath} at most"
            : null;
        return problem is null ? new UnixDomainSocketEndPoint(isAbstract ? '\0' + name : name) : null;
    }

    // A file whose name begins with @ is told from an abstract name by the path to it.
    private static string FormatPath(UnixDomainSocketEndPoint endPoint)
    {
        string path = endPoint.ToString();
        bool isFile = path.StartsWith('@') && !endPoint.Equals(new UnixDomainSocketEndPoint('\0' + path[1..]));
        return isFile ? "./" + path : path;
    }

    private static EndPoint? ParseHostPort(string text, bool listen, out string? problem)
    {
        if (text.Contains("://", StringComparison.Ordinal))
        {
            return Fail($"{Shown.Quoted(text)} is a URL; an address is {Forms}", out problem);
        }

        int colon = text.LastIndexOf(':');
        int bracket = text.LastIndexOf(']');
        if (colon < 0 || colon < bracket || text.Length == 0)
        {
            return Fail($"{Shown.Quoted(text)} has no port; an address is {Forms}", out problem);
        }

        string host = text[..colon];
        string port = text[(colon + 1)..];
        int least = listen ? 0 : 1;
        bool isPort = ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number);
        if (!isPort || number < least)
        {
            return Fail(
                host.StartsWith('[') || !host.Contains(':')
                    ? $"{Shown.Quoted(text)} does not end in a port from {least} to {IPEndPoint.MaxPort}"
                    : InBrackets(text),
                out problem);
        }

        return host switch
        {
            "" => ParseEmpty(text, listen, number, out problem),
            ['[', ..] => ParseSix(text, host, number, out problem),
            _ when host.Contains(':') => Fail(InBrackets(text), out problem),
            _ when ParseAddress(host) is { } four => Take(new IPEndPoint(four, number), out problem),
            _ when LooksLikeFour(host) => Fail($"{Shown.Quoted(host)} is not an IPv4 address", out problem),
            _ => ParseName(text, host, listen, number, out problem),
        };
    }

    private static EndPoint? ParseEmpty(string text, bool listen, int port, out string? problem) => listen
        ? Take(new IPEndPoint(IPAddress.Any, port), out problem)
        : Fail($"{Shown.Quoted(text)} has no host", out problem);

    private static EndPoint? ParseSix(string text, string host, int port, out string? problem)
    {
        bool isSix = host.EndsWith(']') && ParseAddress(host[1..^1]) is { AddressFamily: AddressFamily.InterNetworkV6 };
        return isSix
            ? Take(new IPEndPoint(ParseAddress(host[1..^1])!, port), out problem)
            : Fail($"{Shown.Quoted(text)} has no IPv6 address in its brackets", out problem);
    }

    private static EndPoint? ParseName(string text, string host, bool listen, int port, out string? problem) =>
        !IsName(host) ? Fail($"{Shown.Quoted(host)} is neither an address nor a host's name", out problem)
        : !listen ? Take(new DnsEndPoint(host, port), out problem)
        : host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            ? Take(new IPEndPoint(IPAddress.Loopback, port), out problem)
        : Fail($"{Shown.Quoted(text)} is a name; to listen takes an address of this machine", out problem);

    private static string InBrackets(string text) =>
        $"{Shown.Quoted(text)} has several colons; an IPv6 address is in brackets, as in [::1]:80";

    // No name ends in a number, so that addresses and names cannot be mistaken (RFC 3696, section 2).
    private static bool LooksLikeFour(string host)
    {
        string last = host.TrimEnd('.').Split('.')[^1];
        return IPAddress.TryParse(host, out _) || (last.Length > 0 && last.All(char.IsAsciiDigit));
    }

    private static bool IsName(string host)
    {
        string name = host.EndsWith('.') ? host[..^1] : host;
        return name.Length is > 0 and <= LongestName && name.Split('.').All(IsLabel);
    }

    // RFC 1123, section 2.1, and the underscore, which names inside of networks have all the same.
    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= LongestLabel
        && !label.StartsWith('-')
        && !label.EndsWith('-')
        && label.All(each => char.IsAsciiLetterOrDigit(each) || each is '-' or '_');

    private static EndPoint? Take(EndPoint endPoint, out string? problem)
    {
        problem = null;
        return endPoint;
    }

    private static EndPoint? Fail(string words, out string? problem)
    {
        problem = words;
        return null;
    }
}
