using System.Net;
using System.Text;

namespace Asyncore.Cli.Demo;

/// <summary>
/// An HTTP server of three pages, for the demonstration: <c>/start</c> leads to <c>/next</c>, that to <c>/body</c>,
/// which is chunked.
/// </summary>
internal sealed class DemoHttpServer : Dispatcher
{
    private readonly byte[] _body;

    public DemoHttpServer(byte[] body, EventLoop loop)
        : base(null, loop)
    {
        _body = body;
        CreateSocket();
        Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Listen();
    }

    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Connection(accepted, this);

    private sealed class Connection(AcceptedChannel accepted, DemoHttpServer server) : DispatcherWithSend(accepted)
    {
        private const int ChunkSize = 50_000;

        private readonly StringBuilder _request = new();

        protected override void HandleRead()
        {
            ReadOnlySpan<byte> data = Receive();
            _request.Append(Encoding.Latin1.GetString(data));
            string request = _request.ToString();
            if (!data.IsEmpty && request.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                Answer(request.Split(' ', 3)[1]);
            }
        }

        protected override void HandleClose() => Close();

        private void Answer(string path)
        {
            switch (path)
            {
                case "/start":
                    Say("HTTP/1.1 302 Found\r\nLocation: next\r\nContent-Length: 0\r\n\r\n");
                    break;
                case "/next":
                    string body = $"http://{server.Address}/body";
                    Say($"HTTP/1.1 307 Temporary Redirect\r\nLocation: {body}\r\nContent-Length: 0\r\n\r\n");
                    break;
                case "/body":
                    SendBody();
                    break;
                default:
                    Say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
                    break;
            }

            ShutdownSend();
        }

        private void SendBody()
        {
            Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            foreach (byte[] chunk in server._body.Chunk(ChunkSize))
            {
                Say($"{chunk.Length:x}\r\n");
                Send(chunk);
                Say("\r\n");
            }

            Say("0\r\n\r\n");
        }

        private void Say(string text) => Send(Encoding.Latin1.GetBytes(text));
    }
}
