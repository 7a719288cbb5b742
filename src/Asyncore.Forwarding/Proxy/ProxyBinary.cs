using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace Asyncore.Forwarding;

/// <summary>Version 2 of the PROXY protocol, which is binary (proxy-protocol.txt, section 2.2).</summary>
internal static class ProxyBinary
{
    private const int CommandAt = 12;
    private const int FamilyAt = 13;
    private const int LengthAt = 14;

    // Of a type-length-value: the type, and two bytes of length.
    private const int TlvLength = 3;
    private const byte Crc32CType = 0x03;

    private static readonly UnixDomainSocketEndPoint _anyUnix = new("/");

    /// <summary>Parses what is no line of version 1.</summary>
    /// <param name="data">All bytes so far.</param>
    /// <param name="header">Null as long as the header is not complete.</param>
    /// <param name="consumed">The header's length, where it is complete.</param>
    /// <returns>What is wrong, if anything.</returns>
    public static string? Parse(ReadOnlySpan<byte> data, out ProxyHeader? header, out int consumed)
    {
        header = null;
        consumed = 0;
        if (CheckFixed(data) is { } problem)
        {
            return problem;
        }

        if (data.Length < ProxyFormat.FixedLength || data.Length < TotalLength(data))
        {
            return null;
        }

        data = data[..TotalLength(data)];
        if (IsLocal(data))
        {
            // Where its addresses would end, and its TLVs begin, nobody knows.
            header = new ProxyHeader { Version = ProxyVersion.V2, IsLocal = true };
        }
        else if (CheckTlvs(data) is { } wrong)
        {
            return wrong;
        }
        else
        {
            header = ParseAddresses(data[FamilyAt], data[ProxyFormat.FixedLength..]);
        }

        consumed = data.Length;
        return null;
    }

    private static int TotalLength(ReadOnlySpan<byte> data) =>
        ProxyFormat.FixedLength + BinaryPrimitives.ReadUInt16BigEndian(data[LengthAt..]);

    private static bool IsLocal(ReadOnlySpan<byte> data) =>
        data[CommandAt] == ProxyFormat.Local || (data[FamilyAt] & 0xF0) == 0 || (data[FamilyAt] & 0x0F) == 0;

    /// <summary>What cannot become right any more in the part of a fixed length, cut off anywhere.</summary>
    private static string? CheckFixed(ReadOnlySpan<byte> data)
    {
        if (!ProxyFormat.Agree(data, ProxyFormat.Signature))
        {
            return "no signature of a PROXY header";
        }

        if (data.Length > CommandAt && data[CommandAt] is not (ProxyFormat.Local or ProxyFormat.Proxy))
        {
            return data[CommandAt] >> 4 == ProxyFormat.Local >> 4
                ? "command other than LOCAL and PROXY"
                : "binary header of another version than 2";
        }

        // Of a local connection the family is ignored.
        bool hasFamily = data.Length > FamilyAt && data[CommandAt] == ProxyFormat.Proxy;
        string? problem = hasFamily ? CheckFamily(data[FamilyAt]) : null;
        return problem ?? (data.Length > LengthAt ? CheckLength(data) : null);
    }

    private static string? CheckFamily(byte family)
    {
        const int Unix = 3;
        const int Stream = 1;
        const int Datagram = 2;

        return family >> 4 > Unix ? "unknown family of addresses"
            : (family & 0x0F) <= Stream ? null
            : (family & 0x0F) == Datagram ? "addresses of datagrams"
            : "unknown transport";
    }

    private static string? CheckLength(ReadOnlySpan<byte> data)
    {
        // The first of its two bytes may already be too much.
        bool isWhole = data.Length >= ProxyFormat.FixedLength;
        int total = isWhole ? TotalLength(data) : ProxyFormat.FixedLength + (data[LengthAt] << 8);
        if (total > ProxyHeaderParser.MaxLength)
        {
            return "header of more than 4096 bytes";
        }

        return isWhole && !IsLocal(data) && total < TlvsAt(data) ? "length too short for the addresses" : null;
    }

