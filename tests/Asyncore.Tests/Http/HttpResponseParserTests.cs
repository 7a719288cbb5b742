using System.Text;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>What the parser promises to the one who drives it and to the one who is told.</summary>
public class HttpResponseParserTests
{
    private const string Chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3\r\nyou\r\n0\r\n\r\n";

    [Fact]
    public void State_before_between_and_after()
    {
        var parser = new HttpResponseParser(new ControlledHandler());
        Assert.Equal((0, "", null), (parser.Status, parser.Reason, parser.BodyLength));
        Assert.Empty(parser.Header);

        Feed(parser, "HTTP/1.1 100 Continue\r\nA: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n");
        Assert.False(parser.HasHeader);
        Assert.Equal(0, parser.Status);
        Assert.Empty(parser.Header);

        Feed(parser, "\r\nhel");
        Assert.True(parser.HasHeader);
        Assert.Equal((200, "OK", 5L), (parser.Status, parser.Reason, parser.BodyLength));
        Assert.Equal("5", parser.Header["content-length"]);
        Assert.Equal(3, parser.BodyReceived);
        Assert.False(parser.IsFinished);

        Feed(parser, "lo");
        Assert.True(parser.IsComplete);
        Assert.True(parser.IsFinished);
        Assert.Equal(5, parser.BodyReceived);
        Assert.Equal(0, parser.SurplusBytes);
    }

    [Fact]
    public void The_length_of_a_body_is_known_for_content_length_alone()
    {
        Assert.Equal(7, ParseHeader("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n").BodyLength);
        Assert.Equal(0, ParseHeader("HTTP/1.1 204 No\r\nContent-Length: 7\r\n\r\n").BodyLength);
        Assert.Null(ParseHeader("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").BodyLength);
        Assert.Null(ParseHeader("HTTP/1.1 200 OK\r\n\r\n").BodyLength);
    }

    [Fact]
    public void The_largest_content_length_is_a_length()
    {
        string header = $"HTTP/1.1 200 OK\r\nContent-Length: {long.MaxValue}\r\n\r\n";
        Assert.Equal(long.MaxValue, ParseHeader(header).BodyLength);
    }

