using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Regressions;

/// <summary>Input that a backend had received when reading was paused.</summary>
public class HeldInputTests
{
    private const int Size = 100_000;

    private static readonly byte[] _data = new byte[Size];

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Memory_for_input_that_was_held_back_serves_the_next_connection(IoBackendKind kind)
    {
        // Each connection that had ever been slow kept the memory until it closed.
        using EventLoop loop = TestLoop.Create(kind);
        var peers = new List<Socket>();
        try
        {
            for (int i = 0; i < 4; i++)
            {
                HoldAndRead(loop, peers);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++)
            {
                HoldAndRead(loop, peers);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20 * Size / 2);
        }
        finally
        {
            peers.ForEach(static peer => peer.Dispose());
        }
    }

    private static void HoldAndRead(EventLoop loop, List<Socket> peers)
    {
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.Unix);
        peers.Add(peer);
        var channel = new Reluctant(ours, loop);
        loop.Passes(2);
        peer.Send(_data);
        loop.RunUntil(() => channel.Count > 0);
        channel.PauseReading();
        loop.Passes(2);
        channel.Limit = int.MaxValue;
        channel.ResumeReading();
        loop.RunUntil(() => channel.Count == Size);
    }

    private sealed class Reluctant(Socket socket, EventLoop loop) : Dispatcher(socket, loop)
    {
        public int Limit { get; set; } = 1;

        public int Count { get; private set; }

        protected override void HandleRead() => Count += Receive(Limit).Length;
    }
}