    private static int TlvsAt(ReadOnlySpan<byte> data) =>
        ProxyFormat.FixedLength + ProxyFormat.AddressLength(data[FamilyAt]);

    /// <summary>What is wrong with what follows the addresses of a whole header.</summary>
    /// <remarks>
    /// Not earlier, when the TLV that is wrong has come: walking all of them again with every byte that comes would
    /// make a sender of single bytes costly.
    /// </remarks>
    private static string? CheckTlvs(ReadOnlySpan<byte> header)
    {
        bool hasChecksum = false;
        int at = TlvsAt(header);
        while (at < header.Length)
        {
            ReadOnlySpan<byte> rest = header[at..];
            int length = rest.Length < TlvLength ? int.MaxValue : BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            if (length > rest.Length - TlvLength)
            {
                return "TLV that ends behind the header";
            }

            if (rest[0] == Crc32CType)
            {
                if (length != sizeof(uint) || hasChecksum)
                {
                    return hasChecksum ? "second CRC32C" : "CRC32C that has not 4 bytes";
                }

                hasChecksum = true;
                if (BinaryPrimitives.ReadUInt32BigEndian(rest[TlvLength..]) != Checksum(header, at + TlvLength))
                {
                    return "wrong CRC32C";
                }
            }

            at += TlvLength + length;
        }

        return null;
    }

    /// <summary>The CRC32C of the header, with zeros in place of it itself (section 2.2.3).</summary>
    private static uint Checksum(ReadOnlySpan<byte> header, int at)
    {
        uint crc = Add(uint.MaxValue, header[..at]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Add(crc, header[(at + sizeof(uint))..]);

        static uint Add(uint crc, ReadOnlySpan<byte> bytes)
        {
            foreach (byte each in bytes)
            {
                crc = BitOperations.Crc32C(crc, each);
            }

            return crc;
        }
    }

    private static ProxyHeader ParseAddresses(byte family, ReadOnlySpan<byte> block)
    {
        (EndPoint? source, EndPoint? destination) = family switch
        {
            ProxyFormat.TcpOverIPv4 => Internet(block, ProxyFormat.IPv4Length),
            ProxyFormat.TcpOverIPv6 => Internet(block, ProxyFormat.IPv6Length),
            _ => (Unix(block), Unix(block[ProxyFormat.UnixPathLength..])),
        };
        return new ProxyHeader { Version = ProxyVersion.V2, Source = source, Destination = destination };
    }

    private static (EndPoint Source, EndPoint Destination) Internet(ReadOnlySpan<byte> block, int length)
    {
        ReadOnlySpan<byte> ports = block[(2 * length)..];
        return (
            new IPEndPoint(new IPAddress(block[..length]), BinaryPrimitives.ReadUInt16BigEndian(ports)),
            new IPEndPoint(
                new IPAddress(block[length..(2 * length)]),
                BinaryPrimitives.ReadUInt16BigEndian(ports[sizeof(ushort)..])));
    }

    private static EndPoint? Unix(ReadOnlySpan<byte> block)
    {
        // unix(7): a path ends at its first NUL. The name of an abstract socket begins with one, and may have more;
        // those at its end cannot be told from padding.
        ReadOnlySpan<byte> path = block[..ProxyFormat.UnixPathLength];
        int nul = path.IndexOf((byte)0);
        path = nul == 0 ? path.TrimEnd((byte)0) : nul > 0 ? path[..nul] : path;
        if (path.IsEmpty)
        {
            return null;
        }

        // Not by its constructor, which takes text, while a path is any bytes.
        var address = new SocketAddress(AddressFamily.Unix, ProxyFormat.UnixPathAt + path.Length);
        path.CopyTo(address.Buffer.Span[ProxyFormat.UnixPathAt..]);
        return _anyUnix.Create(address);
    }
}
