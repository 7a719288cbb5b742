using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Chat;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Regressions;

/// <summary>Ends of connections that chats once missed, or told at the wrong time.</summary>
public class ChatEndTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void A_chat_that_pauses_at_high_water_ends_when_its_peer_resets(IoBackendKind kind, AddressFamily family)
    {
        // With input held and reading paused nobody met the end, nor was told that the water had fallen.
        using EventLoop loop = TestLoop.Create(kind);
        (MarkedChat chat, FarEnd peer) = loop.Join(family, (socket, owner) => new MarkedChat(socket, owner));
        bool paused = false;
        chat.HighWaterMark = 64 * 1024;
        chat.LowWaterMark = 16 * 1024;
        chat.SetTerminator('\n');
        chat.OnItem = _ => chat.Push(new byte[8000]);
        chat.OnHigh = () =>
        {
            paused = true;
            chat.PauseReading();
        };
        chat.OnLow = () =>
        {
            paused = false;
            chat.ResumeReading();
        };
        peer.Send(RegressionChats.EmptyLines(3000));
        loop.RunUntil(() => paused);
        peer.ResetOnClose();
        peer.Dispose();
        loop.RunUntil(() => chat.HasEnded);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_chat_with_items_held_by_a_high_water_mark_ends_when_its_peer_resets(IoBackendKind kind)
    {
        // The queue that could not leave any more held the items back for ever.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        chat.SetTerminator('\n');
        chat.HighWaterMark = 64 * 1024;
        chat.OnItem = _ => chat.Push(new byte[20_000]);
        peer.Send(RegressionChats.EmptyLines(3000));
        loop.RunUntil(() => chat.HighWaters > 0);
        peer.ResetOnClose();
        peer.Dispose();
        loop.RunUntil(() => chat.HasEnded);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void Held_items_come_before_the_end_that_a_failed_send_has_met(IoBackendKind kind)
    {
        // The failed send was told in place of the held items, and so neither they nor the end ever were.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        chat.SetTerminator('\n');
        chat.OnError = _ => true;
        chat.OnItem = item =>
        {
            if (item == "1")
            {
                peer.ResetOnClose();
                peer.Dispose();
                chat.Await(Kernel.HangUp);
                chat.Push("answer"u8);
                throw new InvalidOperationException(item);
            }
        };
        peer.Deliver(chat, "1\n2\n3\n");
        loop.RunUntil(() => chat.HasEnded);
        Assert.Equal(["item 1", "item 2", "item 3", "rest ", "close"], chat.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void A_sender_that_pauses_at_high_water_ends_when_its_peer_resets(IoBackendKind kind, AddressFamily family)
    {
        // What it could send no more kept it paused, and what lay unread kept the end back.
        using EventLoop loop = TestLoop.Create(kind);
        (PatientSender sender, FarEnd peer) = loop.Join(family, (socket, owner) => new PatientSender(socket, owner));
        sender.HighWaterMark = 100_000;
        sender.Send(new byte[10_000_000]);
        loop.RunUntil(() => sender.HasPaused);
        peer.Deliver(sender, "unread");
        peer.ResetOnClose();
        peer.Dispose();
        loop.RunUntil(() => sender.HasEnded);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void A_paused_chat_that_closes_when_done_ends_when_its_peer_resets(IoBackendKind kind, AddressFamily family)
    {
        // It waited for what had come before to be read, though reading was paused and nobody wanted it.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
        chat.SetTerminator('\n');
        chat.Push(new byte[10_000_000]);
        chat.PauseReading();
        chat.CloseWhenDone();
        peer.Deliver(chat, "unread\n");
        loop.Passes(3);
        peer.ResetOnClose();
        peer.Dispose();
        loop.RunUntil(() => chat.HasEnded);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void CloseWhenDone_closes_where_every_handler_throws(IoBackendKind kind)
    {
        // The exception of the last held item took the news with it that all had left.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnError = _ => true;
        chat.OnItem = item =>
        {
            chat.CloseWhenDone();
            throw new InvalidOperationException(item);
        };
        peer.Deliver(chat, "1\n2\n");
        loop.RunUntil(() => chat.HasEnded);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void The_peers_end_is_told_once_CloseWhenDone_is_cancelled(IoBackendKind kind)
    {
        // It had been met and not told, as the chat was about to close by itself; later nobody told it.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.PushWithProducer(new DeferredProducer());
        chat.CloseWhenDone();
        peer.Shutdown();
        chat.Await(Kernel.In);
        loop.Passes(5);
        Assert.False(chat.HasEnded);
        chat.DiscardBuffers();
        loop.RunUntil(() => chat.HasEnded);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void CloseWhenDone_while_paused_is_not_reset_by_what_the_peer_says(IoBackendKind kind)
    {
        // A close over what nobody has read would throw away what the peer has still to read.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        byte[] data = Sockets.Pattern(3_000_000);
        chat.Push((ReadOnlyMemory<byte>)data);
        chat.CloseWhenDone();
        chat.PauseReading();
        Companion talker = Companion.Start(() =>
        {
            peer.Send(new byte[200_000]);
            Assert.Equal(data, peer.ReadExactly(data.Length));
            peer.Send(new byte[1_000_000]);
            Assert.Empty(peer.ReadToEnd());
            peer.Dispose();
        });
        talker.Join(loop);
        loop.RunUntil(() => !loop.RunOnce(TimeSpan.Zero));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_end_of_one_side_is_told_where_the_last_bytes_throw(IoBackendKind kind)
    {
        // The end counted as read by then, and what was to tell it had been thrown out of.
        using EventLoop loop = TestLoop.Create(kind);
        (HalfOpenRecorder chat, FarEnd peer) =
            loop.Join(AddressFamily.InterNetwork, (socket, owner) => new HalfOpenRecorder(socket, owner));
        using FarEnd _ = peer;
        chat.SetTerminator("\r\n");
        chat.OnError = _ => true;
        peer.Deliver(chat, "abc\r");
        loop.RunUntil(() => chat.Rest == "abc");
        chat.OnData = _ => throw new InvalidOperationException("the last");
        peer.Shutdown();
        loop.RunUntil(() => chat.HasMetEnd);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_pull_while_the_last_bytes_are_told_is_refused(IoBackendKind kind)
    {
        // It was not, there alone, and delivered an item in the middle of another.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        chat.SetTerminator("\r\n");
        peer.Deliver(chat, "abc\r");
        loop.RunUntil(() => chat.Rest == "abc");
        bool refused = false;
        chat.OnData = _ =>
        {
            Assert.Throws<InvalidOperationException>(() => chat.Pull("more\r\n"u8));
            refused = true;
        };
        peer.Dispose();
        loop.RunUntil(() => chat.HasEnded);
        Assert.True(refused);
        Assert.Equal(["rest abc\r", "close"], chat.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_handler_whose_own_Recv_meets_the_end_is_told_of_it_after_all_items(IoBackendKind kind)
    {
        // The chat closed inside that call, and the items that had come with the first were lost.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        chat.SetTerminator('\n');
        ReceiveAtFirstItem(chat);
        peer.Send("1\n2\n3\n"u8);
        peer.Dispose();
        loop.RunUntil(() => chat.HasEnded);
        Assert.Equal(["item 1", "item 2", "item 3", "rest ", "close"], chat.Events);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_handler_whose_own_Recv_meets_the_end_of_one_side_loses_nothing(IoBackendKind kind)
    {
        // What was held back of a terminator came before the items that were before it, or never.
        using EventLoop loop = TestLoop.Create(kind);
        (HalfOpenRecorder chat, FarEnd peer) =
            loop.Join(AddressFamily.InterNetwork, (socket, owner) => new HalfOpenRecorder(socket, owner));
        using FarEnd _ = peer;
        chat.SetTerminator("\r\n");
        ReceiveAtFirstItem(chat);
        peer.Send("1\r\n2\r\nabc\r"u8);
        peer.Shutdown();
        loop.RunUntil(() => chat.HasMetEnd);
        Assert.Equal(["1", "2"], chat.Items);
        Assert.Equal("abc\r", chat.Rest);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void A_chat_that_pauses_at_every_item_has_them_all_before_the_end(IoBackendKind kind, AddressFamily family)
    {
        // Neither may the end overtake what is held, nor the loop go round while it is.
        using EventLoop loop = TestLoop.Create(kind);
        foreach (bool reset in (bool[])[false, true])
        {
            (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
            chat.SetTerminator('\n');
            chat.OnItem = _ =>
            {
                chat.PauseReading();
                loop.CallLater(TimeSpan.Zero, () =>
                {
                    if (chat.Connected)
                    {
                        chat.ResumeReading();
                    }
                });
            };
            peer.Deliver(chat, "1\n2\n3\n4\n5\n6");
            loop.Passes(2);
            if (reset)
            {
                peer.ResetOnClose();
            }

            peer.Dispose();
            for (int i = 0; i < 60 && !chat.HasEnded; i++)
            {
                loop.RunOnce(TimeSpan.FromSeconds(20));
            }

            Assert.Equal(["item 1", "item 2", "item 3", "item 4", "item 5", "rest 6", "close"], chat.Events);
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_push_past_the_limit_closes_although_a_connect_has_failed_meanwhile(IoBackendKind kind)
    {
        // The failed connect was told in place of the refusal, which was forgotten.
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(AddressFamily.Unix);
        var chat = new Retrier(loop, listener.LocalEndPoint!) { OutBufferLimit = 10 };
        chat.Connect(new UnixDomainSocketEndPoint("/nonexistent/asyncore"));
        chat.Push(new byte[100]);
        loop.RunUntil(() => chat.HasEnded);
        Assert.IsType<IOException>(chat.CloseReason);
    }

    // All that was sent has been read by then: only the end can make it readable once more.
    private static void ReceiveAtFirstItem(ChatRecorder chat) => chat.OnItem = _ =>
    {
        chat.OnItem = null;
        chat.Await(Kernel.In);
        Assert.Equal(0, chat.Recv(new byte[10]));
    };

    private sealed class Retrier(EventLoop loop, EndPoint target) : ChatRecorder(loop)
    {
        protected override void HandleConnect()
        {
        }

        protected override void HandleConnectFailed(SocketException error) => Connect(target);
    }

    private sealed class PatientSender(Socket socket, EventLoop loop) : DispatcherWithSend(socket, loop)
    {
        public bool HasPaused { get; private set; }

        public bool HasEnded { get; private set; }

        protected override void HandleRead() => Receive();

        protected override void HandleHighWater()
        {
            HasPaused = true;
            PauseReading();
        }

        protected override void HandleLowWater() => ResumeReading();

        protected override void HandleClose()
        {
            HasEnded = true;
            Close();
        }
    }
}
