namespace Asyncore.Forwarding;

/// <summary>The constants of the PROXY protocol (proxy-protocol.txt, sections 2.1 and 2.2).</summary>
internal static class ProxyFormat
{
    /// <summary>The longest line of version 1, its end included.</summary>
    public const int MaxLineLength = 107;

    /// <summary>What precedes the addresses in version 2.</summary>
    public const int FixedLength = 16;

    public const byte Local = 0x20;
    public const byte Proxy = 0x21;

    public const byte TcpOverIPv4 = 0x11;
    public const byte TcpOverIPv6 = 0x21;
    public const byte UnixStream = 0x31;

    public const int IPv4Length = 4;
    public const int IPv6Length = 16;
    public const int UnixPathLength = 108;

    /// <summary>Where it is in a <see cref="System.Net.SocketAddress"/>, as in the system's own sockaddr_un.</summary>
    public const int UnixPathAt = 2;

    public static ReadOnlySpan<byte> LineSignature => "PROXY "u8;

    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    public static ReadOnlySpan<byte> Tcp4 => "TCP4 "u8;

    public static ReadOnlySpan<byte> Tcp6 => "TCP6 "u8;

    public static ReadOnlySpan<byte> Unknown => "UNKNOWN"u8;

    /// <summary>The bytes of the addresses, and of the ports where there are any, of both ends.</summary>
    /// <param name="family">One of the three above.</param>
    public static int AddressLength(byte family) => family switch
    {
        TcpOverIPv4 => 2 * (IPv4Length + sizeof(ushort)),
        TcpOverIPv6 => 2 * (IPv6Length + sizeof(ushort)),
        _ => 2 * UnixPathLength,
    };

    /// <summary>Whether two agree as far as both go.</summary>
    public static bool Agree(ReadOnlySpan<byte> data, ReadOnlySpan<byte> expected)
    {
        int length = Math.Min(data.Length, expected.Length);
        return data[..length].SequenceEqual(expected[..length]);
    }
}
