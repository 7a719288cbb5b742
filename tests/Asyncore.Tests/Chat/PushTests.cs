using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Chat;

/// <summary>Pushing bytes and text, and limits.</summary>
public class PushTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void A11_PushesAndProducersLeaveInTheOrderTheyWereMade(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(family);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(3_000_000);
        var random = new Random(1);
        for (int at = 0; at < all.Length;)
        {
            int size = Math.Min(all.Length - at, random.Next(1, random.Next(2) == 0 ? 100 : 100_000));
            PushSomehow(chat, random.Next(7), all.AsMemory(at, size));
            at += size;
        }

        Assert.Equal(all, peer.ReadExactly(all.Length, loop));
        Assert.Equal(0, chat.OutBufferLength);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A13_APushOwnsACopyUnlessItIsOfMemory(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        byte[] copied = "copied"u8.ToArray();
        byte[] borrowed = "borrowed"u8.ToArray();
        chat.Push(copied);
        chat.Push(borrowed.AsMemory());
        chat.Push("text é");
        copied[0] = borrowed[0] = (byte)'X';
        loop.RunUntil(() => chat.OutBufferLength == 0);
        Assert.Equal("copiedXorrowedtext é", Encoding.Latin1.GetString(peer.ReadExactly(20)));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A13_AfterCloseAPushDoesNothingAndNothingIsHeld(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        WeakReference[] held = PushAndClose(chat);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.All(held, each => Assert.False(each.IsAlive));
        Assert.InRange(chat.OutBufferLength, 0, chat.SendBound); // copies: what Send would have taken
        GC.KeepAlive(chat);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A13_WhatWasLentMayChangeOnceTheChannelIsClosed(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        byte[] filler = Sockets.Pattern(1_000_000);
        chat.Push(filler.AsMemory());
        loop.Passes(2);
        long left = chat.OutBufferLength;
        Assert.True(left > 0); // the kernel is full
        chat.Close();
        int sent = filler.Length - (int)left;
        byte[] original = [.. filler];
        Array.Clear(filler);
        Companion reader = Companion.Start(() =>
        {
            byte[] got = peer.ReadToEnd();
            Assert.Equal(original[..got.Length], got);
            Assert.Equal(sent + chat.SendBound, got.Length);
        });
        reader.Join(loop);
    }

    [Fact]
    public void R7_WhatWaitsTakesAboutTheMemoryThatItHas()
    {
        // Small copies beside lent memory or producers took a segment of up to 64 KiB each: a peer that did not read
        // could take hundreds of megabytes below a water mark of 64 KiB.
        const int Rounds = 5000;
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        byte[] lent = new byte[10];
        chat.PushWithProducer(new DeferredProducer());
        long allocated = Allocations.Of(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                chat.Push("x"u8);
                chat.Push(lent.AsMemory());
                chat.Push("y"u8);
                chat.PushWithProducer(new SimpleProducer(lent));
            }
        });
        Assert.InRange(allocated, 0, Rounds * 1500);
        Assert.Equal(Rounds * 12, chat.OutBufferLength);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A14_ManySmallPushesLeaveInFewWrites(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(10_000);
        foreach (byte each in all)
        {
            chat.Push([each]);
        }

        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal(all, peer.ReadExactly(all.Length));
        Assert.InRange(Descriptors.DataSegmentsReceived(peer), 1, 20);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A14_LentPiecesAreGathered(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(64);
        for (int i = 0; i < all.Length; i++)
        {
            chat.Push(all.AsMemory(i, 1));
        }

        loop.RunUntil(() => chat.OutBufferLength == 0);
        Assert.Equal(all, peer.ReadExactly(all.Length));
        Assert.InRange(Descriptors.DataSegmentsReceived(peer), 1, 8);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R3_PushesBeforeTheConnectionAreSentWhenItIsThere(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var chat = new ChatRecorder(loop);
        chat.Push("be"u8);
        chat.CreateSocket(family);
        chat.Push("fore"u8);
        chat.Connect(listener.LocalEndPoint!);
        chat.Push(" and"u8);
        chat.PushWithProducer(new SimpleProducer(" after"u8.ToArray(), 2));
        chat.CloseWhenDone();
        using FarEnd peer = listener.Accept();
        Assert.Equal("before and after"u8.ToArray(), peer.ReadToEnd(loop));
        peer.Dispose();
        loop.Run();
        Assert.Null(chat.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void R7_APushThatWouldPassTheLimitClosesForThatReason(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        chat.OutBufferLimit = 1000;
        chat.PushWithProducer(new DeferredProducer()); // in whose way nothing leaves
        chat.Push(new byte[1000]);
        loop.Passes(2);
        Assert.Empty(chat.Events);
        chat.Push([1]);
        Assert.Empty(chat.Events); // never inside Push
        chat.Push([1]);
        loop.RunUntil(() => chat.Events.Count > 0);
        Assert.Equal(["rest ", "close"], chat.Events);
        Assert.Contains("1000", Assert.IsType<IOException>(chat.CloseReason).Message);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void R7_WaterMarksCountWhatWaitsBehindAProducer(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        chat.HighWaterMark = 100;
        var deferred = new DeferredProducer();
        chat.PushWithProducer(deferred);
        chat.Push(new byte[101]);
        loop.Passes(3);
        Assert.Equal((101, 1, 0), (chat.OutBufferLength, chat.HighWaters, chat.LowWaters));
        deferred.Complete();
        loop.RunUntil(() => chat.LowWaters == 1);
        Assert.Equal((0, 1), (chat.OutBufferLength, chat.HighWaters));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void OutBufferSizeBoundsAWrite(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        Assert.Throws<ArgumentOutOfRangeException>(() => chat.OutBufferSize = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => chat.InBufferSize = 0);
        chat.OutBufferSize = 100;
        byte[] all = Sockets.Pattern(30_000);
        chat.Push(all.AsSpan(0, 20_000));
        chat.Push(all.AsMemory(20_000, 5_000));
        chat.PushWithProducer(new SimpleProducer(all.AsMemory(25_000), 1_000));
        Assert.Equal(all, peer.ReadExactly(all.Length, loop));

        // The kernel joins some of them on their way; in writes without a bound there would be two or three.
        Assert.InRange(Descriptors.DataSegmentsReceived(peer), 15, int.MaxValue);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void SendGoesBehindWhatWasPushed(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.PushWithProducer(new SimpleProducer("first "u8.ToArray()));
        Assert.Equal(6, chat.Send("second"u8));
        chat.ShutdownSend();
        Assert.Equal(0, chat.Send("third"u8));
        Assert.Equal("first second"u8.ToArray(), peer.ReadToEnd(loop));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void FlushSendsWithoutWaitingForTheLoop(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.Push("now"u8);
        chat.PushWithProducer(new SimpleProducer(" and then"u8.ToArray()));
        chat.Flush();
        Assert.Equal("now and then"u8.ToArray(), peer.ReadExactly(12));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L17_ANonLoopThreadIsRefused(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.SetTerminator('\n');
        chat.OnItem = _ => Companion.Start(() =>
        {
            AssertRefused(() => chat.Push([1]));
            AssertRefused(() => chat.Push("x"));
            AssertRefused(() => chat.Push(new byte[1].AsMemory()));
            AssertRefused(() => chat.PushWithProducer(new DeferredProducer()));
            AssertRefused(chat.CloseWhenDone);
            AssertRefused(chat.DiscardBuffers);
            AssertRefused(() => chat.SetTerminator(3));
            AssertRefused(() => chat.SetTerminator("x"));
            AssertRefused(() => chat.Pull([1]));
        }).Join();
        peer.Deliver(chat, "\n");
        loop.RunUntil(() => chat.Items.Count == 1);
        Assert.Null(chat.Error);
    }

    private static void AssertRefused(Action action) =>
        Assert.Contains("Post", Assert.Throws<InvalidOperationException>(action).Message);

    private static void PushSomehow(ChatRecorder chat, int how, ReadOnlyMemory<byte> data)
    {
        switch (how)
        {
            case 0:
            case 1:
            case 2:
                chat.Push(data.Span);
                break;
            case 3:
                chat.Push(data);
                break;
            case 4:
                chat.PushWithProducer(new SimpleProducer(data, 10_000));
                break;
            case 5:
                chat.PushWithProducer(new StreamProducer(new MemoryStream(data.ToArray()), 3000));
                break;
            default:
                int half = data.Length / 2;
                chat.PushWithProducer(new CompositeProducer(
                    new SimpleProducer(data[..half], 5000), new SimpleProducer(data[half..])));
                break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference[] PushAndClose(ChatRecorder chat)
    {
        byte[] before = new byte[2_000_000];
        byte[] after = new byte[100];
        var producer = new SimpleProducer(new byte[10]);
        chat.Push(before.AsMemory());
        chat.PushWithProducer(producer);
        chat.Close();
        chat.Push(after.AsMemory());
        chat.Push(after);
        chat.PushWithProducer(producer);
        chat.CloseWhenDone();
        return [new(before), new(after), new(producer)];
    }
}
