using System.Text;
using Asyncore.Protocols;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>
/// Writes down what a parser tells, in a form that does not show where the bytes were cut,
/// and checks the order in which it is told.
/// </summary>
internal sealed class ResponseTranscript : IHttpResponseHandler
{
    private readonly StringBuilder _text = new();
    private HttpResponseParser? _response;

    private ResponseTranscript()
    {
    }

    public HttpException? Failure { get; private set; }

    public bool Ended { get; private set; }

    public static ResponseTranscript Of(
        IEnumerable<byte[]> pieces,
        bool isHead = false,
        HttpLimits? limits = null,
        Exception? reason = null)
    {
        var transcript = new ResponseTranscript();
        var parser = new HttpResponseParser(transcript, isHead, limits);
        foreach (byte[] piece in pieces)
        {
            parser.Feed(piece);
        }

        parser.EndOfStream(reason);
        Assert.True(transcript.Ended ^ transcript.Failure is not null, "exactly one end");
        Assert.Same(transcript.Failure, parser.Failure);
        Assert.Equal(transcript.Ended, parser.IsComplete);
        transcript.Finish(parser);
        return transcript;
    }

    /// <summary>
    /// Parses the response whole, in every two pieces, and byte by byte; all must come to the
    /// same, which is returned.
    /// </summary>
    public static ResponseTranscript OfEveryCut(
        string response,
        bool isHead = false,
        HttpLimits? limits = null,
        Exception? reason = null)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(response);
        ResponseTranscript whole = Of([bytes], isHead, limits, reason);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            ResponseTranscript inTwo = Of([bytes[..cut], bytes[cut..]], isHead, limits, reason);
            Assert.Equal(whole.ToString(), inTwo.ToString());
        }

        ResponseTranscript inBytes = Of(bytes.Select(value => new[] { value }), isHead, limits, reason);
        Assert.Equal(whole.ToString(), inBytes.ToString());
        return whole;
    }

    public override string ToString()
    {
        return _text.ToString();
    }

    void IHttpResponseHandler.OnHeader(HttpResponseParser response)
    {
        AssertOpen();
        Assert.Null(_response);
        _response = response;
        Assert.True(response.HasHeader);
        _text.Append($"1.{response.MinorVersion} {response.Status} {response.Reason}|");
        foreach ((string name, string value) in response.Header)
        {
            _text.Append($"{name}={value}|");
        }
    }

    void IHttpResponseHandler.OnBody(ReadOnlySpan<byte> data)
    {
        AssertOpen();
        Assert.NotNull(_response);
        Assert.False(data.IsEmpty);
        _text.Append(Encoding.Latin1.GetString(data));
    }

    void IHttpResponseHandler.OnEnd()
    {
        AssertOpen();
        Assert.NotNull(_response);
        Ended = true;
        _text.Append("|end");
    }

    void IHttpResponseHandler.OnFailed(HttpException error)
    {
        AssertOpen();
        Failure = error;
        _text.Append($"|{error.GetType().Name}: {error.Message}");
    }

    private void AssertOpen()
    {
        Assert.False(Ended);
        Assert.Null(Failure);
    }

    private void Finish(HttpResponseParser parser)
    {
        foreach ((string name, string value) in parser.Trailer)
        {
            _text.Append($"|{name}={value}");
        }

        if (parser.SurplusBytes > 0)
        {
            _text.Append($"|surplus {parser.SurplusBytes}");
        }
    }
}
