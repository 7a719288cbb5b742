using System.Text;
using Asyncore.Protocols;
using Asyncore.Tests.Fuzz;

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

    /// <summary>The bytes behind a response that ended by itself; null for one that did not.</summary>
    public long? Surplus { get; private set; }

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

        transcript.Surplus = transcript.Ended ? parser.SurplusBytes : null;
        parser.EndOfStream(reason);
        Property.Holds(transcript.Ended ^ transcript.Failure is not null, "exactly one end");
        Property.Holds(transcript.Failure == parser.Failure);
        Property.Holds(transcript.Ended == parser.IsComplete);
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
            Property.Equal(whole.ToString(), inTwo.ToString(), "in two pieces");
        }

        ResponseTranscript inBytes = Of(bytes.Select(value => new[] { value }), isHead, limits, reason);
        Property.Equal(whole.ToString(), inBytes.ToString(), "byte by byte");
        return whole;
    }

    public override string ToString()
    {
        return _text.ToString();
    }

    void IHttpResponseHandler.OnHeader(HttpResponseParser response)
    {
        CheckOpen();
        Property.Holds(_response is null);
        _response = response;
        Property.Holds(response.HasHeader);
        _text.Append($"1.{response.MinorVersion} {response.Status} {response.Reason}|");
        foreach ((string name, string value) in response.Header)
        {
            _text.Append($"{name}={value}|");
        }
    }

    void IHttpResponseHandler.OnBody(ReadOnlySpan<byte> data)
    {
        CheckOpen();
        Property.Holds(_response is not null);
        Property.Holds(!data.IsEmpty);
        _text.Append(Encoding.Latin1.GetString(data));
    }

    void IHttpResponseHandler.OnEnd()
    {
        CheckOpen();
        Property.Holds(_response is not null);
        Ended = true;
        _text.Append("|end");
    }

    void IHttpResponseHandler.OnFailed(HttpException error)
    {
        CheckOpen();
        Failure = error;
        _text.Append($"|{error.GetType().Name}: {error.Message}");
    }

    private void CheckOpen()
    {
        Property.Holds(!Ended);
        Property.Holds(Failure is null);
    }

    private void Finish(HttpResponseParser parser)
    {
        Property.Holds(!Ended || parser.BodyLength is null || parser.BodyLength == parser.BodyReceived);
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
