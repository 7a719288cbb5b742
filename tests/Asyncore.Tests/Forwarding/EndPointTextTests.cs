using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

public class EndPointTextTests
{
    [Theory]
    [InlineData("127.0.0.1:80")]
    [InlineData("0.0.0.0:65535")]
    [InlineData("[::1]:80")]
    [InlineData("[2001:db8::7]:1")]
    [InlineData("[::]:80")]
    [InlineData("[::ffff:1.2.3.4]:80")]
    [InlineData("[fe80::1%1]:80")]
    [InlineData("unix:/run/x.sock")]
    [InlineData("unix:relative")]
    [InlineData("unix:@abstract")]
    [InlineData("unix:@@")]
    [InlineData("unix:./@file")]
    [InlineData("unix:/tmp/[a]:80")]
    [InlineData("unix:/tmp/jörg")]
    public void An_address_is_read_and_written_alike(string text)
    {
        foreach (bool listen in new[] { true, false })
        {
            Assert.True(EndPointText.TryParse(text, listen, out EndPoint? endPoint, out string? problem));
            Assert.Null(problem);
            Assert.Equal(text, EndPointText.Format(endPoint));
        }
    }

    [Fact]
    public void Each_is_what_it_says()
    {
        Assert.Equal(new IPEndPoint(IPAddress.Parse("1.2.3.4"), 5), Parse("1.2.3.4:5"));
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 5), Parse("[::1]:5"));
        Assert.Equal(new IPEndPoint(IPAddress.Parse("fe80::1%3"), 5), Parse("[fe80::1%3]:5"));
        Assert.Equal(new DnsEndPoint("db.example", 5432), Parse("db.example:5432"));
        Assert.Equal(new DnsEndPoint("localhost", 5), Parse("localhost:5"));
        Assert.Equal(new UnixDomainSocketEndPoint("/x"), Parse("unix:/x"));
        Assert.Equal(new UnixDomainSocketEndPoint("\0x"), Parse("unix:@x"));
        Assert.Equal(new IPEndPoint(IPAddress.Any, 0), Parse(":0", listen: true));
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 80), Parse("localhost:80", listen: true));
    }

    [Theory]
    [InlineData("a:1")]
    [InlineData("db-1.example.:5432")]
    [InlineData("_sip.example:5060")]
    [InlineData("xn--bcher-kva.example:80")]
    [InlineData("1a:80")]
    public void A_name_is_read_and_written_alike(string text)
    {
        DnsEndPoint name = Assert.IsType<DnsEndPoint>(Parse(text));
        Assert.Equal(text, EndPointText.Format(name));
    }

    [Theory]
    [InlineData("", "'' has no port; an address is HOST:PORT, [IPv6]:PORT or unix:PATH")]
    [InlineData("host", "'host' has no port; an address is HOST:PORT, [IPv6]:PORT or unix:PATH")]
    [InlineData("[::1]", "'[::1]' has no port; an address is HOST:PORT, [IPv6]:PORT or unix:PATH")]
    [InlineData("host:", "'host:' does not end in a port from 1 to 65535")]
    [InlineData("host:http", "'host:http' does not end in a port from 1 to 65535")]
    [InlineData("host:0", "'host:0' does not end in a port from 1 to 65535")]
    [InlineData("host:65536", "'host:65536' does not end in a port from 1 to 65535")]
    [InlineData("host:-1", "'host:-1' does not end in a port from 1 to 65535")]
    [InlineData("host: 80", "'host: 80' does not end in a port from 1 to 65535")]
    [InlineData("::1:80", "'::1:80' has several colons; an IPv6 address is in brackets, as in [::1]:80")]
    [InlineData("fe80::abc", "'fe80::abc' has several colons; an IPv6 address is in brackets, as in [::1]:80")]
    [InlineData("[::1:80", "'[::1:80' has no IPv6 address in its brackets")]
    [InlineData("[::g]:80", "'[::g]:80' has no IPv6 address in its brackets")]
    [InlineData("[]:80", "'[]:80' has no IPv6 address in its brackets")]
    [InlineData("[1.2.3.4]:80", "'[1.2.3.4]:80' has no IPv6 address in its brackets")]
    [InlineData("[[::1]]:80", "'[[::1]]:80' has no IPv6 address in its brackets")]
    [InlineData("[::1/64]:80", "'[::1/64]:80' has no IPv6 address in its brackets")]
    [InlineData("http://a:80", "'http://a:80' is a URL; an address is HOST:PORT, [IPv6]:PORT or unix:PATH")]
    [InlineData("http://a", "'http://a' is a URL; an address is HOST:PORT, [IPv6]:PORT or unix:PATH")]
    [InlineData(":80", "':80' has no host")]
    [InlineData("300.1.1.1:80", "'300.1.1.1' is not an IPv4 address")]
    [InlineData("127.1:80", "'127.1' is not an IPv4 address")]
    [InlineData("010.0.0.1:80", "'010.0.0.1' is not an IPv4 address")]
    [InlineData("0x7f000001:80", "'0x7f000001' is not an IPv4 address")]
    [InlineData("1.2.3.4.:80", "'1.2.3.4.' is not an IPv4 address")]
    [InlineData("a b:80", "'a b' is neither an address nor a host's name")]
    [InlineData("a..b:80", "'a..b' is neither an address nor a host's name")]
    [InlineData("-a:80", "'-a' is neither an address nor a host's name")]
    [InlineData(".:80", "'.' is neither an address nor a host's name")]
    [InlineData("bücher.example:80", "'bücher.example' is neither an address nor a host's name")]
    [InlineData("a\n:80", "'a\\u000a' is neither an address nor a host's name")]
    [InlineData("unix:", "'unix:' has no path")]
    [InlineData("unix:@", "'unix:@' has no path")]
    [InlineData("unix:a\0b", "'unix:a\\u0000b' has a zero in its path")]
    public void What_is_wrong_with_a_target_is_said(string text, string problem)
    {
        Assert.False(EndPointText.TryParse(text, listen: false, out EndPoint? endPoint, out string? said));
        Assert.Null(endPoint);
        Assert.Equal(problem, said);
    }

    [Theory]
    [InlineData("a.example:80", "'a.example:80' is a name; to listen takes an address of this machine")]
    [InlineData("*:80", "'*' is neither an address nor a host's name")]
    [InlineData(":65536", "':65536' does not end in a port from 0 to 65535")]
    [InlineData("8080", "'8080' has no port; an address is HOST:PORT, [IPv6]:PORT or unix:PATH")]
    public void What_is_wrong_with_an_address_to_listen_at_is_said(string text, string problem)
    {
        Assert.False(EndPointText.TryParse(text, listen: true, out _, out string? said));
        Assert.Equal(problem, said);
    }

    [Fact]
    public void A_path_is_as_long_as_the_system_takes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "other systems have other lengths");
        Assert.NotNull(Parse("unix:" + new string('a', 107)));
        Assert.NotNull(Parse("unix:@" + new string('a', 107)));
        Assert.NotNull(Parse("unix:" + new string('ö', 53)));
        foreach (string path in new[] { new string('a', 108), "@" + new string('a', 108), new string('ö', 54) })
        {
            Assert.False(EndPointText.TryParse("unix:" + path, false, out _, out string? problem));
            Assert.EndsWith("108 bytes; a Unix socket's has 107 at most", problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_name_is_as_long_as_DNS_takes()
    {
        string label = new('a', 63);
        Assert.NotNull(Parse($"{label}.{label}.{label}.{label[..61]}:80"));
        Assert.False(EndPointText.TryParse($"{label}.{label}.{label}.{label[..62]}:80", false, out _, out _));
        Assert.False(EndPointText.TryParse($"{label}a:80", false, out _, out _));
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.0.0.0/8")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("192.168.1.7", "192.168.1.7/32")]
    [InlineData("192.168.1.7/32", "192.168.1.7/32")]
    [InlineData("10.128.0.0/9", "10.128.0.0/9")]
    [InlineData("::/0", "::/0")]
    [InlineData("fd00::/8", "fd00::/8")]
    [InlineData("2001:db8:8000::/33", "2001:db8:8000::/33")]
    [InlineData("::1", "::1/128")]
    public void A_network(string text, string network)
    {
        Assert.True(NetworkText.TryParse(text, out IPNetwork parsed, out string? problem));
        Assert.Null(problem);
        Assert.Equal(network, parsed.ToString());
    }

    [Theory]
    [InlineData("10.1.2.3/8", "'10.1.2.3/8' has host bits set; '10.0.0.0/8' is probably meant")]
    [InlineData("10.0.0.1/31", "'10.0.0.1/31' has host bits set; '10.0.0.0/31' is probably meant")]
    [InlineData("fd00::1/64", "'fd00::1/64' has host bits set; 'fd00::/64' is probably meant")]
    [InlineData("10.0.0.0/33", "'10.0.0.0/33' does not end in a prefix from 0 to 32")]
    [InlineData("10.0.0.0/", "'10.0.0.0/' does not end in a prefix from 0 to 32")]
    [InlineData("10.0.0.0/-1", "'10.0.0.0/-1' does not end in a prefix from 0 to 32")]
    [InlineData("10.0.0.0/255.0.0.0", "'10.0.0.0/255.0.0.0' does not end in a prefix from 0 to 32")]
    [InlineData("::/129", "'::/129' does not end in a prefix from 0 to 128")]
    [InlineData("", "'' is not a network or address such as 10.0.0.0/8, fd00::/8 or 192.168.1.7")]
    [InlineData("10/8", "'10/8' is not a network or address such as 10.0.0.0/8, fd00::/8 or 192.168.1.7")]
    [InlineData("a/8", "'a/8' is not a network or address such as 10.0.0.0/8, fd00::/8 or 192.168.1.7")]
    [InlineData("fe80::1%1", "'fe80::1%1' is not a network or address such as 10.0.0.0/8, fd00::/8 or 192.168.1.7")]
    public void What_is_wrong_with_a_network_is_said(string text, string problem)
    {
        Assert.False(NetworkText.TryParse(text, out _, out string? said));
        Assert.Equal(problem, said);
    }

    private static EndPoint Parse(string text, bool listen = false)
    {
        Assert.True(EndPointText.TryParse(text, listen, out EndPoint? endPoint, out string? problem), problem);
        return endPoint;
    }
}
