namespace Asyncore.Protocols;

/// <summary>
/// An HTTP exchange that failed: what the server sent is no valid HTTP/1.1 response, or
/// less than a whole one, or more than the client takes. The message says what was wrong.
/// </summary>
/// <remarks>
/// The derived classes are the cases a caller may want to tell apart. A status of 400 or
/// more is not among them: such a response is whole and valid.
/// </remarks>
public class HttpException : IOException
{
    /// <summary>Makes an exception that says what was wrong.</summary>
    /// <param name="message">What was wrong, in one line.</param>
    /// <param name="innerException">What led to it, where there was something.</param>
    public HttpException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// The reply does not begin with an HTTP/1.x status line (RFC 9112, section 4): most often
/// the peer speaks another protocol.
/// </summary>
public sealed class HttpStatusLineException : HttpException
{
    /// <summary>Makes an exception that says what came instead of a status line.</summary>
    /// <param name="message">What was wrong, in one line.</param>
    public HttpStatusLineException(string message)
        : base(message)
    {
    }
}

/// <summary>
/// The connection ended before the response was whole (RFC 9112, section 8).
/// </summary>
public sealed class HttpTruncatedException : HttpException
{
    /// <summary>Makes an exception that says how much of the response came.</summary>
    /// <param name="message">Where the response ended, in one line.</param>
    /// <param name="inHeader">Whether it ended before its header was whole.</param>
    /// <param name="bytesReceived">The bytes that came of the header or of the body.</param>
    /// <param name="bytesExpected">The length announced, or null where none was.</param>
    /// <param name="innerException">Why the connection ended, where it did not end in order.</param>
    public HttpTruncatedException(
        string message,
        bool inHeader,
        long bytesReceived,
        long? bytesExpected = null,
        Exception? innerException = null)
        : base(message, innerException)
    {
        InHeader = inHeader;
        BytesReceived = bytesReceived;
        BytesExpected = bytesExpected;
    }

    /// <summary>True if the header was not whole; false if the body was not.</summary>
    public bool InHeader { get; }

    /// <summary>
    /// The bytes that came: of the header where <see cref="InHeader"/> is true, of the body
    /// (without chunk framing) otherwise.
    /// </summary>
    public long BytesReceived { get; }

    /// <summary>
    /// The body's length in bytes as Content-Length announced it; null in a header, a chunked
    /// body and a body that lasts until the connection closes.
    /// </summary>
    public long? BytesExpected { get; }
}

/// <summary>
/// The response exceeds a limit of the client: header bytes, header fields, a chunk line,
/// the trailer section, or interim responses. The message names the limit.
/// </summary>
public sealed class HttpLimitException : HttpException
{
    /// <summary>Makes an exception that names the limit.</summary>
    /// <param name="message">Which limit was exceeded, in one line.</param>
    /// <param name="limit">The limit, in the unit that the message names.</param>
    public HttpLimitException(string message, long limit)
        : base(message)
    {
        Limit = limit;
    }

    /// <summary>The limit that was exceeded, in the unit that the message names.</summary>
    public long Limit { get; }
}

/// <summary>What a client was waiting for when its time was up.</summary>
public enum HttpTimeoutPhase
{
    /// <summary>The name to be resolved and the connection to be made.</summary>
    Connect,

    /// <summary>The next byte, on a connection that was made.</summary>
    Idle,
}

/// <summary>The server did not do in time what the client was waiting for.</summary>
public sealed class HttpTimeoutException : HttpException
{
    /// <summary>Makes an exception that says what took too long.</summary>
    /// <param name="message">What took too long, in one line.</param>
    /// <param name="phase">What the client was waiting for.</param>
    /// <param name="timeout">How long it waited at most.</param>
    public HttpTimeoutException(string message, HttpTimeoutPhase phase, TimeSpan timeout)
        : base(message)
    {
        Phase = phase;
        Timeout = timeout;
    }

    /// <summary>What the client was waiting for.</summary>
    public HttpTimeoutPhase Phase { get; }

    /// <summary>How long it waited at most.</summary>
    public TimeSpan Timeout { get; }
}

/// <summary>Why a redirect was not followed.</summary>
public enum HttpRedirectError
{
    /// <summary>The target was visited before.</summary>
    Loop,

    /// <summary>More redirects in a row than the caller allows.</summary>
    Limit,

    /// <summary>There is no Location field.</summary>
    MissingLocation,

    /// <summary>The Location field is no URI reference, or there are several that differ.</summary>
    BadLocation,

    /// <summary>The target's scheme is not <c>http</c>.</summary>
    UnsupportedScheme,
}

/// <summary>A redirect (RFC 9110, section 15.4) that cannot be followed.</summary>
public sealed class HttpRedirectException : HttpException
{
    /// <summary>Makes an exception that says why a redirect was not followed.</summary>
    /// <param name="message">What was wrong, in one line.</param>
    /// <param name="error">What was wrong, for a program.</param>
    public HttpRedirectException(string message, HttpRedirectError error)
        : base(message)
    {
        Error = error;
    }

    /// <summary>Why the redirect was not followed.</summary>
    public HttpRedirectError Error { get; }
}
