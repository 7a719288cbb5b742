using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Version 2 of the PROXY protocol, as proxy-protocol.txt has it in section 2.2.</summary>
public class ProxyBinaryTests
{
    private const string NoSignature = "no signature of a PROXY header";
    private const string NoVersion = "binary header of another version than 2";
    private const string NoCommand = "command other than LOCAL and PROXY";
    private const string NoFamily = "unknown family of addresses";
    private const string NoTransport = "unknown transport";
    private const string Datagrams = "addresses of datagrams";
    private const string TooLong = "header of more than 4096 bytes";
    private const string TooShort = "length too short for the addresses";

    private const byte Tcp4 = 0x11;
    private const byte Tcp6 = 0x21;
    private const byte Unix = 0x31;

    [Theory]
    [InlineData(
        "0D0A0D0A000D0A515549540A" + "21" + "11" + "000C" + "C0A80001" + "C0A8000B" + "DC04" + "01BB",
        "192.168.0.1:56324",
        "192.168.0.11:443")]
    [InlineData(
        "0D0A0D0A000D0A515549540A" + "21" + "11" + "000C" + "00000000" + "FFFFFFFF" + "0000" + "FFFF",
        "0.0.0.0:0",
        "255.255.255.255:65535")]
    [InlineData(
        "0D0A0D0A000D0A515549540A" + "21" + "21" + "0024"
        + "20010DB8000000000000000000000001" + "FE800000000000000000000000000002" + "D431" + "0050",
        "[2001:db8::1]:54321",
        "[fe80::2]:80")]
    [InlineData(
        "0D0A0D0A000D0A515549540A" + "21" + "21" + "0024"
        + "00000000000000000000FFFF01020304" + "00000000000000000000000000000000" + "0001" + "0002",
        "[::ffff:1.2.3.4]:1",
        "[::]:2")]
    public void Addresses_and_ports(string hex, string source, string destination)
    {
        ProxyHeader header = ProxyScene.Complete(Convert.FromHexString(hex));
        Assert.Equal(ProxyVersion.V2, header.Version);
        Assert.False(header.IsLocal);
        Assert.Equal(ProxyScene.EndPoint(source), header.Source);
        Assert.Equal(ProxyScene.EndPoint(destination), header.Destination);
    }

    [Theory]
    [InlineData("/run/a", "/run/b")]
    [InlineData("relative", "/")]
    [InlineData("\0abstract", "\0with\0more")]
    [InlineData("", "/only/one")]
    [InlineData("/only/one", "")]
    [InlineData("", "")]
    public void Paths_of_Unix_sockets(string source, string destination)
    {
        ProxyHeader header = ProxyScene.Complete(UnixHeader(ProxyScene.Bytes(source), ProxyScene.Bytes(destination)));
        Assert.False(header.IsLocal);
        Assert.Equal(source == "" ? null : new UnixDomainSocketEndPoint(source), header.Source);
        Assert.Equal(destination == "" ? null : new UnixDomainSocketEndPoint(destination), header.Destination);
    }

    [Fact]
    public void A_path_may_take_all_its_room_and_be_no_text()
    {
        byte[] longest = [.. Enumerable.Repeat((byte)0xFE, 108)];
        byte[] longestAbstract = [0, .. Enumerable.Repeat((byte)'x', 107)];
        ProxyHeader header = ProxyScene.Complete(UnixHeader(longest, longestAbstract));
        Assert.Equal(longest, RawPath(header.Source));
        Assert.Equal(longestAbstract, RawPath(header.Destination));
    }

    [Fact]
    public void A_path_ends_at_its_first_NUL()
    {
        ProxyHeader header = ProxyScene.Complete(UnixHeader("/a\0left behind"u8.ToArray(), "/b\0"u8.ToArray()));
        Assert.Equal(new UnixDomainSocketEndPoint("/a"), header.Source);
        Assert.Equal(new UnixDomainSocketEndPoint("/b"), header.Destination);
    }

    [Theory]
    [InlineData(0x00, 0)]
    [InlineData(0x00, 1)]
    [InlineData(0x00, 36)]
    [InlineData(0x11, 0)]
    [InlineData(0x11, 12)]
    [InlineData(0x11, 30)]
    [InlineData(0x12, 12)]
    [InlineData(0x21, 5)]
    [InlineData(0x31, 216)]
    [InlineData(0xFF, 3)]
    [InlineData(0x11, 4080)]
    public void All_of_a_local_connection_is_skipped(byte family, int length)
    {
        // 0xFF: as addresses or TLVs they would be no good.
        byte[] block = [.. Enumerable.Repeat((byte)0xFF, length)];
        ProxyHeader header = ProxyScene.Complete(ProxyScene.Binary(ProxyScene.Local, family, block));
        Assert.Equal(new ProxyHeader { Version = ProxyVersion.V2, IsLocal = true }, header);
    }

