namespace Asyncore.Protocols;

/// <summary>
/// Takes the response to one <see cref="AsyncHttp"/> request: its header, its body as it arrives, and then either
/// <see cref="Close"/> or <see cref="Failed"/>, once. After the request has been closed by
/// <see cref="AsyncHttp.Close"/> or <see cref="Dispatcher.Abort"/> nothing more is told.
/// </summary>
/// <remarks>
/// All methods run on the loop's thread. What <see cref="HttpHeader"/> or <see cref="Feed"/> throws ends the request
/// and is told to <see cref="Failed"/>; what <see cref="Close"/> or <see cref="Failed"/> throws is logged. An
/// <see cref="ExitNowException"/> leaves the loop, as anywhere, and closes the request.
/// </remarks>
public interface IHttpConsumer
{
    /// <summary>Status and header have come; <see cref="AsyncHttp.Close"/> refuses the body.</summary>
    /// <param name="request">The request, whose status and header can be read now.</param>
    void HttpHeader(AsyncHttp request)
    {
    }

    /// <summary>A piece of the body.</summary>
    /// <param name="data">The bytes, never none; a view that is valid during the call.</param>
    void Feed(ReadOnlySpan<byte> data);

    /// <summary>The response is whole.</summary>
    void Close();

    /// <summary>There is no response, or less than a whole one.</summary>
    /// <param name="error">
    /// Why: an <see cref="HttpException"/> for what went wrong on the way, an <see cref="ArgumentException"/> for a
    /// request field that cannot be sent, or what a consumer threw.
    /// </param>
    void Failed(Exception error);
}
