using Asyncore;
using Asyncore.Protocols;

Sample.Run("HttpRedirect URL", args, () =>
{
    _ = new AsyncHttp(new Uri(args[0]), new RedirectingConsumer(new DummyConsumer()));
    EventLoop.Loop();
});

internal class DummyConsumer : IHttpConsumer
{
    private long _size;

    public void HttpHeader(AsyncHttp request) => Console.WriteLine($"status => {request.Status} {request.Reason}");

    public void Feed(ReadOnlySpan<byte> data) => _size += data.Length;

    public void Close() => Console.WriteLine($"{_size} bytes in body");

    public void Failed(Exception error) => Sample.Fail($"failed: {error.Message}");
}

internal class RedirectingConsumer(IHttpConsumer consumer) : IHttpConsumer
{
    private const int Limit = 10;

    private int _redirects;

    public void HttpHeader(AsyncHttp request)
    {
        string? location = request.Header["Location"];
        if (request.Status is not (301 or 302 or 303 or 307 or 308) || location is null)
        {
            consumer.HttpHeader(request);
            return;
        }

        _redirects++;
        if (_redirects > Limit)
        {
            throw new HttpException($"more than {Limit} redirects"); // what is thrown in here comes out in Failed
        }

        var uri = new Uri(request.Uri, location);
        _ = new AsyncHttp(uri, this); // first, as it throws where the URI is not http
        request.Close();
        Console.WriteLine($"redirecting to {uri} ...");
    }

    public void Feed(ReadOnlySpan<byte> data) => consumer.Feed(data);

    public void Close() => consumer.Close();

    public void Failed(Exception error) => consumer.Failed(error);
}
