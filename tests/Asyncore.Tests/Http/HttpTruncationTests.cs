using System.Text;
using Asyncore.Protocols;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Connections that end before the response does.</summary>
public class HttpTruncationTests
{
    private const string Sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const string Chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n2\r\nhi\r\n0\r\nA: 1\r\n\r\n";

    [Theory]
    [InlineData(Sized)]
    [InlineData(Chunked)]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n" + Sized)]
    public void Every_part_of_a_response_that_is_not_all_of_it_is_truncated(string response)
    {
        string beforeBody = response[..response.IndexOf("hello", StringComparison.Ordinal)];
        int headerLength = beforeBody.LastIndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        for (int length = 0; length < response.Length; length++)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(response[..length]);
            ResponseTranscript transcript = ResponseTranscript.Of(bytes.Chunk(3));
            HttpTruncatedException error = Assert.IsType<HttpTruncatedException>(transcript.Failure);
            Assert.Equal(length < headerLength, error.InHeader);
            if (error.InHeader)
            {
                Assert.Equal(length, error.BytesReceived);
            }
        }
    }

    [Theory]
    [InlineData("", "the connection ended before any byte of the response")]
    [InlineData("HTT", "the connection ended inside the header, after 3 bytes")]
    [InlineData("HTTP/1.1 200 OK\r\n", "the connection ended inside the header, after 17 bytes")]
    [InlineData("HTTP/1.1 200 OK\r\nA", "the connection ended inside the header, after 18 bytes")]
    [InlineData("HTTP/1.1 200 OK\r\n\r", "the connection ended inside the header, after 18 bytes")]
    [InlineData("HTTP/1.1 100 Go\r\n\r\nHT", "the connection ended inside the header, after 21 bytes")]
    [InlineData("HTTP/1.1 100 Go\r\n\r\n", "the connection ended inside the header, after 19 bytes")]
    public void In_the_header(string response, string message)
    {
        ResponseTranscript transcript = ResponseTranscript.OfEveryCut(response);
        Assert.Equal("|HttpTruncatedException: " + message, transcript.ToString());
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("hell", 4)]
    public void In_a_sized_body(string body, int received)
    {
        ResponseTranscript transcript =
            ResponseTranscript.OfEveryCut("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + body);
        HttpTruncatedException error = Assert.IsType<HttpTruncatedException>(transcript.Failure);
        Assert.Equal($"the connection ended after {received} of 5 body bytes", error.Message);
        Assert.False(error.InHeader);
        Assert.Equal(received, error.BytesReceived);
        Assert.Equal(5, error.BytesExpected);
    }

    [Theory]
    [InlineData("", 0, "where a chunk size was due")]
    [InlineData("5", 0, "where a chunk size was due")]
    [InlineData("5\r\n", 0, "after 0 of 5 bytes of a chunk")]
    [InlineData("7FFFFFFFFFFFFFFF\r\n", 0, "after 0 of 9223372036854775807 bytes of a chunk")]
    [InlineData("5\r\nhel", 3, "after 3 of 5 bytes of a chunk")]
    [InlineData("5\r\nhello", 5, "before the end of a chunk")]
    [InlineData("5\r\nhello\r", 5, "before the end of a chunk")]
    [InlineData("5\r\nhello\r\n", 5, "where a chunk size was due")]
    [InlineData("5\r\nhello\r\n0\r\n", 5, "before the end of the trailer section")]
    [InlineData("5\r\nhello\r\n0\r\nA: 1\r\n", 5, "before the end of the trailer section")]
    public void In_a_chunked_body(string body, int received, string where)
    {
        ResponseTranscript transcript =
            ResponseTranscript.OfEveryCut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
        HttpTruncatedException error = Assert.IsType<HttpTruncatedException>(transcript.Failure);
        Assert.Equal(
            $"the connection ended inside the chunked body, after {received} bytes, {where}",
            error.Message);
        Assert.Equal(received, error.BytesReceived);
        Assert.Null(error.BytesExpected);
    }

    [Fact]
    public void A_body_until_close_is_cut_short_by_a_reset()
    {
        var reset = new IOException("reset");
        ResponseTranscript transcript =
            ResponseTranscript.OfEveryCut("HTTP/1.1 200 OK\r\n\r\nhello", reason: reset);
        HttpTruncatedException error = Assert.IsType<HttpTruncatedException>(transcript.Failure);
        Assert.Equal("the connection broke after 5 body bytes of an unknown number", error.Message);
        Assert.Same(reset, error.InnerException);
    }

    [Fact]
    public void A_response_that_is_whole_is_whole_whatever_ends_the_connection()
    {
        Assert.Null(ResponseTranscript.OfEveryCut(Sized, reason: new IOException("reset")).Failure);
        Assert.Null(ResponseTranscript.OfEveryCut(Chunked, reason: new IOException("reset")).Failure);
    }

    [Fact]
    public void A_reset_is_the_reason_of_what_it_truncates()
    {
        var reset = new IOException("reset");
        Assert.Same(reset, ResponseTranscript.OfEveryCut("HTT", reason: reset).Failure?.InnerException);
        Assert.Same(reset, ResponseTranscript.OfEveryCut(Sized[..^1], reason: reset).Failure?.InnerException);
        Assert.Same(reset, ResponseTranscript.OfEveryCut(Chunked[..^1], reason: reset).Failure?.InnerException);
    }
}
