using System.Net.Sockets;
using Asyncore.Tests.Chat;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Regressions;

/// <summary>What chats once did wrong with what they receive.</summary>
public class ChatInputTests
{
    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_handler_that_discards_everything_and_throws_gets_nothing_that_had_come(IoBackendKind kind)
    {
        // The exception kept what was behind the item, although it had been discarded.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnError = _ => true;
        chat.OnItem = item =>
        {
            if (item == "bad")
            {
                chat.DiscardBuffers();
                throw new InvalidOperationException("bad");
            }
        };
        peer.Deliver(chat, "bad\nrest\nmore\n");
        loop.RunUntil(() => chat.Error is not null);
        loop.Passes(5);
        Assert.Equal(["bad"], chat.Items);
        peer.Deliver(chat, "new\n");
        loop.RunUntil(() => chat.Items.Count == 2);
        Assert.Equal(["bad", "new"], chat.Items);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void ExitNow_from_HandleHighWater_loses_no_item(IoBackendKind kind)
    {
        // It came between the water mark and the news of held items, which were never delivered.
        using EventLoop loop = TestLoop.Create(kind);
        (MarkedChat chat, FarEnd peer) =
            loop.Join(AddressFamily.Unix, (socket, owner) => new MarkedChat(socket, owner));
        using FarEnd _ = peer;
        chat.HighWaterMark = 10;
        chat.SetTerminator('\n');
        chat.OnItem = _ => chat.Push(new byte[1_000_000]);
        chat.OnHigh = () =>
        {
            chat.OnHigh = null;
            throw new ExitNowException("high");
        };
        peer.Deliver(chat, "1\n2\n3\n4\n");
        Assert.Throws<ExitNowException>(() => loop.Passes(10));
        peer.ReadExactly(4_000_000, loop);
        loop.RunUntil(() => chat.Items.Count == 4);
        Assert.Equal(["1", "2", "3", "4"], chat.Items);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void ExitNow_from_a_producer_loses_no_item_that_is_held(IoBackendKind kind)
    {
        // It took the place of the news that items are held, and those were never delivered.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnError = _ => true;
        int asked = 0;
        chat.OnItem = item =>
        {
            if (item == "1")
            {
                chat.PushWithProducer(
                    new ScriptedProducer(() => asked++ == 0 ? throw new ExitNowException("asked") : default));
                throw new InvalidOperationException(item);
            }
        };
        peer.Deliver(chat, "1\n2\n3\n4\n");
        Assert.Throws<ExitNowException>(() => loop.Passes(10));
        loop.Passes(20);
        Assert.Equal(["1", "2", "3", "4"], chat.Items);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_chat_that_leaves_its_loop_in_HandleHighWater_gets_no_more_items(IoBackendKind kind)
    {
        // The items that were held came all the same, from a loop that it was no part of.
        using EventLoop loop = TestLoop.Create(kind);
        (MarkedChat chat, FarEnd peer) =
            loop.Join(AddressFamily.Unix, (socket, owner) => new MarkedChat(socket, owner));
        using FarEnd _ = peer;
        chat.HighWaterMark = 10;
        chat.SetTerminator('\n');
        chat.OnItem = _ => chat.Push(new byte[1_000_000]);
        int before = -1;
        chat.OnHigh = () =>
        {
            chat.DelChannel();
            before = chat.Items.Count;
        };
        peer.Deliver(chat, "1\n2\n3\n4\n");
        loop.Passes(10);
        Assert.Equal(before, chat.Items.Count);
        chat.Close();
    }

    [Fact]
    public void The_length_of_a_line_does_not_count_over_another_terminator()
    {
        // What had come before a count was still part of the line behind it, which was then too long.
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop) { MaxLineLength = 8, OnOverflow = () => { } };
        chat.SetTerminator('\n');
        chat.Pull("hello"u8);
        chat.SetTerminator(3);
        chat.Pull("abc"u8);
        chat.SetTerminator('\n');
        chat.Pull("12345\n"u8);
        Assert.Equal(["item helloabc", "item 12345"], chat.Events);
    }

    [Theory]
    [InlineData("count", "ef|;g|;\n|xy|;1|2\n|34|56|;o|k;", "")]
    [InlineData("none", "", "ef;g;\nxy;12\n3456;ok;")]
    [InlineData("bytes", "g|\nxy|ok", "")] // what was too long ends with the new one
    public void A_terminator_set_in_HandleOverflow_is_for_what_follows_however_it_is_cut(
        string what, string items, string rest)
    {
        // What followed had been searched for the old one already, as much of it as had come with it.
        foreach (int cut in (int[])[1, 2, 3, 5, 100])
        {
            using var loop = new EventLoop();
            var chat = new ChatRecorder(loop) { MaxLineLength = 3 };
            chat.SetTerminator('\n');
            chat.OnOverflow = () => Change(chat, what);
            foreach (byte[] piece in "abcdef;g;\nxy;12\n3456;ok;"u8.ToArray().Chunk(cut))
            {
                chat.Pull(piece);
            }

            string got = string.Join('|', chat.Items);
            Assert.True((items, rest) == (got, chat.Rest), $"in pieces of {cut}: {got} and {chat.Rest}");
        }

        static void Change(ChatRecorder chat, string what)
        {
            switch (what)
            {
                case "count":
                    chat.SetTerminator(2);
                    chat.RepeatTerminator = true;
                    break;
                case "none":
                    chat.ClearTerminator();
                    break;
                default:
                    chat.SetTerminator(';');
                    break;
            }
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void Held_items_of_a_chat_that_has_been_moved_come_in_its_new_loop(IoBackendKind kind)
    {
        // The loop that it had left delivered them, as it had them on a list that it was walking.
        using EventLoop loop = TestLoop.Create(kind);
        using EventLoop other = loop.CreateBeside();
        (ChatRecorder first, FarEnd firstPeer) = loop.JoinChat();
        (ChatRecorder second, FarEnd secondPeer) = loop.JoinChat();
        using FarEnd one = firstPeer;
        using FarEnd two = secondPeer;
        first.SetTerminator('\n');
        second.SetTerminator('\n');
        first.PauseReading();
        second.PauseReading();
        first.Pull("1\n"u8);
        second.Pull("1\n2\n"u8);
        first.OnItem = _ =>
        {
            second.DelChannel();
            second.AddChannel(other);
        };
        first.ResumeReading();
        second.ResumeReading();
        loop.Passes(3);
        Assert.Single(first.Items);
        Assert.Empty(second.Items);
        other.Passes(3);
        Assert.Equal(["1", "2"], second.Items);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void HandleRead_called_by_a_handler_changes_no_order(IoBackendKind kind)
    {
        // It delivered in the middle of a delivery, out of order.
        using EventLoop loop = TestLoop.Create(kind);
        (SelfReader chat, FarEnd peer) =
            loop.Join(AddressFamily.InterNetwork, (socket, owner) => new SelfReader(socket, owner));
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnItem = _ =>
        {
            chat.OnItem = null;
            peer.Deliver(chat, "3\n");
            chat.ReadNow();
        };
        peer.Deliver(chat, "1\n2\n");
        loop.RunUntil(() => chat.Items.Count == 3);
        Assert.Equal(["1", "2", "3"], chat.Items);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void An_item_that_fails_before_it_is_taken_is_no_part_of_the_next(IoBackendKind kind)
    {
        // What had been collected of it stayed, and the next item began with it.
        using EventLoop loop = TestLoop.Create(kind);
        (FirstFails chat, FarEnd peer) =
            loop.Join(AddressFamily.InterNetwork, (socket, owner) => new FirstFails(socket, owner));
        using FarEnd _ = peer;
        peer.Deliver(chat, "bad\ngood\n");
        loop.RunUntil(() => chat.Lines.Count == 1);
        Assert.Equal(["good"], chat.Lines);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_handler_that_always_throws_costs_a_pass_an_item_and_no_more(IoBackendKind kind)
    {
        // All that was held was to come within as many passes, and the loop to be at rest afterwards.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnError = _ => true;
        chat.OnItem = _ => throw new InvalidOperationException("always");
        peer.Send(RegressionChats.EmptyLines(500));
        chat.Await(Kernel.In);
        loop.Passes(520);
        Assert.Equal(500, chat.Items.Count);
        loop.AssertIdle();
    }

    private sealed class SelfReader(Socket socket, EventLoop loop) : ChatRecorder(socket, loop)
    {
        public void ReadNow() => HandleRead();
    }

    private sealed class FirstFails : AsyncChat
    {
        private bool _failed;

        public FirstFails(Socket socket, EventLoop loop)
            : base(socket, loop) => SetTerminator('\n');

        public List<string> Lines { get; } = [];

        protected override void FoundTerminator()
        {
            if (!_failed)
            {
                _failed = true;
                throw new InvalidOperationException("the first");
            }

            Lines.Add(GetText());
        }

        protected override void HandleError(Exception error)
        {
        }
    }
}