    [Fact]
    public void Surplus_bytes_are_counted_over_several_feeds()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        Feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and");
        Feed(parser, " more");
        Assert.Equal(9, parser.SurplusBytes);
        Assert.Equal(2, handler.BodyBytes);
        Assert.Equal(3, handler.Calls);
    }

    [Fact]
    public void Nothing_is_told_after_the_end()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        Feed(parser, Chunked);
        int calls = handler.Calls;
        parser.EndOfStream();
        parser.EndOfStream(new IOException());
        Assert.Equal(calls, handler.Calls);
    }

    [Fact]
    public void A_failure_is_told_once()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        Feed(parser, "SSH-2.0\r\n");
        Assert.NotNull(parser.Failure);
        Feed(parser, Chunked);
        parser.EndOfStream();
        Assert.Equal(1, handler.Calls);
        Assert.Equal(0, parser.SurplusBytes);
    }

    [Fact]
    public void Abort_at_the_header_stops_before_the_body_of_the_same_feed()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        handler.Header = parser.Abort;
        Feed(parser, Chunked);
        parser.EndOfStream();
        Assert.Equal(1, handler.Calls);
        Assert.True(parser.Aborted);
        Assert.False(parser.IsComplete);
    }

    [Fact]
    public void Abort_at_a_piece_of_the_body_stops_before_the_next()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        handler.Body = parser.Abort;
        Feed(parser, Chunked);
        Feed(parser, Chunked);
        parser.EndOfStream();
        Assert.Equal(2, handler.Calls);
        Assert.Equal(2, handler.BodyBytes);
    }

    [Fact]
    public void Abort_at_the_last_piece_of_the_body_tells_no_end()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        handler.Body = parser.Abort;
        Feed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        parser.EndOfStream();
        Assert.Equal(2, handler.Calls);
        Assert.False(parser.IsComplete);
    }

    [Fact]
    public void Abort_before_the_first_byte()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        parser.Abort();
        Feed(parser, Chunked);
        parser.EndOfStream();
        Assert.Equal(0, handler.Calls);
    }

    [Theory]
    [InlineData("header")]
    [InlineData("body")]
    [InlineData("end")]
    [InlineData("failed")]
    public void What_a_handler_throws_comes_out_and_aborts(string where)
    {
        // An HttpException on purpose: even that must not be taken for one of the parser's.
        var thrown = new HttpException("the handler's own");
        var handler = new ControlledHandler();
        void Throw() => throw thrown;
        handler.Header = where == "header" ? Throw : null;
        handler.Body = where == "body" ? Throw : null;
        handler.End = where == "end" ? Throw : null;
        handler.Failed = where == "failed" ? Throw : null;
        var parser = new HttpResponseParser(handler);
        string response = where == "failed" ? "SSH-2.0\r\n" : Chunked;

        Assert.Same(thrown, Assert.Throws<HttpException>(() => Feed(parser, response)));
        Assert.True(parser.Aborted);
        Assert.True(parser.Failure is null == (where != "failed"));
        int calls = handler.Calls;
        Feed(parser, Chunked);
        parser.EndOfStream();
        Assert.Equal(calls, handler.Calls);
    }

    [Fact]
    public void The_trailer_is_there_at_the_end()
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        string? trailer = null;
        handler.End = () => trailer = parser.Trailer["digest"];
        Feed(parser, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nDigest: x\r\n\r\n");
        Assert.Equal("x", trailer);
        Assert.False(parser.Header.Contains("Digest"));
    }

    [Fact]
    public void Body_bytes_are_views_of_what_was_fed()
    {
        byte[] response = Encoding.ASCII.GetBytes(Chunked);
        var handler = new ViewHandler { Fed = response };
        new HttpResponseParser(handler).Feed(response);
        Assert.Equal(2, handler.Views);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(100_000)]
    public void A_body_is_delivered_without_allocation(int pieceSize)
    {
        var handler = new ControlledHandler();
        var parser = new HttpResponseParser(handler);
        Feed(parser, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        byte[] chunks = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Repeat("1A;name=value\r\nabcdefghijklmnopqrstuvwxyz\r\n", 500)));
        FeedInPieces(parser, chunks, pieceSize);

        Action feed = () => FeedInPieces(parser, chunks, pieceSize);
        Assert.Equal(0, Allocations.Least(1, () => Allocations.Of(feed)));
        Assert.True(handler.BodyBytes >= 2 * 500 * 26);
    }

    private static void Feed(HttpResponseParser parser, string text)
    {
        parser.Feed(Encoding.Latin1.GetBytes(text));
    }

    private static void FeedInPieces(HttpResponseParser parser, byte[] bytes, int size)
    {
        for (int at = 0; at < bytes.Length; at += size)
        {
            parser.Feed(bytes.AsSpan(at, Math.Min(size, bytes.Length - at)));
        }
    }

    private static HttpResponseParser ParseHeader(string header)
    {
        var parser = new HttpResponseParser(new ControlledHandler());
        Feed(parser, header);
        Assert.True(parser.HasHeader);
        return parser;
    }

    private sealed class ViewHandler : IHttpResponseHandler
    {
        public byte[] Fed { get; init; } = [];

        public int Views { get; private set; }

        public void OnHeader(HttpResponseParser response)
        {
        }

        public void OnBody(ReadOnlySpan<byte> data)
        {
            Assert.True(Fed.AsSpan().Overlaps(data));
            Views++;
        }

        public void OnEnd()
        {
        }

        public void OnFailed(HttpException error)
        {
            Assert.Fail(error.Message);
        }
    }
}
