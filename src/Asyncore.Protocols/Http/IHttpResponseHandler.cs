namespace Asyncore.Protocols;

/// <summary>
/// What a <see cref="HttpResponseParser"/> tells: the header, then the body in pieces, then
/// the end; or, at any point, one failure and nothing after it.
/// </summary>
/// <remarks>
/// Called inside <see cref="HttpResponseParser.Feed"/> and
/// <see cref="HttpResponseParser.EndOfStream"/>. Any of the methods may call
/// <see cref="HttpResponseParser.Abort"/>, and nothing more is told; what they throw comes
/// out of the parser, which then counts as aborted.
/// </remarks>
internal interface IHttpResponseHandler
{
    /// <summary>The header of the final response is whole.</summary>
    void OnHeader(HttpResponseParser response);

    /// <summary>A piece of the body, never empty; a view that is valid during the call.</summary>
    void OnBody(ReadOnlySpan<byte> data);

    /// <summary>The body is whole.</summary>
    void OnEnd();

    /// <summary>The response is invalid, too large, or was cut short.</summary>
    void OnFailed(HttpException error);
}