    [Theory]
    [InlineData(0x00, 0)]
    [InlineData(0x00, 50)]
    [InlineData(0x01, 12)]
    [InlineData(0x10, 0)]
    [InlineData(0x10, 12)]
    [InlineData(0x20, 1)]
    [InlineData(0x30, 300)]
    public void Where_family_or_transport_is_unspecified_the_addresses_of_the_connection_hold(byte family, int length)
    {
        byte[] block = [.. Enumerable.Repeat((byte)0xFF, length)];
        ProxyHeader header = ProxyScene.Complete(ProxyScene.Binary(ProxyScene.Proxy, family, block));
        Assert.Equal(new ProxyHeader { Version = ProxyVersion.V2, IsLocal = true }, header);
    }

    [Fact]
    public void Another_signature_is_seen_at_its_first_wrong_byte()
    {
        byte[] right = ProxyScene.Binary(ProxyScene.Proxy, Tcp4, new byte[12]);
        for (int at = 0; at < 12; at++)
        {
            byte[] wrong = [.. right];
            wrong[at] ^= 0x20;
            Assert.Equal((NoSignature, at + 1), ProxyScene.Invalid(wrong));
        }
    }

    [Fact]
    public void Other_versions_and_commands_are_refused()
    {
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            byte[] bytes = ProxyScene.Binary((byte)value, Tcp4, new byte[12]);
            if (value is ProxyScene.Proxy or ProxyScene.Local)
            {
                _ = ProxyScene.Complete(bytes);
                continue;
            }

            Assert.Equal((value >> 4 == 2 ? NoCommand : NoVersion, 13), ProxyScene.Invalid(bytes));
        }
    }

    [Fact]
    public void Other_families_and_transports_are_refused()
    {
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            // Zeros behind the addresses are TLVs too.
            byte[] bytes = ProxyScene.Binary(ProxyScene.Proxy, (byte)value, new byte[216]);
            string? problem = value >> 4 > 3 ? NoFamily
                : (value & 0x0F) > 2 ? NoTransport
                : (value & 0x0F) == 2 ? Datagrams
                : null;
            if (problem is null)
            {
                _ = ProxyScene.Complete(bytes);
                continue;
            }

            Assert.Equal((problem, 14), ProxyScene.Invalid(bytes));
        }
    }

    [Theory]
    [InlineData(Tcp4, 0)]
    [InlineData(Tcp4, 11)]
    [InlineData(Tcp6, 12)]
    [InlineData(Tcp6, 35)]
    [InlineData(Unix, 0)]
    [InlineData(Unix, 36)]
    [InlineData(Unix, 215)]
    public void A_length_below_that_of_the_addresses(byte family, int length)
    {
        byte[] bytes = ProxyScene.BinaryOf(ProxyScene.Proxy, family, length, new byte[216]);
        Assert.Equal((TooShort, 16), ProxyScene.Invalid(bytes));
    }

    [Theory]
    [InlineData(ProxyScene.Proxy, Tcp4, 4081, 16)]
    [InlineData(ProxyScene.Proxy, Tcp4, 4095, 16)]
    [InlineData(ProxyScene.Proxy, Tcp4, 4096, 15)]
    [InlineData(ProxyScene.Proxy, Tcp6, 65535, 15)]
    [InlineData(ProxyScene.Proxy, 0x00, 65535, 15)]
    [InlineData(ProxyScene.Local, 0x00, 4081, 16)]
    [InlineData(ProxyScene.Local, 0x00, 65535, 15)]
    public void A_header_of_more_than_4096_bytes_is_not_waited_for(byte command, byte family, int length, int seen)
    {
        Assert.Equal((TooLong, seen), ProxyScene.Invalid(ProxyScene.BinaryOf(command, family, length)));
    }

    [Fact]
    public void A_header_of_4096_bytes()
    {
        byte[] block = new byte[4080];
        (block[12], block[13], block[14]) = (0x04, 0x0F, 0xE1); // a NOOP of 4065 bytes
        byte[] bytes = ProxyScene.Binary(ProxyScene.Proxy, Tcp4, block);
        Assert.Equal(ProxyHeaderParser.MaxLength, bytes.Length);
        Assert.Equal(ProxyScene.EndPoint("0.0.0.0:0"), ProxyScene.Complete(bytes).Source);
    }

    [Fact]
    public void Nothing_is_allocated_before_the_header_is_complete()
    {
        byte[] bytes = ProxyScene.WithTlvs("040010" + new string('0', 32));
        Assert.Equal(0, Allocations.Least(rounds: 10, () => Allocations.Of(() =>
        {
            for (int length = 0; length < bytes.Length; length++)
            {
                _ = ProxyHeaderParser.Parse(bytes.AsSpan(0, length), out _, out _, out _);
            }
        })));
    }

    private static byte[] UnixHeader(byte[] source, byte[] destination)
    {
        byte[] block = new byte[216];
        source.CopyTo(block, 0);
        destination.CopyTo(block, 108);
        return ProxyScene.Binary(ProxyScene.Proxy, Unix, block);
    }

    private static byte[] RawPath(EndPoint? address)
    {
        Assert.NotNull(address);
        SocketAddress raw = address.Serialize();
        return raw.Buffer.Span[2..raw.Size].ToArray();
    }
}
