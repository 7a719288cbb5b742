using Asyncore.Protocols;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Each limit: what just fits passes, one more is refused and the limit named.</summary>
public class HttpLimitTests
{
    private const string StatusLine = "HTTP/1.1 200 OK\r\n";
    private const string ChunkedHeader = StatusLine + "Transfer-Encoding: chunked\r\n\r\n";

    [Fact]
    public void Header_bytes()
    {
        string response = StatusLine + "A: 1\r\nLonger: one\r\n 2\r\n\r\n";
        AssertLimit(
            response,
            new HttpLimits { MaxHeaderBytes = response.Length },
            new HttpLimits { MaxHeaderBytes = response.Length - 1 },
            $"header longer than {response.Length - 1} bytes");
    }

    [Fact]
    public void Header_bytes_in_the_status_line()
    {
        string response = StatusLine[..^2] + new string('!', 50) + "\r\n\r\n";
        foreach (int limit in (int[])[30, 42, response.Length - 2, response.Length - 1])
        {
            ResponseTranscript transcript =
                ResponseTranscript.OfEveryCut(response, limits: new HttpLimits { MaxHeaderBytes = limit });
            Assert.Equal($"|HttpLimitException: header longer than {limit} bytes", transcript.ToString());
        }
    }

    [Fact]
    public void What_is_no_http_is_called_that_however_long_it_is()
    {
        ResponseTranscript transcript = ResponseTranscript.OfEveryCut(
            new string('a', 100) + "\r\n",
            limits: new HttpLimits { MaxHeaderBytes = 60 });
        Assert.IsType<HttpStatusLineException>(transcript.Failure);
    }

    [Fact]
    public void The_header_of_each_interim_response_counts_for_itself()
    {
        const string Interim = "HTTP/1.1 100 Go on\r\n\r\n";
        ResponseTranscript transcript = ResponseTranscript.OfEveryCut(
            Interim + Interim + Interim + StatusLine + "\r\n",
            limits: new HttpLimits { MaxHeaderBytes = Interim.Length });
        Assert.Null(transcript.Failure);
    }

    [Fact]
    public void Header_fields()
    {
        AssertLimit(
            StatusLine + "A: 1\r\nB: 2\r\n more\r\nA: 3\r\n\r\n",
            new HttpLimits { MaxHeaderFields = 3 },
            new HttpLimits { MaxHeaderFields = 2 },
            "header with more than 2 fields");
    }

    [Fact]
    public void Chunk_size_line()
    {
        AssertLimit(
            ChunkedHeader + "2;extension\r\nhi\r\n0\r\n\r\n",
            new HttpLimits { MaxChunkLineBytes = 13 },
            new HttpLimits { MaxChunkLineBytes = 12 },
            "chunk-size line longer than 12 bytes");
    }

    [Fact]
    public void Chunk_extensions_beyond_the_body()
    {
        AssertLimit(
            ChunkedHeader + "4;abc\r\ndata\r\n4;abcdef\r\ndata\r\n0\r\n\r\n",
            new HttpLimits { MaxChunkExtensionBytes = 7 },
            new HttpLimits { MaxChunkExtensionBytes = 6 },
            "chunk extensions longer than the body by more than 6 bytes");
    }

    [Fact]
    public void Trailer_bytes()
    {
        AssertLimit(
            ChunkedHeader + "0\r\nA: 1\r\n\r\n",
            new HttpLimits { MaxTrailerBytes = 8 },
            new HttpLimits { MaxTrailerBytes = 7 },
            "trailer section longer than 7 bytes");
    }

    [Fact]
    public void Trailer_fields()
    {
        AssertLimit(
            ChunkedHeader + "0\r\nA: 1\r\nB: 2\r\n\r\n",
            new HttpLimits { MaxTrailerFields = 2 },
            new HttpLimits { MaxTrailerFields = 1 },
            "trailer section with more than 1 fields");
    }

    [Fact]
    public void Interim_responses()
    {
        AssertLimit(
            "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Hint\r\n\r\n" + StatusLine + "\r\n",
            new HttpLimits { MaxInterimResponses = 2 },
            new HttpLimits { MaxInterimResponses = 1 },
            "more than 1 interim (1xx) responses");
    }

    [Fact]
    public void The_default_header_limit_is_64_KiB()
    {
        string start = StatusLine + "A: ";
        string fits = start + new string('x', 65536 - start.Length - 4) + "\r\n\r\n";
        Assert.Null(ResponseTranscript.Of([Bytes(fits)]).Failure);
        Assert.Null(ResponseTranscript.Of(Bytes(fits).Chunk(1)).Failure);
        string over = start + "x" + fits[start.Length..];
        Assert.IsType<HttpLimitException>(ResponseTranscript.Of([Bytes(over)]).Failure);
        Assert.IsType<HttpLimitException>(ResponseTranscript.Of(Bytes(over).Chunk(1)).Failure);
    }

    private static byte[] Bytes(string text)
    {
        return System.Text.Encoding.Latin1.GetBytes(text);
    }

    private static void AssertLimit(string response, HttpLimits fitting, HttpLimits tooSmall, string message)
    {
        Assert.Null(ResponseTranscript.OfEveryCut(response, limits: fitting).Failure);
        ResponseTranscript transcript = ResponseTranscript.OfEveryCut(response, limits: tooSmall);
        HttpLimitException error = Assert.IsType<HttpLimitException>(transcript.Failure);
        Assert.Equal(message, error.Message);
        Assert.Contains($"{error.Limit} ", message, StringComparison.Ordinal);
    }
}
