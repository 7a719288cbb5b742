using System.Net;
using System.Runtime.InteropServices;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Version 1 of the PROXY protocol, as proxy-protocol.txt has it in section 2.1.</summary>
public partial class ProxyLineTests
{
    private const string NoSignature = "no signature of a PROXY header";
    private const string NoProtocol = "protocol other than TCP4, TCP6 and UNKNOWN";
    private const string NoEnd = "line that does not end in CR LF";
    private const string TooLong = "line without an end in its first 107 bytes";
    private const string CutShort = "line that ends within the protocol";
    private const string NoCharacter = "character that belongs to no address or port";
    private const string NoSource4 = "source that is no IPv4 address";
    private const string NoDestination4 = "destination that is no IPv4 address";
    private const string NoSource6 = "source that is no IPv6 address";
    private const string NoDestination6 = "destination that is no IPv6 address";
    private const string NoSourcePort = "source port that is no number from 0 to 65535";
    private const string NoDestinationPort = "destination port that is no number from 0 to 65535";

    private const string Longest4 = "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n";
    private const string Full6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    private const string Longest6 = $"PROXY TCP6 {Full6} {Full6} 65535 65535\r\n";
    private const string LongestUnknown = $"PROXY UNKNOWN {Full6} {Full6} 65535 65535\r\n";

    [Theory]
    [InlineData("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324", "192.168.0.11:443")]
    [InlineData("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0", "0.0.0.0:0")]
    [InlineData(Longest4, "255.255.255.255:65535", "255.255.255.255:65535")]
    [InlineData("PROXY TCP4 10.20.30.40 1.2.3.4 9 10\r\n", "10.20.30.40:9", "1.2.3.4:10")]
    [InlineData(Longest6, $"[{Full6}]:65535", $"[{Full6}]:65535")]
    [InlineData("PROXY TCP6 :: ::1 0 1\r\n", "[::]:0", "[::1]:1")]
    [InlineData("PROXY TCP6 2001:DB8::a 2001:0db8:0000:0000:0000:0000:0000:000b 1 2\r\n", "[2001:db8::a]:1", "[2001:db8::b]:2")]
    [InlineData("PROXY TCP6 fe80:: 1:2:3:4:5:6:7:: 1 2\r\n", "[fe80::]:1", "[1:2:3:4:5:6:7:0]:2")]
    [InlineData("PROXY TCP6 ::ffff:1.2.3.4 ::ffff:102:304 1 2\r\n", "[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]:2")]
    public void Addresses_and_ports(string line, string source, string destination)
    {
        ProxyHeader header = ProxyScene.Complete(ProxyScene.Bytes(line));
        Assert.Equal(ProxyVersion.V1, header.Version);
        Assert.False(header.IsLocal);
        Assert.Equal(ProxyScene.EndPoint(source), header.Source);
        Assert.Equal(ProxyScene.EndPoint(destination), header.Destination);
    }

    [Theory]
    [InlineData("PROXY UNKNOWN\r\n")]
    [InlineData("PROXY UNKNOWN \r\n")]
    [InlineData("PROXY UNKNOWN whatever this  is, \0\t\u007f\u0080\u00ff TCP4 %n\r\n")]
    [InlineData("PROXY UNKNOWN ffff::1 1.2.3.4 99999 080\r\n")]
    [InlineData(LongestUnknown)]
    public void An_unknown_connection_has_no_addresses_and_the_rest_of_the_line_is_ignored(string line)
    {
        ProxyHeader header = ProxyScene.Complete(ProxyScene.Bytes(line));
        Assert.Equal(new ProxyHeader { Version = ProxyVersion.V1, IsLocal = true }, header);
    }

    [Fact]
    public void The_longest_lines_have_the_lengths_of_the_specification()
    {
        Assert.Equal((56, 104, 107), (Longest4.Length, Longest6.Length, LongestUnknown.Length));
    }

