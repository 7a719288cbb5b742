using System.Net.Sockets;
using Asyncore.Tests.Chat;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Regressions;

/// <summary>What chats once did wrong with what they send.</summary>
public class ChatOutputTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_a_producer_pushes_to_another_chat_leaves_before_the_loop_waits(IoBackendKind kind)
    {
        // The list of chats that have something to send had been walked, and the push waited for another event.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder other, FarEnd otherPeer) = loop.JoinChat();
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd one = peer;
        using FarEnd two = otherPeer;
        int asked = 0;
        loop.Post(() => chat.PushWithProducer(new ScriptedProducer(() =>
        {
            if (asked++ > 0)
            {
                return default;
            }

            other.Push("hello"u8);
            return "mine"u8.ToArray();
        })));
        Companion reader = Companion.Start(() => ReadThenStop(loop, otherPeer, "hello"u8.ToArray()));
        loop.Run(); // nothing else happens in it
        reader.Join();
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void Discarding_what_is_to_be_sent_tells_low_water(IoBackendKind kind)
    {
        // Nobody looked at the queue again, and whoever waited for low water waited for ever.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.HighWaterMark = 10;
        chat.PushWithProducer(new DeferredProducer());
        chat.Push(new byte[100]);
        loop.Passes(3);
        Assert.Equal((1, 0), (chat.HighWaters, chat.LowWaters));
        chat.DiscardOutputBuffers();
        loop.Passes(5);
        Assert.Equal((1, 1), (chat.HighWaters, chat.LowWaters));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void Discarding_what_is_to_be_sent_lets_the_asked_for_end_leave(IoBackendKind kind)
    {
        // The end waited for a producer that was there no more.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.PushWithProducer(new DeferredProducer());
        chat.ShutdownSend();
        loop.Passes(3);
        Assert.Equal(0, peer.Available);
        chat.DiscardOutputBuffers();
        loop.Passes(5);
        Assert.Empty(peer.ReadToEnd());
        Assert.True(chat.Connected);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void Pushes_behind_a_producer_that_waits_tell_high_water_in_a_later_pass_too(IoBackendKind kind)
    {
        // Where nothing could be sent the marks were not looked at, and the queue grew without anybody's knowledge.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.HighWaterMark = 10;
        chat.PushWithProducer(new DeferredProducer());
        loop.Passes(3);
        for (int i = 0; i < 5; i++)
        {
            chat.Push(new byte[100]);
            loop.Passes(2);
        }

        Assert.Equal(1, chat.HighWaters);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_chat_that_asks_its_base_whether_it_is_writable_does_not_spin(IoBackendKind kind)
    {
        // The answer was yes for as long as a producer was queued, also one that has to be waited for.
        using EventLoop loop = TestLoop.Create(kind);
        (AskedChat chat, FarEnd peer) =
            loop.Join(AddressFamily.InterNetwork, (socket, owner) => new AskedChat(socket, owner));
        using FarEnd _ = peer;
        var producer = new DeferredProducer();
        chat.PushWithProducer(producer);
        loop.Passes(3);
        loop.AssertIdle();
        producer.Add("there"u8.ToArray());
        loop.Passes(3);
        Assert.Equal("there"u8.ToArray(), peer.ReadExactly(5));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void Flush_inside_a_producer_does_not_ask_it_again(IoBackendKind kind)
    {
        // It did, as deep as there was stack, and pieces changed their order.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        int depth = 0;
        int deepest = 0;
        byte asked = 0;
        chat.PushWithProducer(new ScriptedProducer(() =>
        {
            byte piece = asked++;
            deepest = Math.Max(deepest, ++depth);
            if (depth < 50)
            {
                chat.Flush();
            }

            depth--;
            return piece < 60 ? (byte[])[piece] : default;
        }));
        loop.RunUntil(() => asked > 60);
        Assert.Equal(1, deepest);
        Assert.Equal([.. Enumerable.Range(0, 60).Select(i => (byte)i)], peer.ReadExactly(60));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_producer_that_closes_its_chat_while_it_is_disposed_does_not_close_twice(IoBackendKind kind)
    {
        // A second close inside the first must leave neither a timer nor a channel behind.
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        chat.CloseTimeout = TimeSpan.FromSeconds(7);
        chat.Push(new byte[1_000_000]);
        chat.PushWithProducer(new Closer(chat));
        loop.Passes(2);
        chat.Close();
        Assert.Equal(-1, chat.FileDescriptor);
        loop.Passes(3);
        clock.Advance(TimeSpan.FromSeconds(8));
        loop.Passes(5);
        Assert.False(loop.RunOnce(TimeSpan.Zero));
    }

    private static void ReadThenStop(EventLoop loop, FarEnd peer, byte[] expected)
    {
        try
        {
            Assert.Equal(expected, peer.ReadExactly(expected.Length));
        }
        finally
        {
            loop.Stop();
        }
    }

    private sealed class AskedChat(Socket socket, EventLoop loop) : ChatRecorder(socket, loop)
    {
        protected override bool Writable() => base.Writable();
    }

    private sealed class Closer(AsyncChat chat) : IProducer, IDisposable
    {
        public ReadOnlyMemory<byte> More() => default;

        public void Dispose() => chat.Close();
    }
}
