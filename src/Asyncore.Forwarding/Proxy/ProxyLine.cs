using System.Buffers;
using System.Net;

namespace Asyncore.Forwarding;

/// <summary>Version 1 of the PROXY protocol: a line of text (proxy-protocol.txt, section 2.1).</summary>
internal static class ProxyLine
{
    private static readonly SearchValues<byte> _ofAddressesAndPorts =
        SearchValues.Create("0123456789ABCDEFabcdef:. "u8);

    /// <summary>Parses what begins as such a line.</summary>
    /// <param name="data">All bytes so far.</param>
    /// <param name="header">Null as long as the line is not complete.</param>
    /// <param name="consumed">The line's length, where it is complete.</param>
    /// <returns>What is wrong, if anything.</returns>
    public static string? Parse(ReadOnlySpan<byte> data, out ProxyHeader? header, out int consumed)
    {
        header = null;
        consumed = 0;

        // The last byte of the longest line is its LF.
        ReadOnlySpan<byte> line = data[..Math.Min(data.Length, ProxyFormat.MaxLineLength - 1)];
        int end = line.IndexOfAny((byte)'\r', (byte)'\n');
        line = end < 0 ? line : line[..end];
        ReadOnlySpan<byte> rest = line[Math.Min(line.Length, ProxyFormat.LineSignature.Length)..];
        if (CheckBeginning(rest) is { } problem)
        {
            return problem;
        }

        if (end < 0)
        {
            return line.Length < ProxyFormat.MaxLineLength - 1 ? null : "line without an end in its first 107 bytes";
        }

        if (data[end] != '\r' || (data.Length > end + 1 && data[end + 1] != '\n'))
        {
            return "line that does not end in CR LF";
        }

        if (data.Length == end + 1)
        {
            return null;
        }

        consumed = end + 2;
        string? wrong = ParseRest(rest, out header);
        consumed = wrong is null ? consumed : 0;
        return wrong;
    }

    /// <summary>What cannot become right any more in what follows the signature, cut off anywhere.</summary>
    private static string? CheckBeginning(ReadOnlySpan<byte> rest)
    {
        if (ProxyFormat.Agree(rest, ProxyFormat.Tcp4) || ProxyFormat.Agree(rest, ProxyFormat.Tcp6))
        {
            int word = Math.Min(rest.Length, ProxyFormat.Tcp4.Length);
            return rest[word..].ContainsAnyExcept(_ofAddressesAndPorts)
                ? "character that belongs to no address or port"
                : null;
        }

        int length = ProxyFormat.Unknown.Length;
        bool isUnknown = ProxyFormat.Agree(rest, ProxyFormat.Unknown) && (rest.Length <= length || rest[length] == ' ');
        return isUnknown ? null : "protocol other than TCP4, TCP6 and UNKNOWN";
    }

    private static string? ParseRest(ReadOnlySpan<byte> rest, out ProxyHeader? header)
    {
        header = null;
        if (rest.StartsWith(ProxyFormat.Unknown))
        {
            header = new ProxyHeader { Version = ProxyVersion.V1, IsLocal = true };
            return null;
        }

        bool isIPv4 = rest.StartsWith(ProxyFormat.Tcp4);
        if (!isIPv4 && !rest.StartsWith(ProxyFormat.Tcp6))
        {
            return "line that ends within the protocol";
        }

        rest = rest[ProxyFormat.Tcp4.Length..];
        if (ParseAddress(Field(ref rest), isIPv4) is not { } source)
        {
            return isIPv4 ? "source that is no IPv4 address" : "source that is no IPv6 address";
        }

        if (ParseAddress(Field(ref rest), isIPv4) is not { } destination)
        {
            return isIPv4 ? "destination that is no IPv4 address" : "destination that is no IPv6 address";
        }

        if (!TryParsePort(Field(ref rest), out int sourcePort))
        {
            return "source port that is no number from 0 to 65535";
        }

        // All that is left: another space or field does not go unseen.
        if (!TryParsePort(rest, out int destinationPort))
        {
            return "destination port that is no number from 0 to 65535";
        }

        header = new ProxyHeader
        {
            Version = ProxyVersion.V1,
            Source = new IPEndPoint(source, sourcePort),
            Destination = new IPEndPoint(destination, destinationPort),
        };
        return null;
    }

    /// <summary>What precedes the next space, which is dropped; all where there is none.</summary>
    private static ReadOnlySpan<byte> Field(ref ReadOnlySpan<byte> rest)
    {
        int space = rest.IndexOf((byte)' ');
        ReadOnlySpan<byte> field = space < 0 ? rest : rest[..space];
        rest = space < 0 ? default : rest[(space + 1)..];
        return field;
    }

    private static IPAddress? ParseAddress(ReadOnlySpan<byte> text, bool isIPv4) =>
        isIPv4 ? ParseIPv4(text) : ParseIPv6(text);

    // IPAddress takes "1.2.3", "010.0.0.1" and "1" too.
    private static IPAddress? ParseIPv4(ReadOnlySpan<byte> text)
    {
        Span<byte> address = stackalloc byte[ProxyFormat.IPv4Length];
        for (int i = 0; i < address.Length; i++)
        {
            int dot = i < address.Length - 1 ? text.IndexOf((byte)'.') : text.Length;
            if (dot < 0 || !TryParseNumber(text[..dot], byte.MaxValue, out int number))
            {
                return null;
            }

            address[i] = (byte)number;
            text = i < address.Length - 1 ? text[(dot + 1)..] : default;
        }

        return new IPAddress(address);
    }

    // Its characters have been checked: no brackets, no scope. What is beyond the specification is an IPv4 address at
    // the end, which inet_ntop(3) writes and so do those who use it.
    private static IPAddress? ParseIPv6(ReadOnlySpan<byte> text)
    {
        int last = text.LastIndexOf((byte)':') + 1;
        bool isStrict = last > 0 && (!text.Contains((byte)'.') || ParseIPv4(text[last..]) is not null);
        return isStrict && IPAddress.TryParse(text, out IPAddress? address) ? address : null;
    }

    private static bool TryParsePort(ReadOnlySpan<byte> text, out int port) =>
        TryParseNumber(text, ushort.MaxValue, out port);

    private static bool TryParseNumber(ReadOnlySpan<byte> text, int most, out int number)
    {
        const int MostDigits = 5;

        number = 0;
        bool hasLeadingZero = text.Length > 1 && text[0] == '0';
        if (text.Length is 0 or > MostDigits || hasLeadingZero || text.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        foreach (byte digit in text)
        {
            number = (number * 10) + (digit - '0');
        }

        return number <= most;
    }
}
