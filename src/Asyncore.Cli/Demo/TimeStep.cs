using System.Net;
using Asyncore.Protocols;

namespace Asyncore.Cli.Demo;

/// <summary>RFC 868: this machine's clock asked of itself.</summary>
internal sealed class TimeStep() : DemoStep("time")
{
    public override void Start(EventLoop loop)
    {
        var server = new TimeServer(new IPEndPoint(IPAddress.Loopback, 0), loop);
        _ = new Query(this, server.Address!, loop);
    }

    private sealed class Query(TimeStep step, EndPoint server, EventLoop loop) : TimeRequest(server, loop)
    {
        protected override void AdjustTime(long delta)
        {
            if (Math.Abs(delta) <= 1)
            {
                step.Pass($"{Address} told the time in four bytes: time difference is {delta}");
            }
            else
            {
                step.Fail($"time difference is {delta}");
            }
        }

        protected override void HandleFailure(Exception error) => step.Fail(error.Message);
    }
}
