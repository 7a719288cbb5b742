using System.Net;
using System.Text;
using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Makes PROXY headers, and parses them in every way that they can come.</summary>
internal static class ProxyScene
{
    public const byte Proxy = 0x21;
    public const byte Local = 0x20;

    public static IPEndPoint EndPoint(string text) => IPEndPoint.Parse(text);

    public static byte[] Bytes(string latin1) => Encoding.Latin1.GetBytes(latin1);

    /// <summary>A header of version 2, whose length is right.</summary>
    public static byte[] Binary(byte command, byte family, params byte[] block) =>
        BinaryOf(command, family, block.Length, block);

    /// <summary>One that says another length.</summary>
    public static byte[] BinaryOf(byte command, byte family, int length, params byte[] block) =>
        [.. "\r\n\r\n\0\r\nQUIT\n"u8, command, family, (byte)(length >> 8), (byte)length, .. block];

    /// <summary>A header for TCP over IPv4, as in the specification's example, with something behind the addresses.</summary>
    public static byte[] WithTlvs(string tlvs) =>
        Binary(Proxy, 0x11, Convert.FromHexString("C0A80001C0A8000BDC0401BB" + tlvs));

    public static byte[] Write(ProxyVersion version, EndPoint? source, EndPoint? destination)
    {
        // What was in the buffer must not be sent.
        byte[] buffer = [.. Enumerable.Repeat((byte)0xA5, ProxyHeaderWriter.MaxLength)];
        return buffer[..ProxyHeaderWriter.Write(buffer, version, source, destination)];
    }

    /// <summary>The header in these bytes, also when they come one by one, and when others follow.</summary>
    public static ProxyHeader Complete(byte[] bytes)
    {
        for (int length = 0; length < bytes.Length; length++)
        {
            ReadOnlySpan<byte> part = bytes.AsSpan(0, length);
            ProxyParse early = ProxyHeaderParser.Parse(part, out ProxyHeader? none, out int nothing, out string? problem);
            Assert.Equal((ProxyParse.NeedMore, null, 0, null), (early, none, nothing, problem));
        }

        ProxyHeader header = CompleteAtOnce(bytes, bytes.Length);
        Assert.Equal(header, CompleteAtOnce([.. bytes, .. "\r"u8], bytes.Length));
        Assert.Equal(header, CompleteAtOnce([.. bytes, .. bytes], bytes.Length));
        Assert.Equal(header, CompleteAtOnce([.. bytes, .. new byte[100_000]], bytes.Length));
        return header;
    }

    /// <summary>What is wrong with these bytes, and how many of them it takes to see it; it stays so whatever comes.</summary>
    public static (string Problem, int Seen) Invalid(byte[] bytes)
    {
        int seen = 0;
        while (ProxyHeaderParser.Parse(bytes.AsSpan(0, seen), out _, out _, out string? none) == ProxyParse.NeedMore)
        {
            Assert.Null(none);
            Assert.True(seen < bytes.Length, "bytes that may still become a header");
            seen++;
        }

        string problem = InvalidAtOnce(bytes[..seen]);
        Assert.Equal(problem, InvalidAtOnce(bytes));
        Assert.Equal(problem, InvalidAtOnce([.. bytes, .. new byte[100_000]]));
        return (problem, seen);
    }

    private static ProxyHeader CompleteAtOnce(byte[] bytes, int expected)
    {
        ProxyParse parsed = ProxyHeaderParser.Parse(bytes, out ProxyHeader? header, out int length, out string? problem);
        Assert.Equal((ProxyParse.Complete, null), (parsed, problem));
        Assert.Equal(expected, length);
        Assert.NotNull(header);
        return header;
    }

    private static string InvalidAtOnce(byte[] bytes)
    {
        ProxyParse parsed = ProxyHeaderParser.Parse(bytes, out ProxyHeader? header, out int length, out string? problem);
        Assert.Equal((ProxyParse.Invalid, null, 0), (parsed, header, length));
        Assert.NotNull(problem);
        Assert.NotEmpty(problem);
        Assert.All(problem, character => Assert.InRange(character, ' ', '~'));
        return problem;
    }
}
