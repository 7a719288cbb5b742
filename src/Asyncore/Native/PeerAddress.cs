using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Asyncore;

/// <summary>
/// A peer's address as accept(2) gave it, kept as bytes: turning it into an <see cref="EndPoint"/> allocates, and
/// most servers never ask.
/// </summary>
internal struct PeerAddress
{
    private const int Capacity = 28; // sockaddr_in6, the larger of the two IP forms

    private EndPoint? _known;
    private Bytes _bytes;
    private byte _length;

    /// <summary>
    /// It is not here: a Unix path that does not fit, or nobody has asked the system yet, which knows it as long as the
    /// connection is open.
    /// </summary>
    public bool IsElsewhere { get; set; }

    public void Set(ReadOnlySpan<byte> address)
    {
        // Not worth room in every connection: clients rarely bind a path.
        IsElsewhere = address.Length > Capacity;
        _length = address.Length <= Capacity ? (byte)address.Length : (byte)0;
        address[.._length].CopyTo(_bytes);
    }

    public void Set(EndPoint? address) => _known = address;

    public readonly EndPoint? ToEndPoint() => _known ?? (_length == 0 ? null : Decode(((ReadOnlySpan<byte>)_bytes)[.._length]));

    /// <summary>A sockaddr in the system's own layout as an <see cref="EndPoint"/>; null where it names nothing.</summary>
    public static EndPoint? Decode(ReadOnlySpan<byte> address)
    {
        if (address.Length <= 2)
        {
            return null; // an unnamed Unix socket
        }

        EndPoint template = BitConverter.ToUInt16(address) switch
        {
            Libc.AF_INET => new IPEndPoint(IPAddress.Any, 0),
            Libc.AF_INET6 => new IPEndPoint(IPAddress.IPv6Any, 0),
            Libc.AF_UNIX => new UnixDomainSocketEndPoint("."),
            _ => throw new SocketException((int)SocketError.AddressFamilyNotSupported),
        };
        AddressFamily family = template.AddressFamily;
        var raw = new SocketAddress(family, address.Length);
        address.CopyTo(raw.Buffer.Span);
        return template.Create(raw);
    }

    [InlineArray(Capacity)]
    private struct Bytes
    {
        private byte _first;
    }
}
