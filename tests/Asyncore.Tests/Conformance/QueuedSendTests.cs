using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R6 and R7: what DispatcherWithSend queues.</summary>
public class QueuedSendTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R6_SendTakesEverythingAndItLeavesInTheSamePass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (QueueRecorder channel, FarEnd peer) = loop.JoinQueue(family);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(20_000);
        channel.OnRead = () =>
        {
            for (int done = 0, size = 1; done < all.Length; done += size, size *= 3)
            {
                size = Math.Min(size, all.Length - done);
                Assert.Equal(size, channel.Send(all.AsSpan(done, size)));
            }
        };
        peer.Deliver(channel, "x");

        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Equal(0, channel.OutBufferLength);
        Assert.Equal(all, peer.ReadExactly(all.Length));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R6_WhatThePeerDoesNotAllowIsQueued(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (QueueRecorder channel, FarEnd peer) = loop.JoinQueue(family);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(20_000_000);
        Assert.Equal(long.MaxValue, channel.OutBufferLimit);

        Assert.Equal(all.Length, channel.Send(all));
        loop.Passes(3);
        Assert.InRange(channel.OutBufferLength, 1, all.Length - 1);
        Assert.Equal(all, peer.ReadExactly(all.Length, loop));

        Assert.Equal(0, channel.OutBufferLength);
        Assert.Empty(channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R6_SendTakesUpToTheLimitAndReturnsWhatItTook(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (QueueRecorder channel, FarEnd peer) = loop.JoinQueue(family);
        using FarEnd _ = peer;
        Assert.Throws<ArgumentOutOfRangeException>(() => channel.OutBufferLimit = 0);
        channel.OutBufferLimit = 1000;
        byte[] all = Sockets.Pattern(1200);

        Assert.Equal(600, channel.Send(all.AsSpan(0, 600)));
        Assert.Equal(400, channel.Send(all.AsSpan(600)));
        Assert.Equal(1000, channel.OutBufferLength);
        Assert.Equal(0, channel.Send(all.AsSpan(1000)));
        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal(200, channel.Send(all.AsSpan(1000)));
        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal(all, peer.ReadExactly(1200));
        Assert.Equal(0, channel.OutBufferLength);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R6_TheHighestLimitIsNoTrap(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (QueueRecorder channel, FarEnd peer) = loop.JoinQueue(family);
        using FarEnd _ = peer;
        channel.OutBufferLimit = int.MaxValue + 1L;

        Assert.Equal(3, channel.Send("one"u8));
        loop.RunOnce(TimeSpan.Zero);

        Assert.Equal("one"u8.ToArray(), peer.ReadExactly(3));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void R7_AQueueOfSmallPiecesDrainsWithoutBeingCopied(IoBackendKind kind)
    {
        // CPython cuts the front off by copying the rest: for these sizes some tens of gigabytes.
        const int pieces = 600_000;
        const int size = 16;
        using EventLoop loop = TestLoop.Create(kind);
        (QueueRecorder channel, FarEnd peer) = loop.JoinQueue(AddressFamily.Unix);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(pieces * size);
        for (int i = 0; i < all.Length; i += size)
        {
            channel.Send(all.AsSpan(i, size));
        }

        Assert.Equal(all.Length, channel.OutBufferLength);
        Companion reader = Companion.Start(() => Assert.Equal(all, peer.ReadExactly(all.Length)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        loop.RunUntil(() => channel.OutBufferLength == 0);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        reader.Join();

        if (kind != IoBackendKind.Select) // which makes lists in every pass, however much is sent
        {
            Assert.True(allocated < all.Length / 10, $"{allocated} bytes allocated for {all.Length} sent");
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R7_EachCrossingOfAWaterMarkIsToldOnce(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (QueueRecorder channel, FarEnd peer) = loop.JoinQueue(family);
        using FarEnd _ = peer;
        Assert.Equal((long.MaxValue, 0), (channel.HighWaterMark, channel.LowWaterMark));
        Assert.Throws<ArgumentOutOfRangeException>(() => channel.HighWaterMark = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => channel.LowWaterMark = -1);
        channel.HighWaterMark = 100_000;
        channel.LowWaterMark = 1000;
        byte[] much = new byte[20_000_000];

        channel.Send(new byte[50_000]);
        loop.Passes(5);
        Assert.Empty(channel.Events); // it left, and was below anyhow
        Assert.Equal(50_000, peer.ReadExactly(50_000).Length);

        for (int round = 1; round <= 2; round++)
        {
            channel.Events.Clear();
            channel.Send(much);
            Assert.Empty(channel.Events); // never inside Send
            loop.RunUntil(() => channel.Events.Count > 0);
            channel.Send(much);
            loop.Passes(5);
            Assert.Equal(["high"], channel.Events);

            int read = peer.ReadUntil(() => channel.Events.Count > 1, loop);
            Assert.InRange(channel.OutBufferLength, 0, 1000);
            peer.ReadExactly((2 * much.Length) - read, loop);
            loop.Passes(3);
            Assert.Equal(["high", "low"], channel.Events);
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R7_MarksAreOffAtFirst(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (QueueRecorder channel, FarEnd peer) = loop.JoinQueue(family);
        using FarEnd _ = peer;
        channel.Send(new byte[20_000_000]);
        loop.Passes(3);
        peer.ReadExactly(20_000_000, loop);
        loop.Passes(3);

        Assert.Empty(channel.Events);
    }
}
