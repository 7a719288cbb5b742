using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Chat;

/// <summary>Receiving over real connections: what is delivered, when, and when no more.</summary>
public class DeliveryTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void A16_LinesThatComeInPiecesAreLines(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
        using FarEnd _ = peer;
        chat.SetTerminator("\r\n");
        byte[] stream = "hello world\r\nI'm not dead yet!\r\n\r\n"u8.ToArray();
        foreach (int size in (int[])[1, 2, 3, 100])
        {
            chat.Items.Clear();
            for (int at = 0; at < stream.Length; at += size)
            {
                peer.Send(stream.AsSpan(at, Math.Min(size, stream.Length - at)));
                loop.RunUntil(() => chat.Socket!.Available == 0);
            }

            loop.RunUntil(() => chat.Items.Count == 3);
            Assert.Equal(["hello world", "I'm not dead yet!", ""], chat.Items);
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void A4_CloseInsideFoundTerminatorStopsDelivery(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnItem = item =>
        {
            if (item == "quit")
            {
                chat.Close();
            }
        };
        peer.Deliver(chat, "one\nquit\nsecret\n");
        loop.RunUntil(() => loop.Channels.Count == 0);
        loop.Passes(3);
        Assert.Equal(["item one", "item quit"], chat.Events);
        Assert.Empty(chat.Rest);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A4_CloseInsideCollectIncomingDataStopsDelivery(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnData = _ => chat.Close();
        peer.Deliver(chat, "one\ntwo\n");
        loop.RunUntil(() => loop.Channels.Count == 0);
        loop.Passes(3);
        Assert.Empty(chat.Items);
        Assert.Equal("one", chat.Rest);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void A6_WhatWasHeldBackIsDataAtTheEnd(IoBackendKind kind, AddressFamily family)
    {
        foreach (bool reset in (bool[])[false, true])
        {
            using EventLoop loop = TestLoop.Create(kind);
            (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
            chat.SetTerminator("\r\n.\r\n");
            peer.Deliver(chat, "message\r\n.\r");
            loop.RunUntil(() => chat.Rest.Length > 0);
            Assert.Equal("message", chat.Rest);
            if (reset)
            {
                peer.ResetOnClose();
            }

            peer.Dispose();
            loop.RunUntil(() => chat.Events.Count > 0);
            Assert.Equal(["rest message\r\n.\r", "close"], chat.Events);
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A6_AlsoWhereThePeerEndsItsSideAlone(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = peer;
        var chat = new HalfOpenChat(ours, loop) { AllowHalfOpen = true };
        chat.SetTerminator("\r\n");
        peer.Send("all\r"u8);
        peer.Shutdown(SocketShutdown.Send);
        loop.RunUntil(() => chat.Events.Count > 0);
        Assert.Equal(["end after all\r"], chat.Events);
        Assert.True(chat.Connected);
        chat.Close();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L11_EverythingIsDeliveredBeforeTheEnd(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        chat.InBufferSize = 1000;
        chat.SetTerminator('\n');
        byte[] lines = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i}\n")));
        Companion sender = Companion.Start(() =>
        {
            peer.Send(lines);
            peer.Dispose();
        });
        loop.RunUntil(() => chat.HasEnded);
        sender.Join();
        Assert.Equal(Enumerable.Range(0, 20_000).Select(i => $"{i}"), chat.Items);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L7_AnItemThatFailsCostsItselfAlone(IoBackendKind kind)
    {
        // What had come with it is neither lost nor told twice, and needs nothing more from the peer.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnError = _ => true;
        chat.OnItem = item =>
        {
            if (item == "bad")
            {
                throw new FormatException(item);
            }
        };
        peer.Deliver(chat, "one\nbad\ntwo\nbad\nthree\nfo");
        loop.RunUntil(() => chat.Items.Count == 5);
        peer.Deliver(chat, "ur\n");
        loop.RunUntil(() => chat.Items.Count == 6);
        Assert.Equal(["one", "bad", "two", "bad", "three", "four"], chat.Items);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L6_ExitNowLosesNoItem(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnItem = item => throw new ExitNowException(item);
        peer.Deliver(chat, "one\ntwo\n");
        Assert.Equal("one", Assert.Throws<ExitNowException>(() => loop.Run()).Message);
        Assert.Equal("two", Assert.Throws<ExitNowException>(() => loop.Run()).Message);
        Assert.True(chat.Connected);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void PausingKeepsItemsBackThatHaveComeAlready(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnItem = _ => chat.PauseReading();
        peer.Deliver(chat, "one\ntwo\nthree\n");
        loop.RunUntil(() => chat.Items.Count == 1);
        loop.AssertIdle();
        Assert.Single(chat.Items);
        chat.ResumeReading();
        loop.RunUntil(() => chat.Items.Count == 2);
        loop.AssertIdle();
        peer.Dispose();
        loop.AssertIdle();
        chat.ResumeReading();
        loop.RunUntil(() => chat.Items.Count == 3);
        chat.ResumeReading();
        loop.RunUntil(() => loop.Channels.Count == 0);
        Assert.Equal(["one", "two", "three"], chat.Items);
    }

    [Fact]
    public void WhatIsPulledWhilePausedWaits()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminator('\n');
        chat.PauseReading();
        chat.Pull("one\ntw"u8);
        chat.Pull("o\n"u8);
        Assert.Empty(chat.Items);
        chat.ResumeReading();
        loop.Passes(2);
        Assert.Equal(["one", "two"], chat.Items);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void ItemsWaitWhileMoreThanTheHighWaterMarkIsQueued(IoBackendKind kind)
    {
        // Or a peer that sends thousands of short commands at once is answered with megabytes before anybody is told.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.HighWaterMark = 50_000;
        byte[] answer = new byte[10_000];
        long most = 0;
        chat.OnItem = _ =>
        {
            chat.Push(answer);
            most = Math.Max(most, chat.OutBufferLength);
        };
        byte[] commands = new byte[3000];
        Array.Fill(commands, (byte)'\n');
        peer.Send(commands);
        Companion reader = Companion.Start(() => Assert.Equal(30_000_000, peer.ReadExactly(30_000_000).Length));
        reader.Join(loop);
        Assert.Equal(3000, chat.Items.Count);
        Assert.True(chat.HighWaters == 0 || most > 50_000);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void R11_WhatHasComeGoesAlongToAnotherLoop(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using EventLoop other = loop.CreateBeside();
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator("\r\n");
        chat.OnItem = item =>
        {
            if (item == "leave")
            {
                chat.DelChannel();
                chat.AddChannel(other);
            }
        };
        peer.Deliver(chat, "one\r\nleave\r\ntwo\r\nthree\r");
        loop.RunUntil(() => chat.Items.Count == 2);
        Assert.Equal(["one", "leave"], chat.Items);
        Assert.Empty(loop.Channels);
        other.RunUntil(() => chat.Items.Count == 3);
        peer.Send("\n"u8);
        other.RunUntil(() => chat.Items.Count == 4);
        Assert.Equal(["one", "leave", "two", "three"], chat.Items);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AHandlerThatReceivesElsewhereChangesNothingHere(IoBackendKind kind)
    {
        // Both lie in a buffer of the loop's, and they must not be the same.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(AddressFamily.InterNetwork);
        using FarEnd first = peer;
        using FarEnd second = otherPeer;
        chat.SetTerminator('\n');
        otherPeer.Deliver(other, new string('x', 100));
        other.OnRead = () => { };
        chat.OnItem = _ => other.Receive(10);
        peer.Deliver(chat, "one\ntwo\nthree\n");
        loop.RunUntil(() => chat.Items.Count == 3);
        Assert.Equal(["one", "two", "three"], chat.Items);
    }

    [Fact]
    public void DiscardInputBuffersDropsWhatHasComeWithIt()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminator('\n');
        chat.OnItem = item =>
        {
            if (item == "discard")
            {
                chat.DiscardInputBuffers();
            }
        };
        chat.Pull("one\ndiscard\ntwo\nthr"u8);
        chat.Pull("four\n"u8);
        Assert.Equal(["one", "discard", "four"], chat.Items);
    }

    [Fact]
    public void DiscardingWhileAnItemIsCollectedDropsTheItemToo()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminator('\n');
        chat.OnData = data =>
        {
            if (data.AsSpan().SequenceEqual("bad"u8))
            {
                chat.DiscardInputBuffers();
                chat.TakeRest();
            }
        };
        chat.Pull("one\nbad\nlost\n"u8);
        chat.Pull("two\n"u8);
        Assert.Equal(["one", "two"], chat.Items);
    }

    [Fact]
    public void PullInsideAHandlerIsRefused()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminator('\n');
        chat.OnItem = _ => Assert.Throws<InvalidOperationException>(() => chat.Pull("more"u8));
        chat.Pull("one\n"u8);
        Assert.Single(chat.Items);
        chat.Close();
        chat.Pull("two\n"u8);
        Assert.Single(chat.Items);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void TheInboxHasItemsWhole(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = peer;
        var chat = new InboxChat(ours, loop) { Encoding = Encoding.UTF8 };
        chat.SetTerminator("€");
        byte[] stream = "größe€\u4e16界€€x"u8.ToArray();
        foreach (byte each in stream)
        {
            peer.Send([each]);
            loop.RunUntil(() => ours.Available == 0);
        }

        peer.Send(stream);
        loop.RunUntil(() => chat.Texts.Count == 6);
        Assert.Equal(["größe", "\u4e16界", "", "xgröße", "\u4e16界", ""], chat.Texts);
        loop.RunUntil(() => chat.PeekData().Length == 1);
        Assert.Equal("x"u8.ToArray(), chat.GetData());
        Assert.Empty(chat.GetData());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void AnItemThatNobodyTakesStaysAndIsNotOverwritten(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = peer;
        var chat = new InboxChat(ours, loop) { Takes = false };
        chat.SetTerminator('\n');
        peer.Deliver(chat, "one\n");
        loop.RunUntil(() => chat.Found == 1);
        peer.Deliver(chat, "two\nthree\n");
        loop.RunUntil(() => chat.Found == 3);
        Assert.Equal("onetwothree"u8.ToArray(), chat.GetData());
    }

    [Fact]
    public void A9_OneLongItemInPiecesOfOneByte()
    {
        // Quadratic behaviour would be tens of thousands of gigabytes copied or searched, not a second.
        const int Length = 4_000_000;
        using var loop = new EventLoop();
        var chat = new InboxChat(null, loop) { Takes = false };
        chat.SetTerminator("\r\n");
        for (int i = 0; i < Length; i++)
        {
            chat.Pull(i % 2 == 0 ? "\r"u8 : "x"u8);
        }

        chat.Pull("\r\n"u8);
        Assert.Equal(1, chat.Found);
        Assert.Equal(Length, chat.GetData().Length);
    }

    [Fact]
    public void A9_ALongTerminatorThatIsNearlyThereAllTheTime()
    {
        const int Length = 4_000_000;
        using var loop = new EventLoop();
        var chat = new InboxChat(null, loop) { Takes = false };
        byte[] terminator = new byte[20_000];
        Array.Fill(terminator, (byte)'a');
        terminator[^1] = (byte)'b';
        chat.SetTerminator(terminator.AsSpan());
        byte[] stream = new byte[Length];
        Array.Fill(stream, (byte)'a');
        chat.Pull(stream);
        for (int i = 0; i < Length; i++)
        {
            chat.Pull("a"u8);
        }

        chat.Pull("b"u8);
        Assert.Equal(1, chat.Found);
        Assert.Equal((2 * Length) + 1 - terminator.Length, chat.GetData().Length);
    }

    [Fact]
    public void A9_MillionsOfItemsInOneBuffer()
    {
        const int Items = 4_000_000;
        using var loop = new EventLoop();
        var chat = new InboxChat(null, loop) { Takes = false };
        chat.SetTerminators("\r\n", "\n");
        byte[] stream = new byte[Items * 3];
        for (int i = 0; i < Items; i++)
        {
            "x\r\n"u8.CopyTo(stream.AsSpan(i * 3));
        }

        chat.Pull(stream);
        Assert.Equal(Items, chat.Found);
        Assert.Equal(Items, chat.GetData().Length);
    }

    private sealed class HalfOpenChat(Socket socket, EventLoop loop) : ChatRecorder(socket, loop)
    {
        protected override void HandleEndOfStream() => Events.Add($"end after {Rest}");
    }

    // With the default inbox.
    private sealed class InboxChat(Socket? socket, EventLoop loop) : AsyncChat(socket, loop)
    {
        public List<string> Texts { get; } = [];

        public bool Takes { get; set; } = true;

        public int Found { get; private set; }

        protected override void FoundTerminator()
        {
            Found++;
            if (Takes)
            {
                Texts.Add(GetText());
            }
        }
    }
}
