using Asyncore.Protocols;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>
/// Responses that are refused, each fed in every two pieces and byte by byte, with the same
/// message every time.
/// </summary>
public class HttpBadResponseTests
{
    public static TheoryData<string, string> StatusLines => new()
    {
        { "SSH-2.0-OpenSSH_9.2\r\n", "not an HTTP response: it begins with 'SSH-2.0-OpenSSH_9.2'" },
        { "220 mail ESMTP\r\n", "not an HTTP response: it begins with '220 mail ESMTP'" },
        { "ICY 200 OK\r\n\r\n", "not an HTTP response: it begins with 'ICY 200 OK'" },
        { "http/1.1 200 OK\r\n\r\n", "not an HTTP response: it begins with 'http/1.1 200 OK'" },
        { "\r\nHTTP/1.1 200 OK\r\n\r\n", "malformed status line: ''" },
        { "\x15\x03\x01\x00\x02\x02P", @"not an HTTP response: it begins with '\x15\x03\x01\x00\x02\x02P'" },
        { "<html>", "not an HTTP response: it begins with '<html>'" },
        { "HTTP/\r\n", "malformed status line: 'HTTP/'" },
        { "HTTP/1.1\r\n\r\n", "malformed status line: 'HTTP/1.1'" },
        { "HTTP/1.1  200 OK\r\n\r\n", "status that is no number of three digits: 'HTTP/1.1  200 OK'" },
        { "HTTP/1.1\t200 OK\r\n\r\n", @"malformed status line: 'HTTP/1.1\x09200 OK'" },
        { "HTTP/1.x 200 OK\r\n\r\n", "malformed status line: 'HTTP/1.x 200 OK'" },
        { "HTTP/1.10 200 OK\r\n\r\n", "malformed status line: 'HTTP/1.10 200 OK'" },
        { "HTTP/2.0 200 OK\r\n\r\n", "HTTP version other than 1.x: 'HTTP/2.0 200 OK'" },
        { "HTTP/0.9 200 OK\r\n\r\n", "HTTP version other than 1.x: 'HTTP/0.9 200 OK'" },
        { "HTTP/1.1 20 OK\r\n\r\n", "status that is no number of three digits: 'HTTP/1.1 20 OK'" },
        { "HTTP/1.1 2000 OK\r\n\r\n", "status that is no number of three digits from 100 on: 'HTTP/1.1 2000 OK'" },
        { "HTTP/1.1 099 OK\r\n\r\n", "status that is no number of three digits from 100 on: 'HTTP/1.1 099 OK'" },
        { "HTTP/1.1 -20 OK\r\n\r\n", "status that is no number of three digits: 'HTTP/1.1 -20 OK'" },
        { "HTTP/1.1 200OK\r\n\r\n", "status that is no number of three digits from 100 on: 'HTTP/1.1 200OK'" },
        { "HTTP/1.1 200 O\rK\r\n\r\n", @"control character 0x0D (CR): 'HTTP/1.1 200 O\x0DK'" },
        { "HTTP/1.1 200 O\0K\r\n\r\n", @"control character 0x00 (NUL): 'HTTP/1.1 200 O\x00K'" },
    };

    public static TheoryData<string, string> Fields => new()
    {
        { "A : 1\r\n", "header line with white space before the colon: 'A : 1'" },
        { "A\t: 1\r\n", @"header line with white space before the colon: 'A\x09: 1'" },
        { "A B: 1\r\n", "header line with a bad field name: 'A B: 1'" },
        { ": 1\r\n", "header line with a bad field name: ': 1'" },
        { "A\u00E9: 1\r\n", @"header line with a bad field name: 'A\xE9: 1'" },
        { "A(: 1\r\n", "header line with a bad field name: 'A(: 1'" },
        { "nonsense\r\n", "header line without a colon: 'nonsense'" },
        { "A: 1\r2\r\n", @"header line with the control character 0x0D (CR): 'A: 1\x0D2'" },
        { "A: 1\r\r\n", @"header line with the control character 0x0D (CR): 'A: 1\x0D'" },
        { "\rA: 1\r\n", @"header line with the control character 0x0D (CR): '\x0DA: 1'" },
        { "A: \0\r\n", @"header line with the control character 0x00 (NUL): 'A: \x00'" },
        { "A: \x1B[2J\r\n", @"header line with the control character 0x1B: 'A: \x1B[2J'" },
        { "A: \x7F\r\n", @"header line with the control character 0x7F: 'A: \x7F'" },
        { " A: 1\r\n", "header that begins with white space, where there is no field to continue: ' A: 1'" },
        { "A: 1\r\n 2\0\r\n", @"header line with the control character 0x00 (NUL): ' 2\x00'" },
    };

