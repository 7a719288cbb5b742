using Asyncore;
using Asyncore.Protocols;

Sample.Run("HttpConsumer URL", args, () =>
{
    _ = new AsyncHttp(new Uri(args[0]), new DummyConsumer());
    EventLoop.Loop();
});

internal class DummyConsumer : IHttpConsumer
{
    private long _size;

    public void HttpHeader(AsyncHttp request)
    {
        Console.WriteLine($"status => {request.Status} {request.Reason}");
        foreach ((string key, string value) in request.Header)
        {
            Console.WriteLine($"{key} = {value}");
        }
    }

    public void Feed(ReadOnlySpan<byte> data) => _size += data.Length;

    public void Close() => Console.WriteLine($"{_size} bytes in body");

    public void Failed(Exception error) => Sample.Fail($"failed: {error.Message}");
}
