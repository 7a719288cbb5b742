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

    // What the kernel holds in a pipe has to come out of it where something is sent behind it.
    [Theory]
    [InlineData(IoBackendKind.Epoll)]
    [InlineData(IoBackendKind.Poll)]
    public void Where_there_is_none_for_what_was_spliced_the_connection_breaks(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket from, Socket sender) = TestLoop.Pair(AddressFamily.InterNetwork);
        (Socket to, Socket reader) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = sender;
        using Socket __ = reader;
        var target = new Target(to, loop);
        var source = new Source(from, loop, target);
        byte[] pattern = Sockets.Pattern(1024 * 1024);
        Companion sending = Companion.Start(() => SendAgainAndAgain(sender, pattern));
        var came = new List<byte>();
        byte[] buffer = new byte[pattern.Length];
        from.ReceiveBufferSize = pattern.Length;
        loop.RunUntil(() =>
        {
            // Much comes at once, and nothing is held back of what is copied, as it is while there is no stream of it.
            SpinWait.SpinUntil(() => source.IsSpliced || from.Available > 2 * 64 * 1024);
            while (!source.IsSpliced && (!source.IsStream || target.OutBufferLength > 0) && reader.Available > 0)
            {
                came.AddRange(buffer.AsSpan(0, reader.Receive(buffer)));
            }

            return source.IsSpliced;
        });
        Limit(loop, 0);
        target.Send("behind"u8);
        loop.RunUntil(() => target.IsClosed);
        Assert.IsType<InsufficientMemoryException>(target.CloseReason);
        source.Abort();
        sending.Join(loop);
        (byte[] rest, SocketError error) = reader.ReadAll();
        Assert.Equal(SocketError.ConnectionReset, error);
        came.AddRange(rest);
        Assert.All(came.Chunk(pattern.Length), each => Assert.True(each.AsSpan().SequenceEqual(pattern.AsSpan(0, each.Length))));
        AssertReturned(loop);
    }

    // As many buffers as it takes, and each time one less than that: in its own queue or in that behind a producer.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_channel_whose_output_another_loop_has_no_memory_for_stays_where_it_is(IoBackendKind kind)
    {
        const int Piece = 300_000;
        const int Pieces = 8;
        using EventLoop loop = TestLoop.Create(kind);
        using EventLoop other = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = peer;
        peer.ShrinkBuffers();
        ours.ShrinkBuffers();
        var chat = new Chat(ours, loop);
        byte[] pattern = Sockets.Pattern(Pieces * Piece);
        for (int i = 0; i < Pieces; i++)
        {
            ReadOnlyMemory<byte> piece = pattern.AsMemory(i * Piece, Piece);
            if (i % 2 == 0)
            {
                chat.Push(piece.Span);
            }
            else
            {
                chat.PushWithProducer(new SimpleProducer(piece));
            }
        }

        loop.Passes(2);
        int refused = 0;
        while (!TryMove(chat, other, refused))
        {
            Assert.Same(loop, chat.Loop);
            Assert.Contains(chat, loop.Channels.Values);
            AssertReturned(other);
            refused++;
        }

        Assert.InRange(refused, 5, 100);
        Limit(other, int.MaxValue);
        AssertReturned(loop);
        Companion.Start(() => Assert.Equal(pattern, peer.ReadExactly(pattern.Length))).Join(other);
        AssertReturned(other);
    }

    private static void SendAgainAndAgain(Socket socket, byte[] data)
    {
        SocketError error = SocketError.Success;
        for (int sent = 0; error == SocketError.Success; sent %= data.Length)
        {
            sent += socket.Send(data, sent, data.Length - sent, SocketFlags.None, out error);
        }
    }

    private static bool TryMove(Dispatcher channel, EventLoop to, int segments)
    {
        Limit(to, segments);
        try
        {
            channel.AddChannel(to);
            return true;
        }
        catch (InsufficientMemoryException)
        {
            return false;
        }
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

    private sealed class Source(Socket socket, EventLoop loop, Target target) : DispatcherWithSend(socket, loop)
    {
        /// <summary>Whether it has been read from so much and so often that the kernel is asked to do the rest.</summary>
        public bool IsStream => LoopInside.Get(this, "_largeReads") is (byte)4;

        /// <summary>Whether the target has bytes that never were in a buffer.</summary>
        public bool IsSpliced { get; private set; }

        protected override bool Readable() => !IsSpliced || LoopInside.Find(target, "_pipe") is null;

        protected override void HandleRead()
        {
            TransferTo(target);
            IsSpliced = LoopInside.Find(target, "_pipe") is not null;
        }
    }

    private sealed class Target(Socket socket, EventLoop loop) : DispatcherWithSend(socket, loop)
    {
        public bool IsClosed { get; private set; }

        protected override void HandleClose()
        {
            IsClosed = true;
            Close();
        }
    }

    private sealed class Chat(Socket socket, EventLoop loop) : AsyncChat(socket, loop)
    {
        protected override void FoundTerminator() => throw new InvalidOperationException("nobody says anything");
    }
}