    public static TheoryData<string, string> Framings => new()
    {
        {
            "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
            "both Content-Length and Transfer-Encoding in one response"
        },
        { "Content-Length: 2\r\nContent-Length: 3\r\n", "conflicting Content-Length: 2 and 3" },
        { "Content-Length: 2, 2, 3\r\n", "conflicting Content-Length: 2 and 3" },
        { "Content-Length: 2,\r\n", "Content-Length that is no number: ''" },
        { "Content-Length:\r\n", "Content-Length that is no number: ''" },
        { "Content-Length: -2\r\n", "Content-Length that is no number: '-2'" },
        { "Content-Length: +2\r\n", "Content-Length that is no number: '+2'" },
        { "Content-Length: 0x2\r\n", "Content-Length that is no number: '0x2'" },
        { "Content-Length: 2.0\r\n", "Content-Length that is no number: '2.0'" },
        { "Content-Length: 2 3\r\n", "Content-Length that is no number: '2 3'" },
        { "Content-Length: \u00B2\r\n", @"Content-Length that is no number: '\xB2'" },
        { "Content-Length: 9223372036854775808\r\n", "Content-Length too large: '9223372036854775808'" },
        {
            "Content-Length: 99999999999999999999999999999999999999999999\r\n",
            "Content-Length too large: '9999999999999999999999999999999999999999\u2026'"
        },
        { "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding other than chunked: 'gzip, chunked'" },
        {
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding other than chunked: 'chunked, chunked'"
        },
        { "Transfer-Encoding: identity\r\n", "Transfer-Encoding other than chunked: 'identity'" },
        { "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding other than chunked: 'xchunked'" },
        { "Transfer-Encoding:\r\n", "Transfer-Encoding other than chunked: ''" },
    };

    public static TheoryData<string, string> ChunkedBodies => new()
    {
        { "\r\n", "bad chunk size: ''" },
        { "g\r\n", "bad chunk size: 'g'" },
        { "-1\r\n", "bad chunk size: '-1'" },
        { "+1\r\n", "bad chunk size: '+1'" },
        { "0x1\r\n", "bad chunk size: '0x1'" },
        { " 1\r\n", "bad chunk size: ' 1'" },
        { "1 2\r\n", "bad chunk size: '1 2'" },
        { ";a\r\n", "bad chunk size: ';a'" },
        { "8000000000000000\r\n", "chunk size too large: '8000000000000000'" },
        { "fffffffffffffffff\r\n", "chunk size too large: 'fffffffffffffffff'" },
        { "2\nhi\r\n0\r\n\r\n", "chunk-size line that ends in LF without CR: '2'" },
        { "2;a\rb\r\nhi\r\n", @"chunk-size line with the control character 0x0D (CR): '2;a\x0Db'" },
        { "\r2\r\nhi\r\n", @"chunk-size line with the control character 0x0D (CR): '\x0D2'" },
        { "2;\0\r\nhi\r\n", @"chunk-size line with the control character 0x00 (NUL): '2;\x00'" },
        { "2\r\nhit\r\n", "hi|HttpException: chunk of 2 bytes followed by 0x74 ('t') where 0x0D (CR) was due" },
        { "2\r\nhi\n0\r\n", "hi|HttpException: chunk of 2 bytes followed by 0x0A (LF) where 0x0D (CR) was due" },
        { "2\r\nhi\r0\r\n", "hi|HttpException: chunk of 2 bytes followed by 0x30 ('0') where 0x0A (LF) was due" },
        { "0\r\nA : 1\r\n\r\n", "trailer section line with white space before the colon: 'A : 1'" },
        { "0\r\n A: 1\r\n\r\n", "trailer section that begins with white space, where there is no field to" },
    };

