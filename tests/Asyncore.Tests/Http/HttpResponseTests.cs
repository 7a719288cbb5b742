using System.Text;
using Asyncore.Protocols;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Responses that are valid, each fed in every two pieces and byte by byte.</summary>
public class HttpResponseTests
{
    public static TheoryData<string, string> StatusLines => new()
    {
        { "HTTP/1.1 200 OK\r\n\r\n", "1.1 200 OK||end" },
        { "HTTP/1.0 404 Not Found\r\n\r\n", "1.0 404 Not Found||end" },
        { "HTTP/1.1 200 \r\n\r\n", "1.1 200 ||end" },
        { "HTTP/1.1 200\r\n\r\n", "1.1 200 ||end" },
        { "HTTP/1.1 999 Odd\r\n\r\n", "1.1 999 Odd||end" },
        { "HTTP/1.9 200 Later\r\n\r\n", "1.9 200 Later||end" },
        { "HTTP/1.1 200 Gr\u00FC\u00DFe, b\tc\r\n\r\n", "1.1 200 Gr\u00FC\u00DFe, b\tc||end" },
        { "HTTP/1.1 200 OK\n\n", "1.1 200 OK||end" },
    };

    public static TheoryData<string, string> Fields => new()
    {
        { "A: 1\r\n", "A=1|" },
        { "A:1\r\n", "A=1|" },
        { "A: \t 1 2 \t\r\n", "A=1 2|" },
        { "A:\r\nB: \r\n", "A=|B=|" },
        { "A: 1\nB: 2\r\n", "A=1|B=2|" },
        { "a: 1\r\nA: 2\r\nB: 3\r\nA: 4\r\n", "a=1|A=2|B=3|A=4|" },
        { "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "Date=Sun, 06 Nov 1994 08:49:37 GMT|" },
        { "!#$%&'*+-.^_`|~09azAZ: odd\r\n", "!#$%&'*+-.^_`|~09azAZ=odd|" },
        { "A: \u00E9\u0080\r\n", "A=\u00E9\u0080|" },
        { "A: 1\r\n 2\r\nB: 3\r\n", "A=1 2|B=3|" },
        { "A: 1 \r\n\t \t2\r\n  3 \r\n", "A=1 2 3|" },
        { "A:\r\n 1\r\n", "A=1|" },
        { "A: 1\r\n \r\n 2\r\n", "A=1 2|" },
        { "A:\r\n \r\nB: 1\r\n 2\r\nC:\r\n\t3\r\n", "A=|B=1 2|C=3|" },
    };

    public static TheoryData<string, string> Bodies => new()
    {
        { "Content-Length: 5\r\n\r\nhello", "Content-Length=5|hello|end" },
        { "content-LENGTH: 0\r\n\r\n", "content-LENGTH=0||end" },
        { "Content-Length: 005\r\n\r\nhello", "Content-Length=005|hello|end" },
        { "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", "Content-Length=2|Content-Length=2|hi|end" },
        { "Content-Length: 2 , 02\r\n\r\nhi", "Content-Length=2 , 02|hi|end" },
        { "Content-Length: 4\r\n\r\n\r\n\r\n", "Content-Length=4|\r\n\r\n|end" },
        { "Content-Length: 2\r\n\r\nhiHTTP/1.1 500 No\r\n\r\n", "Content-Length=2|hi|end|surplus 19" },
        { "\r\nuntil close", "until close|end" },
        { "\r\n", "|end" },
    };

    public static TheoryData<string, string> ChunkedBodies => new()
    {
        { "0\r\n\r\n", "|end" },
        { "5\r\nhello\r\n0\r\n\r\n", "hello|end" },
        { "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", "ab|end" },
        { "3\r\nhel\r\n2\r\nlo\r\n000\r\n\r\n", "hello|end" },
        { "00000000000000000000002\r\nhi\r\n0\r\n\r\n", "hi|end" },
        { "1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n", "abcdefghijklmnopqrstuvwxyz|end" },
        { "a\r\n0123456789\r\n0\r\n\r\n", "0123456789|end" },
        { "2;a\r\nhi\r\n0;b=\"c;d\"\r\n\r\n", "hi|end" },
        { "2 ;a=b ; c\r\nhi\r\n0\t \r\n\r\n", "hi|end" },
        { "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n|end" },
        { "2\r\nhi\r\n0\r\nA: 1\r\nB: 2\r\n 3\r\n\r\n", "hi|end|A=1|B=2 3" },
        { "2\r\nhi\r\n0\r\n\r\nmore", "hi|end|surplus 4" },
    };

    public static TheoryData<string> BodilessHeaders => new()
    {
        { "Content-Length: 5\r\n" },
        { "Transfer-Encoding: chunked\r\n" },
        { "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" },
        { "Content-Length: five\r\n" },
        { "" },
    };

    [Theory]
    [MemberData(nameof(StatusLines))]
    public void Status_line(string response, string expected)
    {
        Assert.Equal(expected, ResponseTranscript.OfEveryCut(response).ToString());
    }

    [Theory]
    [MemberData(nameof(Fields))]
    public void Header_fields(string fields, string expected)
    {
        string response = $"HTTP/1.1 200 OK\r\n{fields}\r\n";
        Assert.Equal($"1.1 200 OK|{expected}|end", ResponseTranscript.OfEveryCut(response).ToString());
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Body(string fieldsAndBody, string expected)
    {
        string response = "HTTP/1.1 200 OK\r\n" + fieldsAndBody;
        Assert.Equal("1.1 200 OK|" + expected, ResponseTranscript.OfEveryCut(response).ToString());
    }

    [Theory]
    [MemberData(nameof(ChunkedBodies))]
    public void Chunked_body(string body, string expected)
    {
        string response = "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n" + body;
        string expectedStart = "1.1 200 OK|transfer-encoding=Chunked|";
        Assert.Equal(expectedStart + expected, ResponseTranscript.OfEveryCut(response).ToString());
    }

    [Fact]
    public void A_chunked_body_of_http_1_0_is_read_all_the_same()
    {
        const string Response = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
        Assert.Equal(
            "1.0 200 OK|Transfer-Encoding=chunked|hi|end",
            ResponseTranscript.OfEveryCut(Response).ToString());
    }

    [Theory]
    [MemberData(nameof(BodilessHeaders))]
    public void The_answer_to_head_has_no_body_whatever_its_fields_say(string fields)
    {
        ResponseTranscript transcript =
            ResponseTranscript.OfEveryCut($"HTTP/1.1 200 OK\r\n{fields}\r\nhello", isHead: true);
        Assert.EndsWith("||end|surplus 5", transcript.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BodilessHeaders))]
    public void Status_204_and_304_have_no_body_whatever_their_fields_say(string fields)
    {
        foreach (int status in (int[])[204, 304])
        {
            ResponseTranscript transcript =
                ResponseTranscript.OfEveryCut($"HTTP/1.1 {status} No\r\n{fields}\r\nhello");
            Assert.EndsWith("||end|surplus 5", transcript.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n")]
    [InlineData("HTTP/1.1 100\r\nA: 1\r\n 2\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 199 Odd\r\n\r\n")]
    public void Interim_responses_are_skipped(string interim)
    {
        string response = interim + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        Assert.Equal(
            "1.1 200 OK|Content-Length=2|hi|end",
            ResponseTranscript.OfEveryCut(response).ToString());
    }

    [Fact]
    public void A_large_chunked_body_comes_whole_in_cuts_of_any_size()
    {
        var random = new Random(7);
        var body = new byte[200_000];
        random.NextBytes(body);
        using var response = new MemoryStream();
        response.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8);
        for (int at = 0; at < body.Length;)
        {
            int size = Math.Min(random.Next(1, 5000), body.Length - at);
            response.Write(Encoding.ASCII.GetBytes($"{size:x};n={at}\r\n"));
            response.Write(body, at, size);
            response.Write("\r\n"u8);
            at += size;
        }

        response.Write("0\r\n\r\n"u8);
        string expected = "1.1 200 OK|Transfer-Encoding=chunked|" + Encoding.Latin1.GetString(body) + "|end";
        foreach (int size in (int[])[1, 2, 3, 7, 1000, 4096, 65536])
        {
            Assert.Equal(expected, ResponseTranscript.Of(response.ToArray().Chunk(size)).ToString());
        }
    }
}
