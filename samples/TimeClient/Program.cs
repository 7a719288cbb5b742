using System.Buffers.Binary;
using System.Net.Sockets;
using Asyncore;

Sample.Run("TimeClient HOST[:PORT]", args, () =>
{
    (string host, int port) = Sample.HostPort(args[0], defaultPort: 37);
    _ = new TimeRequest(host, port);
    EventLoop.Loop();
});

internal class TimeRequest : Dispatcher
{
    private const long Time1970 = 2208988800; // in seconds since 1900, as RFC 868 counts

    private readonly byte[] _time = new byte[4];
    private int _count;

    public TimeRequest(string host, int port = 37)
    {
        CreateSocket();
        Connect(host, port);
    }

    protected virtual void AdjustTime(long delta) => Console.WriteLine($"time difference is {delta}");

    protected override void HandleConnect()
    {
    }

    protected override void HandleConnectFailed(SocketException error)
    {
        Sample.Fail($"no connection: {error.Message}");
        Close();
    }

    protected override void HandleRead()
    {
        _count += Recv(_time.AsSpan(_count)); // the four bytes may come one at a time
        if (_count < _time.Length)
        {
            return;
        }

        uint here = (uint)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + Time1970);
        uint there = BinaryPrimitives.ReadUInt32BigEndian(_time);
        AdjustTime((int)(here - there)); // also right where one of the two has passed 2036 and counts from zero again
        Close(); // no more is expected
    }

    protected override void HandleClose()
    {
        Sample.Fail($"the server sent {_count} of four bytes");
        Close();
    }
}
