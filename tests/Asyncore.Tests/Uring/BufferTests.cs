using System.Net.Sockets;
using System.Security.Cryptography;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Uring;

/// <summary>
/// Receive buffers are shared by all connections. Whatever handlers leave in them, nobody is starved, nothing is lost, and
/// in the end all of them are the kernel's again.
/// </summary>
public class BufferTests
{
    // 5. Twice as many messages as there are small buffers, which nobody reads for some passes.
    [Fact]
    public void Messages_that_nobody_reads_yet_are_kept_when_buffers_run_out()
    {
        using EventLoop loop = Ring.Create();
        List<(Recorder Channel, Socket Peer)> all = loop.Connect(300, accepted => new Recorder(accepted));
        all.ForEach(each => each.Channel.OnRead = () => { });
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < all.Count; i++)
            {
                byte[] message = new byte[64];
                message.AsSpan().Fill((byte)(i + round));
                all[i].Peer.Send(message);
            }

            loop.RunUntil(() => all.TrueForAll(each => each.Channel.Events.Count > round));
            loop.Passes(5);
        }

        all.ForEach(each => each.Channel.OnRead = null);
        loop.RunUntil(() => all.TrueForAll(each => each.Channel.Received.Count == 192));
        for (int i = 0; i < all.Count; i++)
        {
            byte[] received = [.. all[i].Channel.Received];
            for (int round = 0; round < 3; round++)
            {
                Assert.Equal(-1, received.AsSpan(round * 64, 64).IndexOfAnyExcept((byte)(i + round)));
            }
        }

        loop.AssertBuffersBack();
        all.ForEach(each => each.Peer.Dispose());
        loop.RunUntil(() => loop.Channels.Count == 0);
        loop.AssertBuffersBack();
    }

    // 5. A stream in large buffers, beside connections with messages, some of whom do not read.
    [Fact]
    public void A_stream_and_messages_share_the_loop()
    {
        using EventLoop loop = Ring.Create();
        List<(Digester Channel, Socket Peer)> all = loop.Connect(41, accepted => new Digester(accepted));
        for (int i = 1; i < all.Count; i += 4)
        {
            all[i].Channel.LeavesFor = 20;
        }

        byte[] stream = Sockets.Pattern(16_000_000);
        Companion streaming = Companion.Start(() => all[0].Peer.Send(stream));
        Companion talking = Companion.Start(() =>
        {
            for (int sent = 0; sent < 64_000; sent += 64)
            {
                for (int i = 1; i < all.Count; i++)
                {
                    all[i].Peer.Send(stream, sent, 64, SocketFlags.None);
                }
            }
        });
        talking.Join(loop);
        streaming.Join(loop);
        loop.RunUntil(() => all[0].Channel.Count == stream.Length && all[1..].TrueForAll(each => each.Channel.Count == 64_000));
        Assert.Equal(SHA256.HashData(stream), all[0].Channel.Digest());
        byte[] expected = SHA256.HashData(stream.AsSpan(0, 64_000));
        Assert.All(all[1..], each => Assert.Equal(expected, each.Channel.Digest()));
        loop.AssertBuffersBack();
        all.ForEach(each => each.Peer.Dispose());
    }

    // 5. Twice as many streams as there are large buffers.
    [Fact]
    public void Many_streams_at_once_arrive_as_they_were()
    {
        using EventLoop loop = Ring.Create();
        List<(Digester Channel, Socket Peer)> all = loop.Connect(30, accepted => new Digester(accepted));
        for (int i = 0; i < all.Count; i += 3)
        {
            all[i].Channel.LeavesFor = 5;
        }

        byte[] stream = Sockets.Pattern(3_000_000 + all.Count);
        Companion streaming = Companion.Start(() =>
        {
            const int Piece = 100_000;
            for (int sent = 0; sent < 3_000_000; sent += Piece)
            {
                for (int i = 0; i < all.Count; i++)
                {
                    all[i].Peer.Send(stream, sent + i, Piece, SocketFlags.None);
                }
            }
        });
        streaming.Join(loop);
        loop.RunUntil(() => all.TrueForAll(each => each.Channel.Count == 3_000_000));
        for (int i = 0; i < all.Count; i++)
        {
            Assert.Equal(SHA256.HashData(stream.AsSpan(i, 3_000_000)), all[i].Channel.Digest());
        }

        loop.AssertBuffersBack();
        all.ForEach(each => each.Peer.Dispose());
        loop.RunUntil(() => loop.Channels.Count == 0);
    }

    public static TheoryData<string, int> Paused => new()
    {
        { "PauseReading", 3000 },
        { "PauseReading", 60_000 },
        { "Readable", 3000 },
        { "Readable", 60_000 },
        { "leave", 3000 },
        { "leave", 60_000 },
    };

    // 11. A consumer that does not read holds its peer back: what the loop holds for it is bounded.
    [Theory, MemberData(nameof(Paused))]
    public void A_peer_of_whom_nobody_reads_gets_stuck(string how, int size)
    {
        const int Bound = 3_000_000; // 1 MiB here, and what the system's buffers hold, which were made small
        using EventLoop loop = Ring.Create();
        (Chooser channel, Socket peer) = loop.Connect(1, accepted =>
        {
            accepted.SetOption(SocketOptionLevel.Socket, SocketOptionName.ReceiveBuffer, 64 * 1024);
            return new Chooser(accepted);
        })[0];
        using Socket _ = peer;
        peer.SendBufferSize = 64 * 1024;
        byte[] stream = Sockets.Pattern(20_000_000);
        int sent = 0;

        // First it reads, so that the loop has seen what sort of connection it is.
        while (sent < 20 * size)
        {
            sent += peer.Send(stream, sent, size, SocketFlags.None);
            loop.RunUntil(() => channel.Received.Count == sent);
        }

        bool reads = true;
        channel.Reads = () => reads;
        channel.OnRead = () => { };
        Pause(true);
        int before = sent;
        peer.Blocking = false;
        for (int stuck = 0; stuck < 50;)
        {
            int taken = peer.Send(stream.AsSpan(sent, size), SocketFlags.None, out SocketError error);
            sent += Math.Max(taken, 0);
            stuck = error == SocketError.WouldBlock ? stuck + 1 : 0;
            Assert.InRange(sent - before, 0, Bound);
            loop.Passes(2);
        }

        if (how != "leave")
        {
            loop.AssertIdle(); // it does not go round meanwhile
        }

        Pause(false);
        channel.OnRead = null;
        loop.RunUntil(() => channel.Received.Count == sent);
        Assert.True(stream.AsSpan(0, sent).SequenceEqual([.. channel.Received]));
        loop.AssertBuffersBack();

        void Pause(bool paused)
        {
            switch (how)
            {
                case "PauseReading" when paused:
                    channel.PauseReading();
                    break;
                case "PauseReading":
                    channel.ResumeReading();
                    break;
                case "Readable":
                    reads = !paused;
                    break;
            }
        }
    }

    // 11. One that is paused, and has its peer stuck, costs the others nothing.
    [Fact]
    public void A_paused_consumer_does_not_starve_the_others()
    {
        using EventLoop loop = Ring.Create();
        List<(Recorder Channel, Socket Peer)> all = loop.Connect(51, accepted => new Recorder(accepted));
        (Recorder paused, Socket stuck) = all[0];
        paused.PauseReading();
        stuck.Blocking = false;
        byte[] stream = Sockets.Pattern(64 * 1024);
        int sent = 0;
        for (int round = 0; round < 50; round++)
        {
            int piece = Math.Max(0, stuck.Send(stream, SocketFlags.None, out SocketError _));
            sent += piece;
            for (int i = 1; i < all.Count; i++)
            {
                all[i].Peer.Send([(byte)round]);
            }

            // The kernel hands over the news of twenty connections at a time, or more.
            loop.Passes(4);
            Assert.All(all[1..], each => Assert.Equal(round + 1, each.Channel.Received.Count));
        }

        Assert.Empty(paused.Events);
        paused.ResumeReading();
        loop.RunUntil(() => paused.Received.Count == sent);
        loop.AssertBuffersBack();
        all.ForEach(each => each.Peer.Dispose());
    }

    // 11. Many who pause in the handler that has read one message, with the next one on its way.
    [Fact]
    public void Many_paused_consumers_leave_buffers_for_the_others()
    {
        using EventLoop loop = Ring.Create();
        List<(Recorder Channel, Socket Peer)> all = loop.Connect(250, accepted => new Recorder(accepted));
        foreach ((Recorder channel, Socket peer) in all[10..])
        {
            channel.OnRead = () =>
            {
                channel.Received.AddRange(channel.Receive(1).ToArray());
                peer.Send("later"u8);
                channel.PauseReading();
            };
            peer.Send("now"u8);
        }

        loop.RunUntil(() => all[10..].TrueForAll(each => each.Channel.Received.Count == 1));
        loop.Passes(3);
        loop.AssertIdle();
        loop.AssertBuffersBack();
        for (int round = 1; round <= 5; round++)
        {
            all[..10].ForEach(each => each.Peer.Send("x"u8));
            loop.RunUntil(() => all[..10].TrueForAll(each => each.Channel.Received.Count == round));
        }

        foreach ((Recorder channel, _) in all[10..])
        {
            channel.OnRead = null;
            channel.ResumeReading();
        }

        loop.RunUntil(() => all[10..].TrueForAll(each => each.Channel.Text() == "nowlater"));
        loop.AssertBuffersBack();
        all.ForEach(each => each.Peer.Dispose());
    }

    /// <summary>Has a digest of what came; leaves it for so many calls before it reads.</summary>
    private sealed class Digester(AcceptedChannel accepted) : Dispatcher(accepted)
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private int _calls;

        public int LeavesFor { get; set; }

        public int Count { get; private set; }

        public byte[] Digest() => _hash.GetCurrentHash();

        protected override void HandleRead()
        {
            if (++_calls % (LeavesFor + 1) == 0 || LeavesFor == 0)
            {
                ReadOnlySpan<byte> view = Receive();
                _hash.AppendData(view);
                Count += view.Length;
            }
        }

        protected override void HandleClose() => Close();
    }
}
