namespace Asyncore.Protocols;

/// <summary>
/// Parses one HTTP/1.1 response out of arbitrary cuts of bytes (RFC 9112), without copying
/// its body. It knows no socket and no loop.
/// </summary>
/// <remarks>
/// A pull parser inside (<see cref="Next"/> throws what is wrong with the response), a push
/// parser outside (<see cref="Feed"/> throws nothing but what the handler throws): so an
/// error of the peer is never mistaken for one of the handler. Which events come, and which
/// error, does not depend on where the bytes were cut.
/// </remarks>
internal sealed class HttpResponseParser
{
    private readonly IHttpResponseHandler _handler;
    private readonly bool _isHead;
    private readonly HttpLimits _limits;
    private readonly HttpLineReader _lines = new();
    private readonly HttpFieldReader _fields;
    private ChunkedDecoder? _chunks;
    private State _state = State.StatusLine;
    private HttpStatusLine _statusLine;
    private HttpFraming _framing;
    private int _interimResponses;
    private long _interimBytes;

    /// <summary>Makes a parser for one response.</summary>
    /// <param name="handler">Who is told.</param>
    /// <param name="isHead">Whether the request was HEAD, which is answered without a body.</param>
    /// <param name="limits">Null for the default ones.</param>
    public HttpResponseParser(IHttpResponseHandler handler, bool isHead = false, HttpLimits? limits = null)
    {
        _handler = handler;
        _isHead = isHead;
        _limits = limits ?? HttpLimits.Default;
        _fields = new HttpFieldReader(_lines, "header", _limits.MaxHeaderBytes, _limits.MaxHeaderFields);
    }

    private enum State
    {
        StatusLine,
        Fields,
        Body,
        Complete,
    }

    private enum Event
    {
        NeedMore,
        Header,
        Body,
        End,
    }

    /// <summary>The status code of the final response; 0 before its header is whole.</summary>
    public int Status => HasHeader ? _statusLine.Status : 0;

    /// <summary>The reason phrase, which may be empty. For people, not for programs.</summary>
    public string Reason => HasHeader ? _statusLine.Reason : "";

    /// <summary>The x of HTTP/1.x.</summary>
    public int MinorVersion => HasHeader ? _statusLine.MinorVersion : 0;

    /// <summary>The header fields; none before the header is whole.</summary>
    public HttpHeaderCollection Header => HasHeader ? _fields.Fields : HttpHeaderCollection.None;

    /// <summary>The fields after a chunked body, once it is whole.</summary>
    public HttpHeaderCollection Trailer =>
        IsComplete && _chunks is not null ? _chunks.Trailer : HttpHeaderCollection.None;

    /// <summary>The body's length in bytes where it is known beforehand.</summary>
    public long? BodyLength => HasHeader ? _framing.Length : null;

    /// <summary>The bytes of the body that came so far, those of the call in progress included.</summary>
    public long BodyReceived { get; private set; }

    /// <summary>True once the header of the final response is whole.</summary>
    public bool HasHeader => _state is State.Body or State.Complete;

    /// <summary>True once the whole response has come.</summary>
    public bool IsComplete => _state == State.Complete;

    /// <summary>What was wrong with the response, or null.</summary>
    public HttpException? Failure { get; private set; }

    /// <summary>True after <see cref="Abort"/>, and after a handler threw.</summary>
    public bool Aborted { get; private set; }

    /// <summary>True when nothing more will be told: complete, failed or aborted.</summary>
    public bool IsFinished => IsComplete || Aborted || Failure is not null;

    /// <summary>
    /// The bytes that came after the response was complete. They are thrown away: with
    /// <c>Connection: close</c> there is nothing that they could belong to.
    /// </summary>
    public long SurplusBytes { get; private set; }

    /// <summary>Stops: nothing more is told, not even out of the bytes being fed.</summary>
    public void Abort()
    {
        Aborted = true;
    }

    /// <summary>Takes the next bytes and tells the handler what they bring.</summary>
    /// <param name="input">Any number of bytes; not kept beyond the call.</param>
    public void Feed(ReadOnlySpan<byte> input)
    {
        bool handlersReturned = false;
        try
        {
            while (!IsFinished && TryNext(ref input, out Event next, out ReadOnlySpan<byte> body))
            {
                Tell(next, body);
            }

            handlersReturned = true;
        }
        finally
        {
            // The rest of the input is lost to a handler that threw: what follows could
            // only be misread.
            Aborted |= !handlersReturned;
        }

        if (IsComplete)
        {
            SurplusBytes += input.Length;
        }
    }

    /// <summary>
    /// Says that no more bytes will come: the end of a body that lasts until the connection
    /// closes, and a failure anywhere before the end of another.
    /// </summary>
    /// <param name="reason">
    /// Why the connection ended, null for an orderly end. With a reason even a body that
    /// lasts until then is cut short: nobody knows how much of it is missing.
    /// </param>
    public void EndOfStream(Exception? reason = null)
    {
        if (IsFinished)
        {
            return;
        }

        if (reason is null && _state == State.Body && _framing.Kind == HttpBodyKind.UntilClose)
        {
            _state = State.Complete;
            Tell(Event.End, default);
            return;
        }

        Fail(_state == State.Body ? TruncatedBody(reason) : TruncatedHeader(reason));
    }