    [Theory]
    [InlineData("X")]
    [InlineData("proxy ")]
    [InlineData("pROXY ")]
    [InlineData("PROXy ")]
    [InlineData("PROXX ")]
    [InlineData("PROXY\t")]
    [InlineData("PROXY\r")]
    [InlineData("PROXY\0")]
    [InlineData("PP")]
    [InlineData(" ")]
    [InlineData("\n")]
    [InlineData("\0")]
    [InlineData("GET / HTTP/1.1\r\n")]
    [InlineData("SSH-2.0\r\n")]
    public void Another_signature_is_seen_at_its_first_wrong_byte(string bytes)
    {
        int wrong = "PROXY ".Zip(bytes).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.Equal((NoSignature, wrong + 1), ProxyScene.Invalid(ProxyScene.Bytes(bytes)));
    }

    [Theory]
    [InlineData("PROXY  ")]
    [InlineData("PROXY t")]
    [InlineData("PROXY TCP5")]
    [InlineData("PROXY TCP4T")]
    [InlineData("PROXY TCP6\t")]
    [InlineData("PROXY TCp")]
    [InlineData("PROXY UD")]
    [InlineData("PROXY u")]
    [InlineData("PROXY UNKNOWn")]
    [InlineData("PROXY UNKNOWNX")]
    [InlineData("PROXY UNKNOWN\0")]
    [InlineData("PROXY UNKNOWN\t")]
    [InlineData("PROXY \0")]
    public void Another_protocol_is_seen_at_its_first_wrong_byte(string bytes)
    {
        Assert.Equal((NoProtocol, bytes.Length), ProxyScene.Invalid(ProxyScene.Bytes(bytes)));
    }

    [Theory]
    [InlineData("PROXY \r\n")]
    [InlineData("PROXY T\r\n")]
    [InlineData("PROXY TCP4\r\n")]
    [InlineData("PROXY TCP6\r\n")]
    [InlineData("PROXY UNKNOW\r\n")]
    public void A_line_that_ends_within_its_protocol(string line)
    {
        Assert.Equal((CutShort, line.Length), ProxyScene.Invalid(ProxyScene.Bytes(line)));
    }

