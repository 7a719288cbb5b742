using System.Net.Sockets;
using System.Text;
using Asyncore;

Sample.Run("BasicHttpClient HOST[:PORT] [PATH]", args, () =>
{
    (string host, int port) = Sample.HostPort(args[0], defaultPort: 80);
    _ = new HttpClient(host, port, args.ElementAtOrDefault(1) ?? "/");
    EventLoop.Loop();
});

internal class HttpClient : Dispatcher
{
    private readonly Stream _output = Console.OpenStandardOutput();
    private byte[] _buffer;

    public HttpClient(string host, int port, string path)
    {
        CreateSocket();
        Connect(host, port);
        _buffer = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    }

    protected override void HandleConnect()
    {
    }

    protected override void HandleConnectFailed(SocketException error) => HandleClose();

    protected override void HandleClose()
    {
        if (CloseReason is not null)
        {
            Sample.Fail(CloseReason.Message);
        }

        Close();
    }

    protected override void HandleRead()
    {
        byte[] data = new byte[8192];
        int count = Recv(data);
        _output.Write(data, 0, count);
    }

    protected override bool Writable() => _buffer.Length > 0;

    protected override void HandleWrite()
    {
        int sent = Send(_buffer);
        _buffer = _buffer[sent..];
    }
}