    private void Tell(Event next, ReadOnlySpan<byte> body)
    {
        switch (next)
        {
            case Event.Header:
                _handler.OnHeader(this);
                break;
            case Event.Body:
                _handler.OnBody(body);
                break;
            case Event.End:
                _handler.OnEnd();
                break;
        }
    }

    private void Fail(HttpException error)
    {
        Failure = error;
        _handler.OnFailed(error);
    }

    private bool TryNext(ref ReadOnlySpan<byte> input, out Event next, out ReadOnlySpan<byte> body)
    {
        HttpException error;
        try
        {
            next = Next(ref input, out body);
            return next != Event.NeedMore;
        }
        catch (HttpException thrown)
        {
            error = thrown;
        }

        next = Event.NeedMore;
        body = default;
        Fail(error);
        return false;
    }

    /// <summary>Takes bytes up to the next event. Every state is advanced before the event is told.</summary>
    private Event Next(ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> body)
    {
        body = default;
        while (true)
        {
            switch (_state)
            {
                case State.StatusLine:
                    if (!ReadStatusLine(ref input))
                    {
                        return Event.NeedMore;
                    }

                    _state = State.Fields;
                    break;
                case State.Fields:
                    if (!_fields.Read(ref input))
                    {
                        return Event.NeedMore;
                    }

                    if (EndHeader())
                    {
                        return Event.Header;
                    }

                    break;
                default:
                    return NextOfBody(ref input, out body);
            }
        }
    }

    private bool ReadStatusLine(ref ReadOnlySpan<byte> input)
    {
        ReadOnlySpan<byte> line;
        try
        {
            if (!_fields.TryReadLine(ref input, out line))
            {
                HttpStatusLine.CheckStart(_lines.Kept, isAll: false);
                return false;
            }
        }
        catch (HttpLimitException)
        {
            // What is no HTTP is called that, not HTTP with a long line.
            HttpStatusLine.CheckStart(_lines.Kept, isAll: false);
            throw;
        }

        _statusLine = HttpStatusLine.Parse(line);
        return true;
    }

    /// <summary>The header is whole; false if it is that of an interim response.</summary>
    private bool EndHeader()
    {
        int status = _statusLine.Status;
        if (status == 101)
        {
            throw new HttpException("status 101: the server changes to a protocol that nobody asked for");
        }

        if (status >= 200)
        {
            _framing = HttpFraming.Of(_isHead, status, _fields.Fields);
            if (_framing.Kind == HttpBodyKind.Chunked)
            {
                _chunks = new ChunkedDecoder(_lines, _limits);
            }

            _state = State.Body;
            return true;
        }

        // RFC 9110, section 15.2: a client takes any number of interim responses. Not this one.
        int limit = _limits.MaxInterimResponses;
        if (++_interimResponses > limit)
        {
            throw new HttpLimitException($"more than {limit} interim (1xx) responses", limit);
        }

        _interimBytes += _fields.Bytes;
        _fields.Begin();
        _state = State.StatusLine;
        return false;
    }

    private Event NextOfBody(ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> body)
    {
        bool isWhole;
        if (_chunks is not null)
        {
            body = _chunks.Read(ref input);
            isWhole = _chunks.IsDone;
        }
        else
        {
            long left = (_framing.Length ?? long.MaxValue) - BodyReceived;
            body = input[..(int)Math.Min(left, input.Length)];
            input = input[body.Length..];
            isWhole = left == 0;
        }

        if (!body.IsEmpty)
        {
            BodyReceived += body.Length;
            return Event.Body;
        }

        if (!isWhole)
        {
            return Event.NeedMore;
        }

        _state = State.Complete;
        return Event.End;
    }

    private HttpException TruncatedHeader(Exception? reason)
    {
        try
        {
            if (_state == State.StatusLine)
            {
                HttpStatusLine.CheckStart(_lines.Kept, isAll: true);
            }
        }
        catch (HttpStatusLineException error)
        {
            return error;
        }

        long received = _interimBytes + _fields.Bytes + _lines.Kept.Length;
        string message = received == 0
            ? "the connection ended before any byte of the response"
            : $"the connection ended inside the header, after {received} bytes";
        return new HttpTruncatedException(message, inHeader: true, received, null, reason);
    }

    private HttpTruncatedException TruncatedBody(Exception? reason)
    {
        string message = _framing.Kind switch
        {
            HttpBodyKind.Sized => $"the connection ended after {BodyReceived} of {_framing.Length} body bytes",
            HttpBodyKind.Chunked => $"the connection ended inside the chunked body, after {BodyReceived} bytes, "
                + _chunks!.Position,
            _ => $"the connection broke after {BodyReceived} body bytes of an unknown number",
        };
        return new HttpTruncatedException(message, inHeader: false, BodyReceived, _framing.Length, reason);
    }
}
