using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R11: out of a loop and into one, without a byte lost.</summary>
public class MovingTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R11_DelChannelSilencesTheChannelAndRecvGoesOnGiving(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        loop.Passes(2);
        peer.Deliver(channel, "before");

        channel.DelChannel();
        Assert.Empty(loop.Channels);
        peer.Deliver(channel, "after");
        loop.Passes(3);
        Assert.Empty(channel.Events);
        Assert.True(channel.Connected);
        Assert.True(channel.FileDescriptor >= 0);
        byte[] buffer = new byte[6];
        Assert.Equal(6, channel.Recv(buffer));
        Assert.Equal("before"u8.ToArray(), buffer);

        channel.AddChannel();
        Assert.Same(channel, loop.Channels[channel.FileDescriptor]);
        loop.RunUntil(() => channel.Received.Count > 0);
        Assert.Equal("after", channel.Text());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R11_DelChannelInsideAHandlerOfTheSamePassSilencesToo(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        (Recorder one, FarEnd first) = loop.JoinRecorder(family);
        (Recorder two, FarEnd second) = loop.JoinRecorder(family);
        using FarEnd _ = first;
        using FarEnd __ = second;
        one.OnRead = two.DelChannel;
        two.OnRead = one.DelChannel;
        first.Deliver(one, "x");
        second.Deliver(two, "x");

        loop.RunUntil(() => one.Events.Count + two.Events.Count > 0);
        loop.RunOnce(TimeSpan.Zero);

        Assert.True(one.Events.Count == 0 || two.Events.Count == 0);
        Assert.Single(loop.Channels);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R11_DelChannelInsideAHandlerOfTheSamePassLosesNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using EventLoop other = loop.CreateBeside();
        foreach (bool carried in new[] { false, true })
        {
            (Recorder one, FarEnd first) = loop.JoinRecorder(family);
            (Recorder two, FarEnd second) = loop.JoinRecorder(family);
            using FarEnd _ = first;
            using FarEnd __ = second;
            one.OnRead = two.DelChannel;
            two.OnRead = one.DelChannel;
            loop.Passes(2); // io_uring receives for both before either is served
            first.Deliver(one, "there");
            second.Deliver(two, "there");
            loop.RunUntil(() => one.Events.Count + two.Events.Count > 0);

            Recorder left = one.Events.Count == 0 ? one : two;
            left.OnRead = null;
            Assert.Empty(left.Events);
            if (carried)
            {
                left.AddChannel(other);
                other.RunUntil(() => left.Received.Count > 0);
                Assert.Equal("there", left.Text());
            }
            else
            {
                byte[] buffer = new byte[5];
                Assert.Equal(5, left.Recv(buffer));
                Assert.Equal("there"u8.ToArray(), buffer);
            }

            one.Close();
            two.Close();
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R11_NoHandlerRunsOutsideALoopForAFailureEither(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        loop.Passes(2);
        peer.Dispose();
        channel.Await(Kernel.In);
        for (int i = 0; i < 3; i++)
        {
            channel.Send("x"u8);
            channel.Flush(); // by the second it is known that nobody is there
        }

        channel.DelChannel();
        loop.Passes(3);
        Assert.Empty(channel.Events);

        channel.AddChannel();
        loop.RunUntil(() => channel.Events.Count > 0);
        loop.Passes(3);
        Assert.Single(channel.Events, "close");
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R11_AnotherLoopTakesTheChannelWithWhatItHas(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop from = TestLoop.Create(kind);
        using EventLoop to = from.CreateBeside();
        foreach (int passesBefore in new[] { 0, 1, 3 })
        {
            foreach (bool delete in new[] { false, true })
            {
                (Recorder channel, FarEnd peer) = from.JoinRecorder(family);
                using FarEnd _ = peer;
                channel.OnRead = () => Assert.Fail("read in the loop it left");
                from.Passes(passesBefore);
                peer.Deliver(channel, "carried");
                channel.Send("held"u8);
                if (delete)
                {
                    channel.DelChannel();
                }

                channel.AddChannel(to);

                Assert.Same(to, channel.Loop);
                Assert.Empty(from.Channels);
                Assert.Same(channel, to.Channels[channel.FileDescriptor]);
                channel.OnRead = null;
                to.RunUntil(() => channel.Received.Count > 0);
                Assert.Equal("carried", channel.Text());
                Assert.Equal("held"u8.ToArray(), peer.ReadExactly(4));
                Assert.False(from.RunOnce(TimeSpan.Zero)); // nothing is left there
                peer.Send("more"u8);
                to.RunUntil(() => channel.Received.Count > 7);
                Assert.Equal("carriedmore", channel.Text());
                Assert.Equal(["read", "read"], channel.Events);
                channel.Close();
            }
        }
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R11_WhatIsQueuedForSendingMovesAlong(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop to = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        using Socket _ = peer;
        byte[] sent = Sockets.Pattern(8_000_000);
        QueueRecorder channel;
        using (EventLoop from = TestLoop.Create(kind))
        {
            channel = new QueueRecorder(ours, from);
            Assert.Equal(sent.Length, channel.Send(sent));
            from.Passes(3);
            Assert.True(channel.OutBufferLength > 0);
            channel.AddChannel(to);
        }

        Assert.True(channel.Connected);
        Companion reader = Companion.Start(() => Assert.Equal(sent, peer.ReadExactly(sent.Length)));
        to.RunUntil(() => channel.OutBufferLength == 0);
        reader.Join();
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R11_AWaterMarkThatIsDueIsToldInTheLoopItJoins(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop from = TestLoop.Create(kind);
        using EventLoop to = from.CreateBeside();
        (QueueRecorder channel, FarEnd peer) = from.JoinQueue(family);
        using FarEnd _ = peer;
        channel.HighWaterMark = 1;
        channel.Send(Sockets.Pattern(20_000_000));
        channel.Flush(); // too much for the system: the mark is crossed, and nobody has been told yet

        channel.DelChannel();
        from.Passes(2);
        Assert.Empty(channel.Events);
        channel.AddChannel(to);
        to.RunUntil(() => channel.Events.Count > 0);
        to.Passes(2);

        Assert.Equal(["high"], channel.Events);
    }
}
