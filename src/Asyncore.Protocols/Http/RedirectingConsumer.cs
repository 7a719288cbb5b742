namespace Asyncore.Protocols;

/// <summary>
/// Follows redirects (RFC 9110, section 15.4: 301, 302, 303, 307, 308) for another consumer, which is told of the last
/// response only, or of why a redirect could not be followed.
/// </summary>
/// <remarks>Relative and absolute locations; loops are named; a fragment is inherited. For one request.</remarks>
public class RedirectingConsumer : IHttpConsumer
{
    private readonly IHttpConsumer _consumer;
    private readonly int _limit;
    private HttpRedirectTrail? _trail;

    /// <summary>Wraps a consumer.</summary>
    /// <param name="consumer">Who takes the last response.</param>
    /// <param name="limit">The most redirects that are followed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The limit is below zero.</exception>
    public RedirectingConsumer(IHttpConsumer consumer, int limit = 10)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        _consumer = consumer;
        _limit = limit;
    }

    /// <summary>The request in progress, which a redirect replaces; null before the first header.</summary>
    public AsyncHttp? Request { get; private set; }

    /// <summary>Follows a redirect, or hands the header on.</summary>
    /// <param name="request">The request.</param>
    public void HttpHeader(AsyncHttp request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Request = request;
        if (!HttpRedirect.IsRedirect(request.Status))
        {
            _consumer.HttpHeader(request);
            return;
        }

        // What is thrown in here reaches Failed like any other error of a consumer.
        _trail ??= new HttpRedirectTrail(request.Uri, _limit);
        Uri target = HttpRedirect.Resolve(request.Uri, request.Header);
        _trail.Follow(target);
        Request = new AsyncHttp(target, this, request.Loop)
        {
            ConnectTimeout = request.ConnectTimeout,
            IdleTimeout = request.IdleTimeout,
        };
        foreach (KeyValuePair<string, string> field in HttpRequest.FieldsAfterRedirect(
            request.Uri, target, request.RequestFields))
        {
            Request.RequestFields.Add(field);
        }

        request.Close();
    }

    /// <summary>Hands a piece of the body on.</summary>
    /// <param name="data">The bytes.</param>
    public void Feed(ReadOnlySpan<byte> data) => _consumer.Feed(data);

    /// <summary>Hands the end on.</summary>
    public void Close() => _consumer.Close();

    /// <summary>Hands a failure on.</summary>
    /// <param name="error">Why.</param>
    public void Failed(Exception error) => _consumer.Failed(error);
}
