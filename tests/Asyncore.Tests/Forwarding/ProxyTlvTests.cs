using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>What follows the addresses in version 2 of the PROXY protocol (proxy-protocol.txt, section 2.2).</summary>
public class ProxyTlvTests
{
    private const string Overrun = "TLV that ends behind the header";
    private const string NotFour = "CRC32C that has not 4 bytes";
    private const string Second = "second CRC32C";
    private const string Wrong = "wrong CRC32C";

    // Computed bit by bit from the polynomial of RFC 4960, appendix B, for the header of ProxyScene.WithTlvs.
    private const string Crc = "0300041C1AE9C6";

    [Theory]
    [InlineData("040000")]
    [InlineData("040000" + "040000" + "040000")]
    [InlineData("010008" + "687474702F312E31")]
    [InlineData("02000B" + "6578616D706C652E6F7267")]
    [InlineData("050003" + "0A0B0C")]
    [InlineData("20000F" + "0700000000" + "210007" + "544C5376312E33")]
    [InlineData("300004" + "626C7565" + "E00001FF" + "FF0000" + "000000")]
    [InlineData(Crc)]
    public void Those_that_are_well_formed_are_skipped(string tlvs)
    {
        ProxyHeader header = ProxyScene.Complete(ProxyScene.WithTlvs(tlvs));
        Assert.Equal(
            new ProxyHeader
            {
                Version = ProxyVersion.V2,
                Source = ProxyScene.EndPoint("192.168.0.1:56324"),
                Destination = ProxyScene.EndPoint("192.168.0.11:443"),
            },
            header);
    }

    [Theory]
    [InlineData("04")]
    [InlineData("0400")]
    [InlineData("040001")]
    [InlineData("04FFFF")]
    [InlineData("040100" + "00")]
    [InlineData("040002" + "00")]
    [InlineData("040000" + "04")]
    [InlineData("040000" + "040001")]
    [InlineData("040001" + "00" + "0400")]
    [InlineData("030004" + "000000")]
    [InlineData("03FFFF" + "00000000")]
    public void One_that_runs_over_the_end_of_the_header(string tlvs)
    {
        AssertProblem(Overrun, tlvs);
    }

    [Theory]
    [InlineData("21", "20010DB80000000000000000000000010000000000000000000000000000000100010002")]
    [InlineData("31", "")]
    public void They_begin_behind_the_addresses_of_every_family(string family, string addresses)
    {
        byte[] block = addresses == "" ? new byte[216] : Convert.FromHexString(addresses);
        byte type = Convert.FromHexString(family)[0];
        _ = ProxyScene.Complete(ProxyScene.Binary(ProxyScene.Proxy, type, [.. block, 4, 0, 1, 9]));
        byte[] wrong = ProxyScene.Binary(ProxyScene.Proxy, type, [.. block, 4, 0, 2, 9]);
        Assert.Equal((Overrun, wrong.Length), ProxyScene.Invalid(wrong));
    }

    [Theory]
    [InlineData("030000", NotFour)]
    [InlineData("030003" + "1C1AE9", NotFour)]
    [InlineData("030005" + "1C1AE9C600", NotFour)]
    [InlineData("030004" + "1C1AE9C7", Wrong)]
    [InlineData("030004" + "C6E91A1C", Wrong)] // the other order of bytes
    [InlineData("030004" + "E3E51639", Wrong)] // its complement
    [InlineData("030004" + "00000000", Wrong)]
    [InlineData(Crc + "040000", Wrong)]
    public void A_checksum_that_is_wrong(string tlvs, string problem)
    {
        AssertProblem(problem, tlvs);
    }

    [Fact]
    public void A_second_checksum()
    {
        // The first is right, with the second as it is.
        byte[] bytes = ProxyScene.WithTlvs("03000400000000" + "03000401020304");
        WriteChecksum(bytes, 31);
        Assert.Equal((Second, bytes.Length), ProxyScene.Invalid(bytes));
    }

    [Fact]
    public void A_checksum_covers_every_byte_before_and_behind_it()
    {
        byte[] right = ProxyScene.WithTlvs("020003616263" + "03000400000000" + "040003010203");
        WriteChecksum(right, 37);
        _ = ProxyScene.Complete(right);

        // Those of its own TLV, of lengths and of types make something else of it, with problems of its own.
        int[] covered = [.. Enumerable.Range(16, 12), 31, 32, 33, 44, 45, 46];
        foreach (int at in covered)
        {
            byte[] wrong = [.. right];
            wrong[at] ^= 1;
            Assert.Equal((Wrong, wrong.Length), ProxyScene.Invalid(wrong));
        }
    }

    // Of a load balancer of AWS, as github.com/pires/go-proxyproto keeps it: a checksum, an identifier, and padding.
    [Theory]
    [InlineData("AC1F0771AC1F0A1FC8F20050", "E8D6892D", "vpce-08d2bf15fac5001c9", "172.31.7.113:51442")]
    [InlineData("C0A82C0AC0A82C07CC3E241B", "B9286FA6", "vpce-00eafc458ec97b833", "192.168.44.10:52286")]
    public void Headers_that_were_seen_in_the_wild(string addresses, string checksum, string identifier, string source)
    {
        byte[] bytes = ProxyScene.Binary(
            ProxyScene.Proxy,
            0x11,
            [
                .. Convert.FromHexString(addresses),
                3, 0, 4, .. Convert.FromHexString(checksum),
                0xEA, 0, 0x17, 1, .. ProxyScene.Bytes(identifier),
                4, 0, 0x24, .. new byte[0x24],
            ]);
        Assert.Equal(ProxyScene.EndPoint(source), ProxyScene.Complete(bytes).Source);
    }

    private static void AssertProblem(string problem, string tlvs)
    {
        byte[] bytes = ProxyScene.WithTlvs(tlvs);
        Assert.Equal((problem, bytes.Length), ProxyScene.Invalid(bytes));
    }

    // By the definition, where the parser has the processor's instruction.
    private static void WriteChecksum(byte[] header, int at)
    {
        const uint Polynomial = 0x82F63B78; // 0x1EDC6F41, its bits reversed

        uint crc = uint.MaxValue;
        foreach (byte each in header)
        {
            crc ^= each;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) == 0 ? 0 : Polynomial);
            }
        }

        crc = ~crc;
        for (int i = 0; i < sizeof(uint); i++)
        {
            header[at + i] = (byte)(crc >> (24 - (8 * i)));
        }
    }
}
