using System.Net;
using Asyncore.Protocols;

namespace Asyncore.Cli.Demo;

/// <summary>A megabyte to the echo server and back.</summary>
internal sealed class EchoStep() : DemoStep("echo")
{
    public override void Start(EventLoop loop)
    {
        var server = new EchoServer(new IPEndPoint(IPAddress.Loopback, 0), loop);
        byte[] sent = DemoBytes.Make(1 << 20, seed: 862);
        _ = new DemoClient(this, server.Address!, sent, Check, loop);

        void Check(ReadOnlySpan<byte> came)
        {
            if (came.SequenceEqual(sent))
            {
                Pass($"{server.Address} sent back {sent.Length:N0} bytes, SHA-256 {DemoBytes.Digest(came)}…");
            }
            else
            {
                Fail($"{came.Length:N0} bytes came back for {sent.Length:N0}, and they differ");
            }
        }
    }
}
