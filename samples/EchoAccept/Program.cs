using System.Net;
using System.Net.Sockets;
using Asyncore;

Sample.Run("EchoAccept [HOST:PORT]", args, () =>
{
    (string host, int port) = Sample.HostPort(args.ElementAtOrDefault(0) ?? "localhost:8080");
    var server = new EchoServer(host, port);
    Sample.StopOnSignals();
    Console.WriteLine($"listening on {server.Address}");
    EventLoop.Loop();
});

internal class EchoHandler(Socket socket) : DispatcherWithSend(socket)
{
    protected override void HandleRead()
    {
        byte[] data = new byte[8192];
        int count = Recv(data);
        Send(data.AsSpan(0, count));
    }
}

internal class EchoServer : Dispatcher
{
    public EchoServer(string host, int port)
    {
        CreateSocket();
        SetReuseAddr();
        Bind(host, port);
        Listen(5);
    }

    protected override void HandleAccept()
    {
        (Socket Socket, EndPoint? Address)? pair = Accept();
        if (pair is not null)
        {
            (Socket socket, EndPoint? address) = pair.Value;
            Console.WriteLine($"Incoming connection from {address}");
            _ = new EchoHandler(socket);
        }
    }
}
