using System.Buffers.Binary;
using Asyncore;

Sample.Run("TimeServer [HOST:PORT]", args, () =>
{
    (string host, int port) = Sample.HostPort(args.ElementAtOrDefault(0) ?? "0.0.0.0:37");
    var server = new TimeServer(host, port);
    Sample.StopOnSignals();
    Console.WriteLine($"listening on {server.Address}");
    EventLoop.Loop();
});

internal class TimeChannel(AcceptedChannel accepted) : Dispatcher(accepted)
{
    private const long Time1970 = 2208988800; // in seconds since 1900, as RFC 868 counts

    protected override bool Writable() => true;

    protected override void HandleWrite()
    {
        byte[] time = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(time, (uint)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + Time1970));
        Send(time);
        Close();
    }
}

internal class TimeServer : Dispatcher
{
    public TimeServer(string host, int port = 37)
    {
        CreateSocket();
        SetReuseAddr();
        Bind(host, port);
        Listen(5);
    }

    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new TimeChannel(accepted);
}
