using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Chat;

/// <summary>A15: closing once everything has been sent, so that it is received.</summary>
public class CloseWhenDoneTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void A15_ClosesThroughHandleCloseOnceEverythingHasLeft(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
        byte[] all = Sockets.Pattern(5_000_000);
        chat.Push(all.AsSpan(0, 4_000_000));
        chat.PushWithProducer(new SimpleProducer(all.AsMemory(4_000_000), 100_000));
        chat.CloseWhenDone();
        chat.CloseWhenDone();
        chat.Push("dropped"u8);
        Assert.Equal(0, chat.Send("dropped"u8));
        loop.Passes(3);
        Assert.Empty(chat.Events);
        Assert.Equal(all, peer.ReadToEnd(loop));
        peer.Dispose();
        loop.Run();
        Assert.Equal(["rest ", "close"], chat.Events);
        Assert.Null(chat.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A15_WithNothingToSendItIsToldByTheLoop(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        chat.CloseWhenDone();
        Assert.Empty(chat.Events);
        loop.RunUntil(() => chat.Events.Count == 2);
        Assert.Empty(peer.ReadToEnd());
        peer.Dispose();
        loop.Run();
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void A15_UnreadInputDoesNotResetWhatThePeerHasNotRead(IoBackendKind kind, AddressFamily family)
    {
        // A close over unread input is a reset, and a reset throws away what the peer has not read yet.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
        byte[] answer = Sockets.Pattern(200_000);
        chat.SetTerminator('\n');
        chat.OnItem = _ =>
        {
            chat.Push(answer);
            chat.CloseWhenDone();
        };
        peer.Deliver(chat, "quit\n");
        loop.RunUntil(() => chat.HasEnded);
        Assert.Empty(loop.Channels);
        Companion talker = Companion.Start(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                peer.Send(new byte[10_000]); // while we have not read a byte of the answer
            }

            Assert.Equal(answer, peer.ReadToEnd());
            peer.Send("still there"u8);
            peer.Dispose();
        });
        loop.Run(); // until the peer has ended
        talker.Join();
        Assert.Equal(2, chat.Events.Count(each => each is "close" or "item quit"));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A15_APeerThatNeverEndsIsWaitedForSoLong(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.CloseTimeout = TimeSpan.FromSeconds(7);
        chat.Push("bye"u8);
        chat.CloseWhenDone();
        loop.RunUntil(() => chat.HasEnded);
        Assert.Equal("bye"u8.ToArray(), peer.ReadToEnd());
        clock.Advance(TimeSpan.FromSeconds(6.9));
        Assert.True(loop.RunOnce(TimeSpan.Zero));
        peer.Send("hello?"u8);
        loop.Passes(3);
        clock.Advance(TimeSpan.FromSeconds(0.2));
        loop.Run();
        Assert.Equal(0, peer.Available);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A15_WhatComesAfterTheCloseIsNotDelivered(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        chat.SetTerminator('\n');
        chat.CloseWhenDone();
        loop.RunUntil(() => chat.HasEnded);
        peer.Send("one\ntwo\n"u8);
        loop.Passes(5);
        peer.Dispose();
        loop.Run();
        Assert.Equal(["rest ", "close"], chat.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A15_DiscardBuffersEmptiesBothDirectionsAndCancelsIt(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator("\r\n");
        chat.Pull("held\r"u8);
        chat.TakeRest();
        chat.Push("not sent"u8);
        chat.PushWithProducer(new DeferredProducer());
        chat.Push("not sent"u8);
        chat.CloseWhenDone();
        chat.DiscardBuffers();
        Assert.Equal(0, chat.OutBufferLength);
        chat.Pull("\nnew\r\n"u8);
        Assert.Equal(["\nnew"], chat.Items);
        chat.Push("sent"u8);
        loop.Passes(3);
        Assert.Equal("sent"u8.ToArray(), peer.ReadExactly(4));
        Assert.True(chat.Connected);
        chat.CloseWhenDone();
        loop.RunUntil(() => chat.HasEnded);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A15_DiscardingAfterEverythingHasLeftStillCancels(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.Push("sent"u8);
        chat.CloseWhenDone();
        chat.Flush(); // everything has left; the loop has not told it yet
        chat.DiscardBuffers();
        loop.Passes(3);
        Assert.True(chat.Connected);
        Assert.Empty(chat.Events);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A15_AfterThePeersOwnEndNothingIsWaitedFor(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket _ = peer;
        var chat = new AnswerAtEnd(ours, loop) { AllowHalfOpen = true };
        chat.SetTerminator('\n');
        peer.Send("one\ntwo\n"u8);
        peer.Shutdown(SocketShutdown.Send);
        loop.Run();
        Assert.Equal("you said 2 lines"u8.ToArray(), peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void A15_ThePeersEndDoesNotCutWhatIsStillToLeave(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(5_000_000);
        chat.Push(all);
        chat.CloseWhenDone();
        peer.Shutdown();
        loop.Passes(5);
        Assert.Empty(chat.Events);
        Assert.Equal(all, peer.ReadToEnd(loop));
        loop.Run();
        Assert.Equal(["rest ", "close"], chat.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A15_APeerThatIsGoneIsNotWaitedFor(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        chat.Push(new byte[20_000_000]);
        chat.CloseWhenDone();
        loop.Passes(2);
        peer.ResetOnClose();
        peer.Dispose();
        loop.Run();
        Assert.Equal(["rest ", "close"], chat.Events);
        Assert.IsType<SocketException>(chat.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void R4_CloseDropsWhatOnlyTheChatHasQueued(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.Push("sent"u8);
        chat.PushWithProducer(new SimpleProducer("not sent"u8.ToArray()));
        chat.Close();
        loop.Run();
        Assert.Equal("sent"u8.ToArray(), peer.ReadToEnd());
        Assert.Empty(chat.Events);
    }

    private sealed class AnswerAtEnd(Socket socket, EventLoop loop) : ChatRecorder(socket, loop)
    {
        protected override void HandleEndOfStream()
        {
            Push($"you said {Items.Count} lines");
            CloseWhenDone();
        }
    }
}
