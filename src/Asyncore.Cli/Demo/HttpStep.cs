using System.Net;
using Asyncore.Protocols;

namespace Asyncore.Cli.Demo;

/// <summary>A chunked body at the end of a relative and an absolute redirect.</summary>
internal sealed class HttpStep() : DemoStep("http")
{
    public override void Start(EventLoop loop)
    {
        byte[] body = DemoBytes.Make(1 << 20, seed: 9112);
        var server = new DemoHttpServer(body, loop);
        var first = new Uri($"http://{server.Address}/start");
        _ = new AsyncHttp(first, new RedirectingConsumer(new Consumer(this, first, body)), loop);
    }

    private sealed class Consumer(HttpStep step, Uri first, byte[] expected) : IHttpConsumer
    {
        private readonly MemoryStream _body = new();
        private string _end = string.Empty;

        public void HttpHeader(AsyncHttp request)
        {
            _end = request.Uri.AbsolutePath;
            if (request.Status != (int)HttpStatusCode.OK)
            {
                throw new InvalidDataException($"{request.Uri} answers {request.Status}");
            }
        }

        public void Feed(ReadOnlySpan<byte> data) => _body.Write(data);

        public void Close()
        {
            if (_body.GetBuffer().AsSpan(0, (int)_body.Length).SequenceEqual(expected))
            {
                step.Pass($"{first} → {_end}: two redirects, {_body.Length:N0} bytes in chunks");
            }
            else
            {
                step.Fail($"{_body.Length:N0} of {expected.Length:N0} bytes came, or they differ");
            }
        }

        public void Failed(Exception error) => step.Fail(error.Message);
    }
}
