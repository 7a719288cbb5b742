using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R4: closing, and what had been taken to send before.</summary>
public class CloseTests
{
    private const int Much = 3_000_000; // more than the system's buffers take

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_CloseCallsNoHandlerAndMayBeCalledTwiceAndClearsTheFlags(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        using FarEnd target = loop.Listening(family);
        (Recorder connected, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        var connecting = new Recorder(loop: loop);
        connecting.CreateSocket(family);
        connecting.Connect(target.LocalEndPoint!);
        Recorder listening = new Recorder(loop: loop).ListenOn(family);
        using FarEnd waiting = loop.Dial(listening.Address!);
        peer.Deliver(connected, "unread");

        foreach (Recorder channel in new[] { connected, connecting, listening })
        {
            channel.Close();
            channel.Close();
            Assert.Equal((false, false, false), (channel.Connected, channel.Connecting, channel.Accepting));
            Assert.Equal(-1, channel.FileDescriptor);
            Assert.Null(channel.Socket);
        }

        Assert.Empty(loop.Channels);
        loop.Passes(3);
        Assert.Empty(connected.Events);
        Assert.Empty(connecting.Events);
        Assert.Empty(listening.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_WithNothingHeldThePeerSeesTheEndByTheEndOfThePass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.OnRead = () =>
        {
            channel.Receive();
            channel.Close();
        };
        peer.Deliver(channel, "x");

        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Empty(peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_WhatWasSentInTheSameHandlerLeavesBeforeTheEnd(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.OnRead = () =>
        {
            channel.Receive();
            channel.Send("good"u8);
            channel.Send("bye"u8);
            channel.Close();
        };
        peer.Deliver(channel, "x");

        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Equal("goodbye"u8.ToArray(), peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R4_RunDoesNotReturnBeforeWhatWasTakenHasLeft(IoBackendKind kind, AddressFamily family)
    {
        EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer, byte[] sent) = Full(loop, family);
        using FarEnd _ = peer;

        channel.Close();
        Assert.Equal(-1, channel.FileDescriptor);
        Assert.Empty(loop.Channels);
        Assert.True(loop.RunOnce(TimeSpan.Zero)); // something is left
        Companion reader = Companion.Start(() => Assert.Equal(sent, peer.ReadToEnd()));
        loop.Run();
        loop.Dispose();

        reader.Join();
        Assert.Empty(channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_ALingeringChannelDoesNotSpin(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer, _) = Full(loop, family);
        using FarEnd owned = peer;
        peer.Send("which nobody will read"u8);
        channel.Close();
        loop.Passes(5);

        loop.AssertIdle();
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_WhenThePeerIsGoneNothingIsWaitedFor(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind, new FakeClock()); // so CloseTimeout never comes
        (Recorder channel, FarEnd peer, _) = Full(loop, family);
        channel.Close();
        loop.Passes(3);
        peer.ResetOnClose();
        peer.Dispose();

        RunToEnd(loop);

        Assert.Empty(channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_AfterCloseTimeoutNothingIsWaitedFor(IoBackendKind kind, AddressFamily family)
    {
        foreach (TimeSpan? timeout in new TimeSpan?[] { null, TimeSpan.FromSeconds(3), TimeSpan.Zero })
        {
            var clock = new FakeClock();
            using EventLoop loop = TestLoop.Create(kind, clock);
            (Recorder channel, FarEnd peer, byte[] sent) = Full(loop, family);
            using FarEnd _ = peer;
            Assert.Equal(TimeSpan.FromSeconds(30), channel.CloseTimeout);
            Assert.Throws<ArgumentOutOfRangeException>(() => channel.CloseTimeout = TimeSpan.FromTicks(-1));
            channel.CloseTimeout = timeout ?? channel.CloseTimeout;
            channel.Close();
            if (channel.CloseTimeout > TimeSpan.Zero)
            {
                loop.Passes(3);
                clock.Advance(channel.CloseTimeout - TimeSpan.FromMilliseconds(1));
                loop.Passes(3);
                Assert.True(loop.RunOnce(TimeSpan.Zero));
                clock.Advance(TimeSpan.FromMilliseconds(1));
            }

            loop.Passes(2);
            Assert.False(loop.RunOnce(TimeSpan.Zero));
            SocketError end = peer.ReadToError(out byte[] received);
            Assert.True(received.Length < sent.Length);
            Assert.Equal(sent[..received.Length], received);
            if (family != AddressFamily.Unix)
            {
                Assert.Equal(SocketError.ConnectionReset, end); // or the peer would take it for all
            }
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_StopCountAndExitNowDoNotWait(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer, _) = Full(loop, family);
        using FarEnd owned = peer;
        channel.Close();

        loop.Stop();
        loop.Run();
        loop.Run(TimeSpan.Zero, count: 2);
        loop.Post(() => throw new ExitNowException());
        Assert.Throws<ExitNowException>(() => loop.Run());

        Assert.True(loop.RunOnce(TimeSpan.Zero)); // it lingers still
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_StopCountAndExitNowSendWhatCanLeaveAtOnce(IoBackendKind kind, AddressFamily family)
    {
        foreach (string way in new[] { "stop", "count", "exit" })
        {
            foreach (bool close in new[] { false, true })
            {
                using EventLoop loop = TestLoop.Create(kind);
                (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
                using FarEnd _ = peer;
                channel.OnRead = () =>
                {
                    channel.Receive();
                    channel.Send("bye"u8);
                    if (close)
                    {
                        channel.Close();
                    }

                    if (way == "stop")
                    {
                        loop.Stop();
                    }
                    else if (way == "exit")
                    {
                        throw new ExitNowException();
                    }
                };
                peer.Deliver(channel, "x");

                Action run = () => loop.Run(TimeSpan.FromSeconds(20), way == "count" ? 1 : null);
                if (way == "exit")
                {
                    Assert.Throws<ExitNowException>(run);
                }
                else
                {
                    run();
                }

                Assert.Equal("bye"u8.ToArray(), close ? peer.ReadToEnd() : peer.ReadExactly(3));
            }
        }
    }

    [Theory, MemberData(nameof(Networks.IpFamilies), MemberType = typeof(Networks))]
    public void R4_AbortResets(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (bool first in new[] { false, true })
        {
            (Recorder channel, FarEnd peer, _) = Full(loop, family);
            using FarEnd owned = peer;
            if (first)
            {
                channel.Close(); // and it lingers
                loop.Passes(2);
            }

            channel.Abort();
            channel.Abort();

            Assert.Equal(SocketError.ConnectionReset, peer.ReadToError());
            Assert.False(channel.Connected);
            Assert.False(loop.RunOnce(TimeSpan.Zero));
            Assert.Empty(channel.Events);
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void R4_AbortDropsWhatIsHeldOnUnixSocketsToo(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(AddressFamily.Unix);
        using FarEnd _ = peer;
        channel.Send("dropped"u8);

        channel.Abort();

        Assert.Empty(peer.ReadToEnd());
        Assert.False(loop.RunOnce(TimeSpan.Zero));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R4_DispatcherWithSendDropsWhatOnlyItHasQueued(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind, new FakeClock());
        (QueueRecorder channel, FarEnd peer) = loop.JoinQueue(family, small: true);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(Much);
        Assert.Equal(Much, channel.Send(all));
        loop.Passes(3);
        long inKernel = Much - channel.OutBufferLength;
        Assert.True(channel.OutBufferLength > channel.SendBound);

        channel.Close();
        byte[] received = peer.ReadToEnd(loop);
        RunToEnd(loop);

        Assert.Equal(all[..received.Length], received);
        Assert.InRange(received.Length, inKernel, inKernel + channel.SendBound);
        Assert.Equal(0, channel.OutBufferLength);
        Assert.Empty(channel.Events);
    }

    // A channel that has taken more to send than the system's buffers hold, and a peer that does not read.
    private static (Recorder Channel, FarEnd Peer, byte[] Sent) Full(EventLoop loop, AddressFamily family)
    {
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family, small: true);
        channel.SendBound = Much;
        byte[] all = Sockets.Pattern(Much);
        Assert.Equal(Much, channel.Send(all));
        return (channel, peer, all);
    }

    private static void RunToEnd(EventLoop loop)
    {
        bool left = true;
        loop.RunUntil(() => !(left = left && loop.RunOnce(TimeSpan.Zero)), "the end of the loop");
    }
}