    [Theory]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rX")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\r")]
    [InlineData("PROXY TCP4 1.2.3.4\r ")]
    [InlineData("PROXY TCP4 1.2.3.4 \n")]
    [InlineData("PROXY TCP4\n")]
    [InlineData("PROXY \n")]
    [InlineData("PROXY \r\0")]
    [InlineData("PROXY UNKNOWN\n")]
    [InlineData("PROXY UNKNOWN\r\r")]
    [InlineData("PROXY UNKNOWN a\rb")]
    [InlineData("PROXY UNKNOWN a\n")]
    public void A_line_ends_in_both_of_CR_and_LF(string line)
    {
        Assert.Equal((NoEnd, line.Length), ProxyScene.Invalid(ProxyScene.Bytes(line)));
    }

    [Theory]
    [InlineData("PROXY UNKNOWN ", 'x')]
    [InlineData("PROXY UNKNOWN ", ' ')]
    [InlineData("PROXY UNKNOWN ", '\0')]
    [InlineData("PROXY TCP4 ", ' ')]
    [InlineData("PROXY TCP4 ", '1')]
    [InlineData("PROXY TCP6 ", ':')]
    public void A_line_without_an_end_is_given_up_when_that_has_no_room_any_more(string beginning, char endless)
    {
        byte[] line = ProxyScene.Bytes(beginning.PadRight(1000, endless));
        Assert.Equal((TooLong, 106), ProxyScene.Invalid(line));
    }

    [Fact]
    public void An_unknown_connection_of_108_bytes()
    {
        string line = "PROXY UNKNOWN ".PadRight(106, 'x') + "\r\n";
        Assert.Equal(108, line.Length);
        Assert.Equal((TooLong, 106), ProxyScene.Invalid(ProxyScene.Bytes(line)));
    }

    [Theory]
    [InlineData("PROXY TCP4 1.2.3.4\0")]
    [InlineData("PROXY TCP4 1.2.3.4\t")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 +")]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 -")]
    [InlineData("PROXY TCP4 1.2.3.4/")]
    [InlineData("PROXY TCP4 0x")]
    [InlineData("PROXY TCP4 l")]
    [InlineData("PROXY TCP4 \u00b2")]
    [InlineData("PROXY TCP6 fe80::1%")]
    [InlineData("PROXY TCP6 [")]
    [InlineData("PROXY TCP6 ::1/")]
    [InlineData("PROXY TCP6 ::g")]
    [InlineData("PROXY TCP6 ::1\u00a0")]
    public void A_character_of_no_address_is_seen_at_once(string line)
    {
        Assert.Equal((NoCharacter, line.Length), ProxyScene.Invalid(ProxyScene.Bytes(line)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3")]
    [InlineData("1.2.3.")]
    [InlineData(".1.2.3")]
    [InlineData("1..2.3")]
    [InlineData("1.2.3.4.")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("256.2.3.4")]
    [InlineData("1.2.3.99999")]
    [InlineData("1.2.3.999999999999")]
    [InlineData("01.2.3.4")]
    [InlineData("1.2.3.04")]
    [InlineData("1.2.00.4")]
    [InlineData("1.2.3.a")]
    [InlineData("16909060")]
    [InlineData("127.1")]
    [InlineData("::1")]
    [InlineData("::ffff:1.2.3.4")]
    [InlineData("...")]
    [InlineData(":")]
    public void An_address_that_is_not_IPv4_in_its_canonical_form(string address)
    {
        AssertProblem(NoSource4, $"PROXY TCP4 {address} 1.2.3.4 1 2\r\n");
        AssertProblem(NoDestination4, $"PROXY TCP4 1.2.3.4 {address} 1 2\r\n");
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3.4")]
    [InlineData("1234")]
    [InlineData("1.2")]
    [InlineData("0")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("::1::")]
    [InlineData("1::2::3")]
    [InlineData(":1:2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4:5:6:7:8:")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7:8::")]
    [InlineData("::1:2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4::5:6:7:8")]
    [InlineData("::12345")]
    [InlineData("::00001")]
    [InlineData(":1")]
    [InlineData("1:")]
    [InlineData("::1:")]
    [InlineData(":::1")]
    [InlineData("::1.2.3")]
    [InlineData("::ffff:1.2.3.4.5")]
    [InlineData("::ffff:1.2.3.256")]
    [InlineData("::ffff:1.2.3.04")]
    [InlineData("::ffff:010.2.3.4")]
    [InlineData("::ffff:1.2.3.4294967296")]
    [InlineData("::ffff:a.2.3.4")]
    [InlineData("1.2.3.4::")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("::1.2.3.4:5")]
    public void An_address_that_is_not_IPv6(string address)
    {
        AssertProblem(NoSource6, $"PROXY TCP6 {address} ::1 1 2\r\n");
        AssertProblem(NoDestination6, $"PROXY TCP6 ::1 {address} 1 2\r\n");
    }

    [Theory]
    [InlineData("")]
    [InlineData("65536")]
    [InlineData("99999")]
    [InlineData("100000")]
    [InlineData("4294967376")]
    [InlineData("080")]
    [InlineData("00")]
    [InlineData("a")]
    [InlineData("8.0")]
    [InlineData(":80")]
    public void A_port_that_is_not_one(string port)
    {
        AssertProblem(NoSourcePort, $"PROXY TCP4 1.2.3.4 1.2.3.4 {port} 2\r\n");
        AssertProblem(NoDestinationPort, $"PROXY TCP4 1.2.3.4 1.2.3.4 1 {port}\r\n");
        AssertProblem(NoDestinationPort, $"PROXY TCP6 ::1 ::2 1 {port}\r\n");
    }

    [Theory]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", NoDestinationPort)]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", NoDestinationPort)]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1  2\r\n", NoDestinationPort)]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4  1 2\r\n", NoSourcePort)]
    [InlineData("PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n", NoDestination4)]
    [InlineData("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n", NoSource4)]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", NoDestinationPort)]
    [InlineData("PROXY TCP4 1.2.3.4 1.2.3.4\r\n", NoSourcePort)]
    [InlineData("PROXY TCP4 1.2.3.4\r\n", NoDestination4)]
    [InlineData("PROXY TCP4 \r\n", NoSource4)]
    [InlineData("PROXY TCP4 1.2.3.4 ::1 1 2\r\n", NoDestination4)]
    [InlineData("PROXY TCP6 ::1 1.2.3.4 1 2\r\n", NoDestination6)]
    public void Exactly_one_space_between_exactly_five_fields(string line, string problem)
    {
        AssertProblem(problem, line);
    }

    [Fact]
    public void Addresses_are_those_of_inet_pton()
    {
        const int Tries = 50_000;
        const string Characters = "0123456789abcdefABCDEF::::....";
        string[] seeds = ["1.2.3.4", "255.249.199.10", "::", "::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1::2:3", "a:b::"];

        Assert.SkipUnless(OperatingSystem.IsLinux(), "inet_pton(3) of the GNU C library is what is compared with.");
        var random = new Random(0);
        int valid = 0;
        for (int i = 0; i < Tries; i++)
        {
            string text = seeds[random.Next(seeds.Length)];
            for (int changes = random.Next(4); changes > 0; changes--)
            {
                int at = random.Next(text.Length + 1);
                int removed = random.Next(Math.Min(2, text.Length - at + 1));
                string added = random.Next(3) == 0 ? "" : $"{Characters[random.Next(Characters.Length)]}";
                text = text[..at] + added + text[(at + removed)..];
            }

            AssertAsInetPton($"PROXY TCP4 {text} 0.0.0.0 1 2\r\n", Inet.V4, text);
            valid += AssertAsInetPton($"PROXY TCP6 {text} :: 1 2\r\n", Inet.V6, text);
        }

        Assert.InRange(valid, Tries / 10, Tries);
    }

    [Fact]
    public void Every_byte_but_those_of_addresses_is_refused_in_them()
    {
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            byte[] line = [.. "PROXY TCP6 "u8, (byte)value];
            bool belongs = char.IsAsciiHexDigit((char)value) || (char)value is ':' or '.' or ' ' or '\r';
            ProxyParse parsed = ProxyHeaderParser.Parse(line, out _, out _, out _);
            Assert.Equal(belongs ? ProxyParse.NeedMore : ProxyParse.Invalid, parsed);
        }
    }

    [Fact]
    public void Nothing_is_allocated_before_the_line_is_complete()
    {
        byte[] line = ProxyScene.Bytes(Longest6);
        Assert.Equal(0, Allocations.Least(rounds: 10, () => Allocations.Of(() =>
        {
            for (int length = 0; length < line.Length; length++)
            {
                _ = ProxyHeaderParser.Parse(line.AsSpan(0, length), out _, out _, out _);
            }
        })));
    }

    private static int AssertAsInetPton(string line, int family, string text)
    {
        byte[] expected = new byte[family == Inet.V4 ? 4 : 16];
        bool isValid = Inet.Parse(family, text, expected) == 1;
        _ = ProxyHeaderParser.Parse(ProxyScene.Bytes(line), out ProxyHeader? header, out _, out _);
        byte[]? parsed = (header?.Source as IPEndPoint)?.Address.GetAddressBytes();
        Assert.True(isValid ? expected.AsSpan().SequenceEqual(parsed) : parsed is null, $"'{text}': {header}");
        return isValid ? 1 : 0;
    }

    private static void AssertProblem(string problem, string line) =>
        Assert.Equal((problem, line.Length), ProxyScene.Invalid(ProxyScene.Bytes(line)));

    private static partial class Inet
    {
        public const int V4 = 2;
        public const int V6 = 10;

        [LibraryImport("libc", EntryPoint = "inet_pton", StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Parse(int family, string text, [Out] byte[] address);
    }
}
