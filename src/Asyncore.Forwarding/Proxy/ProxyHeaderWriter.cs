using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Unicode;

namespace Asyncore.Forwarding;

/// <summary>Writes PROXY headers, for TCP and Unix sockets (haproxy.org, proxy-protocol.txt, section 2).</summary>
internal static class ProxyHeaderWriter
{
    /// <summary>The size of a buffer that always suffices: version 2 with the paths of Unix sockets.</summary>
    public const int MaxLength = ProxyFormat.FixedLength + (2 * ProxyFormat.UnixPathLength);

    /// <summary>Writes a header.</summary>
    /// <param name="buffer">Where to; of <see cref="MaxLength"/> at least.</param>
    /// <param name="version">Which; nothing is written for <see cref="ProxyVersion.None"/>.</param>
    /// <param name="source">Who connected; null where it has no address.</param>
    /// <param name="destination">What it connected to; null where that has no address.</param>
    /// <remarks>
    /// Addresses that are both IPv4, also as IPv6 has them (::ffff:1.2.3.4), are written as IPv4; where one alone is, it
    /// is mapped. What the version has no place for is left out, and the connection said to be UNKNOWN or LOCAL.
    /// </remarks>
    /// <returns>The bytes written.</returns>
    /// <exception cref="ArgumentException">The buffer is too small.</exception>
    public static int Write(Span<byte> buffer, ProxyVersion version, EndPoint? source, EndPoint? destination)
    {
        if (buffer.Length < MaxLength)
        {
            throw new ArgumentException($"A PROXY header needs a buffer of {MaxLength} bytes.", nameof(buffer));
        }

        return version switch
        {
            ProxyVersion.None => 0,
            ProxyVersion.V1 => WriteLine(buffer, source, destination),
            ProxyVersion.V2 => WriteBinary(buffer, source, destination),
            _ => throw new ArgumentOutOfRangeException(nameof(version)),
        };
    }

    private static int WriteLine(Span<byte> buffer, EndPoint? source, EndPoint? destination)
    {
        if (source is not IPEndPoint from || destination is not IPEndPoint to)
        {
            return Append(buffer, 0, "PROXY UNKNOWN\r\n"u8);
        }

        (IPAddress fromAddress, IPAddress toAddress) = OfOneFamily(from.Address, to.Address);
        int length = Append(buffer, 0, ProxyFormat.LineSignature);
        bool isIPv4 = fromAddress.AddressFamily == AddressFamily.InterNetwork;
        length = Append(buffer, length, isIPv4 ? ProxyFormat.Tcp4 : ProxyFormat.Tcp6);
        length += WriteAddress(buffer[length..], fromAddress);
        length = Append(buffer, length, " "u8);
        length += WriteAddress(buffer[length..], toAddress);
        CultureInfo invariant = CultureInfo.InvariantCulture;
        _ = Utf8.TryWrite(buffer[length..], invariant, $" {from.Port} {to.Port}\r\n", out int written);
        return length + written;
    }

    private static int Append(Span<byte> buffer, int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(buffer[at..]);
        return at + text.Length;
    }

    private static int WriteAddress(Span<byte> buffer, IPAddress address)
    {
        _ = address.TryFormat(buffer, out int length);
        int last = buffer[..length].LastIndexOf((byte)':') + 1;
        if (last == 0 || !buffer[last..length].Contains((byte)'.'))
        {
            return length;
        }

        // The specification knows groups of hexadecimal digits alone, and no 1.2.3.4 at the end of them.
        Span<byte> bytes = stackalloc byte[ProxyFormat.IPv6Length];
        _ = address.TryWriteBytes(bytes, out _);
        ushort high = BinaryPrimitives.ReadUInt16BigEndian(bytes[^4..]);
        ushort low = BinaryPrimitives.ReadUInt16BigEndian(bytes[^2..]);
        _ = Utf8.TryWrite(buffer[last..], CultureInfo.InvariantCulture, $"{high:x}:{low:x}", out int written);
        return last + written;
    }

    private static int WriteBinary(Span<byte> buffer, EndPoint? source, EndPoint? destination)
    {
        Span<byte> block = buffer[ProxyFormat.FixedLength..];
        if (source is IPEndPoint from && destination is IPEndPoint to)
        {
            byte family = WriteInternet(block, from, to);
            return WriteFixed(buffer, ProxyFormat.Proxy, family, ProxyFormat.AddressLength(family));
        }

        bool fits = (source is null or UnixDomainSocketEndPoint) && (destination is null or UnixDomainSocketEndPoint);
        bool isNamed = fits && WritePath(block, source) | WritePath(block[ProxyFormat.UnixPathLength..], destination);
        return isNamed
            ? WriteFixed(buffer, ProxyFormat.Proxy, ProxyFormat.UnixStream, 2 * ProxyFormat.UnixPathLength)
            : WriteFixed(buffer, ProxyFormat.Local, 0, 0);
    }

    private static int WriteFixed(Span<byte> buffer, byte command, byte family, int length)
    {
        int at = Append(buffer, 0, ProxyFormat.Signature);
        buffer[at] = command;
        buffer[at + 1] = family;
        BinaryPrimitives.WriteUInt16BigEndian(buffer[(at + 2)..], (ushort)length);
        return ProxyFormat.FixedLength + length;
    }

    private static byte WriteInternet(Span<byte> block, IPEndPoint source, IPEndPoint destination)
    {
        (IPAddress from, IPAddress to) = OfOneFamily(source.Address, destination.Address);
        _ = from.TryWriteBytes(block, out int length);
        _ = to.TryWriteBytes(block[length..], out _);
        Span<byte> ports = block[(2 * length)..];
        BinaryPrimitives.WriteUInt16BigEndian(ports, (ushort)source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(ports[sizeof(ushort)..], (ushort)destination.Port);
        return length == ProxyFormat.IPv4Length ? ProxyFormat.TcpOverIPv4 : ProxyFormat.TcpOverIPv6;
    }

    /// <summary>Writes a path, padded with NULs, and says whether there is any.</summary>
    private static bool WritePath(Span<byte> block, EndPoint? address)
    {
        block[..ProxyFormat.UnixPathLength].Clear();
        if (address is null)
        {
            return false;
        }

        SocketAddress raw = address.Serialize();
        ReadOnlySpan<byte> path = raw.Buffer.Span[..raw.Size];
        path = path[Math.Min(ProxyFormat.UnixPathAt, path.Length)..];
        path = path[..Math.Min(path.Length, ProxyFormat.UnixPathLength)];
        path.CopyTo(block);
        return path.ContainsAnyExcept((byte)0);
    }

    private static (IPAddress Source, IPAddress Destination) OfOneFamily(IPAddress source, IPAddress destination)
    {
        if (IsIPv4(source) && IsIPv4(destination))
        {
            return (source.MapToIPv4(), destination.MapToIPv4());
        }

        return (AsIPv6(source), AsIPv6(destination));
    }

    private static bool IsIPv4(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6;

    // The scope of a link-local address is a number of this system alone.
    private static IPAddress AsIPv6(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? address.MapToIPv6()
            : address.ScopeId == 0 ? address
            : new IPAddress(address.GetAddressBytes());
}
