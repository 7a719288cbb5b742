using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>What is said of a connection, in both versions of the PROXY protocol (proxy-protocol.txt, section 2).</summary>
public class ProxyHeaderWriterTests
{
    private const string Unknown = "PROXY UNKNOWN\r\n";
    private const string Full6 = "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535";

    private static readonly byte[] _local = ProxyScene.Binary(ProxyScene.Local, 0x00);

    public static TheoryData<string, string> Pairs => new()
    {
        { "192.168.0.1:56324", "192.168.0.11:443" },
        { "0.0.0.0:0", "255.255.255.255:65535" },
        { "[2001:db8::1]:54321", "[fe80::2]:80" },
        { "[::]:0", "[::1]:1" },
        { Full6, Full6 },
        { "[1:0:0:2:0:0:0:3]:1", "[::1.2.3.4]:2" },
        { "[2001:db8::5efe:1.2.3.4]:1", "[::ffff:0:1.2.3.4]:2" },
        { "[2001:db8::5efe:0.0.3.4]:1", "[64:ff9b::1.2.3.4]:2" },
    };

    [Theory]
    [InlineData("192.168.0.1:56324", "192.168.0.11:443", "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n")]
    [InlineData("255.255.255.255:65535", "0.0.0.0:0", "PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n")]
    [InlineData("[2001:db8::1]:54321", "[fe80::2]:80", "PROXY TCP6 2001:db8::1 fe80::2 54321 80\r\n")]
    [InlineData("[::ffff:1.2.3.4]:1", "[::ffff:5.6.7.8]:2", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n")]
    [InlineData("[::ffff:1.2.3.4]:1", "5.6.7.8:2", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n")]
    [InlineData("1.2.3.4:1", "[::ffff:5.6.7.8]:2", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n")]
    [InlineData("1.2.3.4:1", "[::1]:2", "PROXY TCP6 ::ffff:102:304 ::1 1 2\r\n")]
    [InlineData("[::1]:1", "0.0.0.0:2", "PROXY TCP6 ::1 ::ffff:0:0 1 2\r\n")]
    [InlineData("[::1]:1", "[::ffff:10.0.0.255]:2", "PROXY TCP6 ::1 ::ffff:a00:ff 1 2\r\n")]
    [InlineData("[fe80::1%2]:1", "[fe80::2%2]:2", "PROXY TCP6 fe80::1 fe80::2 1 2\r\n")]
    public void A_line(string source, string destination, string expected)
    {
        byte[] line = Write(ProxyVersion.V1, source, destination);
        Assert.Equal(ProxyScene.Bytes(expected), line);
    }

    [Theory]
    [InlineData("192.168.0.1:56324", "192.168.0.11:443", "2111000C" + "C0A80001" + "C0A8000B" + "DC0401BB")]
    [InlineData("[::ffff:1.2.3.4]:1", "[::ffff:5.6.7.8]:65535", "2111000C" + "01020304" + "05060708" + "0001FFFF")]
    [InlineData("1.2.3.4:1", "[::ffff:5.6.7.8]:2", "2111000C" + "01020304" + "05060708" + "00010002")]
    [InlineData(
        "[2001:db8::1]:54321",
        "[fe80::2%7]:80",
        "21210024" + "20010DB8000000000000000000000001" + "FE800000000000000000000000000002" + "D4310050")]
    [InlineData(
        "1.2.3.4:1",
        "[::1]:2",
        "21210024" + "00000000000000000000FFFF01020304" + "00000000000000000000000000000001" + "00010002")]
    [InlineData(
        "[::1]:1",
        "1.2.3.4:2",
        "21210024" + "00000000000000000000000000000001" + "00000000000000000000FFFF01020304" + "00010002")]
    public void A_binary_header(string source, string destination, string expected)
    {
        byte[] header = Write(ProxyVersion.V2, source, destination);
        Assert.Equal("0D0A0D0A000D0A515549540A" + expected, Convert.ToHexString(header));
    }

    [Fact]
    public void A_binary_header_of_Unix_sockets()
    {
        byte[] header = ProxyScene.Write(
            ProxyVersion.V2,
            new UnixDomainSocketEndPoint("/run/a"),
            new UnixDomainSocketEndPoint("\0b"));
        byte[] expected =
        [
            .. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x31, 0, 216,
            .. "/run/a"u8, .. new byte[102],
            .. "\0b"u8, .. new byte[106],
        ];
        Assert.Equal(expected, header);
        Assert.Equal(ProxyHeaderWriter.MaxLength, header.Length);
    }

    [Fact]
    public void Nothing_is_written_of_no_version()
    {
        byte[] buffer = new byte[ProxyHeaderWriter.MaxLength];
        EndPoint address = ProxyScene.EndPoint("1.2.3.4:5");
        Assert.Equal(0, ProxyHeaderWriter.Write(buffer, ProxyVersion.None, address, address));
        Assert.All(buffer, each => Assert.Equal(0, each));
    }

    [Fact]
    public void What_cannot_be_said_is_unknown_or_local()
    {
        EndPoint ip = ProxyScene.EndPoint("1.2.3.4:5");
        var unix = new UnixDomainSocketEndPoint("/a");
        var name = new DnsEndPoint("example.org", 80);
        EndPoint unnamed = unix.Create(new SocketAddress(AddressFamily.Unix, 2));
        (EndPoint?, EndPoint?)[] pairs =
        [
            (null, null), (ip, null), (null, ip), (ip, unix), (unix, ip), (name, ip), (ip, name), (name, unix),
            (unnamed, null), (null, unnamed), (unnamed, unnamed), (unnamed, ip),
        ];
        foreach ((EndPoint? source, EndPoint? destination) in pairs)
        {
            Assert.Equal(ProxyScene.Bytes(Unknown), ProxyScene.Write(ProxyVersion.V1, source, destination));
            Assert.Equal(_local, ProxyScene.Write(ProxyVersion.V2, source, destination));
        }

        Assert.Equal(ProxyScene.Bytes(Unknown), ProxyScene.Write(ProxyVersion.V1, unix, unix));
        Assert.True(ProxyScene.Complete(ProxyScene.Bytes(Unknown)).IsLocal);
        Assert.True(ProxyScene.Complete(_local).IsLocal);
    }

    [Fact]
    public void A_buffer_that_might_be_too_small_is_refused()
    {
        byte[] buffer = new byte[ProxyHeaderWriter.MaxLength - 1];
        Assert.Throws<ArgumentException>(() => ProxyHeaderWriter.Write(buffer, ProxyVersion.V1, null, null));
    }

    [Fact]
    public void An_unknown_version_is_refused()
    {
        byte[] buffer = new byte[ProxyHeaderWriter.MaxLength];
        Assert.Throws<ArgumentOutOfRangeException>(() => ProxyHeaderWriter.Write(buffer, (ProxyVersion)3, null, null));
    }

    [Theory, MemberData(nameof(Pairs))]
    public void What_was_written_is_parsed(string source, string destination)
    {
        foreach (ProxyVersion version in new[] { ProxyVersion.V1, ProxyVersion.V2 })
        {
            ProxyHeader header = ProxyScene.Complete(Write(version, source, destination));
            Assert.Equal(Expected(version, ProxyScene.EndPoint(source), ProxyScene.EndPoint(destination)), header);
        }
    }

    [Theory]
    [InlineData("/run/a", "/run/b")]
    [InlineData("\0abstract", "relative")]
    [InlineData("\0with\0more", "/\u00fcml\u00e4ut")]
    [InlineData(null, "/b")]
    [InlineData("/a", null)]
    public void Paths_that_were_written_are_parsed(string? source, string? destination)
    {
        UnixDomainSocketEndPoint? from = source is null ? null : new UnixDomainSocketEndPoint(source);
        UnixDomainSocketEndPoint? to = destination is null ? null : new UnixDomainSocketEndPoint(destination);
        ProxyHeader header = ProxyScene.Complete(ProxyScene.Write(ProxyVersion.V2, from, to));
        Assert.Equal(Expected(ProxyVersion.V2, from, to), header);
        Assert.Equal(
            ProxyScene.Write(ProxyVersion.V2, from, to),
            ProxyScene.Write(ProxyVersion.V2, header.Source, header.Destination));
    }

    [Fact]
    public void The_longest_paths_there_are()
    {
        var path = new UnixDomainSocketEndPoint("/".PadRight(107, 'x'));
        var name = new UnixDomainSocketEndPoint("\0".PadRight(108, 'x'));
        ProxyHeader header = ProxyScene.Complete(ProxyScene.Write(ProxyVersion.V2, path, name));
        Assert.Equal(Expected(ProxyVersion.V2, path, name), header);
    }

    [Fact]
    public void Lines_are_the_same_in_every_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("ar-SA");
            byte[] line = Write(ProxyVersion.V1, "1.2.3.4:10000", "[::1]:20000");
            Assert.Equal(ProxyScene.Bytes("PROXY TCP6 ::ffff:102:304 ::1 10000 20000\r\n"), line);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static byte[] Write(ProxyVersion version, string source, string destination) =>
        ProxyScene.Write(version, ProxyScene.EndPoint(source), ProxyScene.EndPoint(destination));

    private static ProxyHeader Expected(ProxyVersion version, EndPoint? source, EndPoint? destination) =>
        new() { Version = version, Source = source, Destination = destination };
}
