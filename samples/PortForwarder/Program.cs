using System.Net.Sockets;
using Asyncore;

Sample.Run("PortForwarder REMOTE:PORT [HOST:PORT]", args, () =>
{
    (string remoteIp, int remotePort) = Sample.HostPort(args[0]);
    (string ip, int port) = Sample.HostPort(args.ElementAtOrDefault(1) ?? "127.0.0.1:8080");
    var server = new Forwarder(ip, port, remoteIp, remotePort);
    Sample.StopOnSignals();
    Console.WriteLine($"listening on {server.Address}");
    EventLoop.Loop();
});

internal class Forwarder : Dispatcher
{
    private readonly string _remoteIp;
    private readonly int _remotePort;

    public Forwarder(string ip, int port, string remoteIp, int remotePort, int backlog = 5)
    {
        _remoteIp = remoteIp;
        _remotePort = remotePort;
        CreateSocket();
        SetReuseAddr();
        Bind(ip, port);
        Listen(backlog);
    }

    protected override void HandleAccepted(AcceptedChannel accepted) =>
        _ = new Sender(new Receiver(accepted), _remoteIp, _remotePort);
}

internal class Receiver(AcceptedChannel accepted) : Dispatcher(accepted)
{
    public const int Limit = 64 * 1024;

    public byte[] FromRemoteBuffer { get; set; } = [];

    public byte[] ToRemoteBuffer { get; set; } = [];

    public Sender? Sender { get; set; }

    protected override bool Readable() => Sender is { Connected: true } && FromRemoteBuffer.Length < Limit;

    protected override void HandleRead()
    {
        byte[] data = new byte[4096];
        int count = Recv(data);
        FromRemoteBuffer = [.. FromRemoteBuffer, .. data.AsSpan(0, count)];
    }

    protected override bool Writable() => ToRemoteBuffer.Length > 0;

    protected override void HandleWrite()
    {
        int sent = Send(ToRemoteBuffer);
        ToRemoteBuffer = ToRemoteBuffer[sent..];
    }

    protected override void HandleClose()
    {
        Close();
        Sender?.CloseAfter(FromRemoteBuffer);
    }

    public void CloseAfter(byte[] last)
    {
        SendBound += last.Length; // so that Send takes it all; what it has taken outlives Close
        Send(last);
        Close();
    }
}

internal class Sender : Dispatcher
{
    private readonly Receiver _receiver;

    public Sender(Receiver receiver, string remoteIp, int remotePort)
    {
        _receiver = receiver;
        receiver.Sender = this;
        CreateSocket();
        Connect(remoteIp, remotePort);
    }

    protected override void HandleConnect()
    {
    }

    protected override void HandleConnectFailed(SocketException error)
    {
        Log($"cannot connect: {error.Message}");
        HandleClose();
    }

    protected override bool Readable() => _receiver.ToRemoteBuffer.Length < Receiver.Limit;

    protected override void HandleRead()
    {
        byte[] data = new byte[4096];
        int count = Recv(data);
        _receiver.ToRemoteBuffer = [.. _receiver.ToRemoteBuffer, .. data.AsSpan(0, count)];
    }

    protected override bool Writable() => _receiver.FromRemoteBuffer.Length > 0;

    protected override void HandleWrite()
    {
        int sent = Send(_receiver.FromRemoteBuffer);
        _receiver.FromRemoteBuffer = _receiver.FromRemoteBuffer[sent..];
    }

    protected override void HandleClose()
    {
        Close();
        _receiver.CloseAfter(_receiver.ToRemoteBuffer);
    }

    public void CloseAfter(byte[] last)
    {
        SendBound += last.Length;
        Send(last);
        Close();
    }
}
