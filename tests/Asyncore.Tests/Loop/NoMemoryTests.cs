using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Churn;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Loop;

/// <summary>
/// There is no memory for more output. (The limit is the test's: where the runtime itself has none it ends the process as soon
/// as it needs some for itself.)
/// </summary>
public class NoMemoryTests
{
    private const int Longest = 200_000;
    private const int Segments = 20;

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_there_is_no_memory_for_is_not_sent_and_the_rest_arrives(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = peer;
        var channel = new Recorder(ours, loop) { SendBound = int.MaxValue };
        Check(loop, channel, peer, piece => channel.Send(piece));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_there_is_no_memory_for_is_not_pushed_and_the_rest_arrives(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = peer;
        var chat = new Chat(ours, loop);
        Check(loop, chat, peer, piece =>
        {
            chat.Push(piece.AsSpan());
            return piece.Length;
        });
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Where_there_is_none_for_what_was_taken_the_connection_breaks_and_no_other(IoBackendKind kind)
    {
        const int Small = 4000; // of which many lie in the buffer that channels share until the end of the pass
        const int Many = 60;

        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        (Socket others, Socket othersPeer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = peer;
        using Socket __ = othersPeer;
        ours.SendBufferSize = 1;
        peer.ReceiveBufferSize = 1;
        var channel = new Recorder(ours, loop);
        var other = new Recorder(others, loop);
        loop.Passes(2);
        Limit(loop, 0);
        byte[] pattern = Sockets.Pattern(Many * Small);
        loop.Post(() =>
        {
            for (int i = 0; i < Many; i++)
            {
                Assert.Equal(Small, channel.Send(pattern.AsSpan(i * Small, Small)));
                other.Send("x"u8);
            }
        });
        loop.RunUntil(() => channel.Events.Contains("close"));
        Assert.IsType<InsufficientMemoryException>(channel.CloseReason);
        other.Send("y"u8);
        Companion.Start(() =>
        {
            (byte[] came, SocketError error) = peer.ReadAll();
            Assert.Equal(SocketError.ConnectionReset, error);
            Assert.Equal(pattern[..came.Length], came);
            Assert.Equal(new string('x', Many) + "y", Encoding.ASCII.GetString(othersPeer.ReadExactly(Many + 1)));
        }).Join(loop);
        AssertReturned(loop);
    }

    private static void Check(EventLoop loop, Dispatcher channel, Socket peer, Func<byte[], int> send)
    {
        loop.Passes(2);
        Limit(loop, Segments);
        var random = new Random(1);
        var taken = new List<byte>();
        Assert.Throws<InsufficientMemoryException>(SendForEver);
        Assert.InRange(taken.Count, Segments * 32 * 1024, int.MaxValue);
        Limit(loop, int.MaxValue);
        taken.AddRange("still"u8);
        send("still"u8.ToArray());
        Companion.Start(() => Assert.Equal(taken, peer.ReadExactly(taken.Count))).Join(loop);
        Assert.True(channel.Connected);
        AssertReturned(loop);

        void SendForEver()
        {
            while (true)
            {
                byte[] piece = new byte[random.Next(1, Longest)];
                random.NextBytes(piece);
                taken.AddRange(piece.AsSpan(0, send(piece)));
            }
        }
    }

    private static void Limit(EventLoop loop, int segments)
    {
        object pool = LoopInside.Get(loop, "Segments");
        pool.GetType().GetProperty("Limit")!.SetValue(pool, segments);
    }

    private static void AssertReturned(EventLoop loop) =>
        Assert.Equal(0, LoopInside.Get(LoopInside.Get(loop, "Segments"), "SegmentsOut"));

    private sealed class Chat(Socket socket, EventLoop loop) : AsyncChat(socket, loop)
    {
        protected override void FoundTerminator() => throw new InvalidOperationException("nobody says anything");
    }
}