    [Theory]
    [MemberData(nameof(StatusLines))]
    public void Status_line(string response, string message)
    {
        ResponseTranscript transcript = ResponseTranscript.OfEveryCut(response);
        Assert.IsType<HttpStatusLineException>(transcript.Failure);
        Assert.Contains(message, transcript.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public void Header_fields(string fields, string message)
    {
        ResponseTranscript transcript = ResponseTranscript.OfEveryCut($"HTTP/1.1 200 OK\r\n{fields}\r\n");
        Assert.Equal("|HttpException: " + message, transcript.ToString());
    }

    [Theory]
    [MemberData(nameof(Framings))]
    public void Framing(string fields, string message)
    {
        ResponseTranscript transcript = ResponseTranscript.OfEveryCut($"HTTP/1.1 200 OK\r\n{fields}\r\nhello");
        Assert.Equal("|HttpException: " + message, transcript.ToString());
    }

    [Theory]
    [MemberData(nameof(ChunkedBodies))]
    public void Chunked_body(string body, string message)
    {
        ResponseTranscript transcript =
            ResponseTranscript.OfEveryCut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
        Assert.IsType<HttpException>(transcript.Failure);
        Assert.Contains(message, transcript.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Switching_protocols_is_a_failure()
    {
        ResponseTranscript transcript =
            ResponseTranscript.OfEveryCut("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
        Assert.Equal(
            "|HttpException: status 101: the server changes to a protocol that nobody asked for",
            transcript.ToString());
    }

    [Theory]
    [InlineData(40, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'")]
    [InlineData(41, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u2026'")]
    [InlineData(42, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u2026'")]
    [InlineData(99, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u2026'")]
    public void A_long_line_that_is_no_status_line_is_quoted_in_part(int length, string quoted)
    {
        foreach (string end in (string[])["", "\n", "\r\n"])
        {
            ResponseTranscript transcript = ResponseTranscript.OfEveryCut(new string('a', length) + end);
            Assert.EndsWith(quoted, transcript.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Garbage_without_line_ends_is_found_before_the_connection_ends()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        parser.Feed(new byte[100]);
        Assert.IsType<HttpStatusLineException>(parser.Failure);
    }

    /// <summary>
    /// Whatever bytes are changed in a valid response: exactly one end, no other exception,
    /// and the same account for every cut that is tried.
    /// </summary>
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nA: 1\r\n 2\r\n\r\nhello, world")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n2\r\nhi\r\n0\r\nB: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Hints\r\nA: 1\r\n\r\nHTTP/1.0 301 Moved\r\nLocation: /x\r\n\r\nuntil close")]
    public void Damaged_responses_are_told_the_same_way_in_every_cut(string response)
    {
        const string Damage = "\r\n\0 \t:;,0123456789abcdefxHTP/\u00FF";
        var random = new Random(response.Length);
        for (int round = 0; round < 2000; round++)
        {
            List<byte> bytes = [.. response.Select(character => (byte)character)];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                DamageOnce(random, bytes, (byte)Damage[random.Next(Damage.Length)]);
            }

            byte[] damaged = [.. bytes];
            int cut = random.Next(damaged.Length + 1);
            string whole = ResponseTranscript.Of([damaged]).ToString();
            Assert.Equal(whole, ResponseTranscript.Of([damaged[..cut], damaged[cut..]]).ToString());
            Assert.Equal(whole, ResponseTranscript.Of(damaged.Chunk(1)).ToString());
        }
    }

    private static void DamageOnce(Random random, List<byte> bytes, byte value)
    {
        int at = random.Next(bytes.Count);
        switch (random.Next(3))
        {
            case 0:
                bytes[at] = value;
                break;
            case 1:
                bytes.Insert(at, value);
                break;
            default:
                bytes.RemoveAt(at);
                break;
        }
    }
}
