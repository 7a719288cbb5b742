using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Protocols;

/// <summary>What a relay may hold and cost.</summary>
public class ForwarderLimitTests
{
    private const int MostHeld = 2 * 256 * 1024; // a chunk that would not leave, and those read before that was known

    // Two connections have four buffers, which the system lets grow to several MiB each where reading goes on.
    private const int MoreThanSystemsHold = 64 << 20;

    public static TheoryData<IoBackendKind> Frugal => [.. Backends.Kinds.Where(kind => kind != IoBackendKind.Select)];

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Twenty_clients_that_never_read_cost_bounded_memory_and_no_passes(IoBackendKind kind)
    {
        using var scene = new ForwardScene(kind);
        byte[] pattern = Sockets.Pattern(MoreThanSystemsHold);
        (Socket Client, Socket Server)[] pairs = [.. Enumerable.Range(0, 20).Select(_ => scene.Connect())];
        int[] sent = [.. pairs.Select(pair => scene.Loop.SendUntilStuck(pair.Server, pattern))];
        Assert.All(sent, each => Assert.InRange(each, 64 * 1024, pattern.Length - 1));
        Assert.All(scene.Relays, relay => Assert.InRange(relay.OutBufferLength, 0, MostHeld));
        scene.Loop.AssertIdle();

        // And nothing has been lost.
        for (int i = 0; i < pairs.Length; i++)
        {
            (Socket client, Socket server) = pairs[i];
            server.Dispose();
            byte[] got = [];
            Companion.Start(() => got = client.ReadToEnd()).Join(scene.Loop);
            Assert.True(pattern.AsSpan(0, sent[i]).SequenceEqual(got));
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_server_that_never_reads_holds_its_client_back(IoBackendKind kind)
    {
        using var scene = new ForwardScene(kind);
        (Socket client, Socket server) = scene.Connect();
        byte[] pattern = Sockets.Pattern(MoreThanSystemsHold);
        int sent = scene.Loop.SendUntilStuck(client, pattern);
        Assert.True(sent < pattern.Length);
        Assert.All(scene.Relays, relay => Assert.InRange(relay.OutBufferLength, 0, MostHeld));
        scene.Loop.AssertIdle();
        client.Shutdown(SocketShutdown.Send);
        byte[] got = [];
        Companion.Start(() => got = server.ReadToEnd()).Join(scene.Loop);
        Assert.True(pattern.AsSpan(0, sent).SequenceEqual(got));
    }

    [Theory, MemberData(nameof(Frugal))]
    public void Forwarding_allocates_nothing_once_it_runs(IoBackendKind kind)
    {
        const int Passes = 2000;
        using EventLoop loop = TestLoop.Create(kind);
        var echo = new EchoServer(new IPEndPoint(IPAddress.Loopback, 0), loop);
        var forwarder = new Forwarder(new IPEndPoint(IPAddress.Loopback, 0), echo.Address!, loop: loop);
        var pinger = new Pinger(forwarder.Address!, loop);
        loop.Run(count: Passes);

        Action run = () => loop.Run(count: Passes);
        long allocated = Allocations.Least(1, () => Allocations.Of(run));
        Assert.InRange(allocated, 0, 1024); // for both runs' own sake, whatever the number of passes
        Assert.True(pinger.Rounds > Passes / 8);
    }

    private sealed class Pinger : DispatcherWithSend
    {
        private static readonly byte[] _ping = new byte[64];

        public Pinger(EndPoint address, EventLoop loop)
            : base(null, loop) => Connect(address);

        public int Rounds { get; private set; }

        protected override void HandleConnect() => Send(_ping);

        protected override void HandleRead()
        {
            Rounds++;
            Send(Receive());
        }
    }
}
