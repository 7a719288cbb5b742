using System.Net.Sockets;
using Asyncore.Tests.Support;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>All that the peer sent is read before the end is told, also by one who pauses (L11).</summary>
public class LoopHangUpTests
{
    private const int Length = 50_000;

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L11_AllThatThePeerSentIsReadBeforeClose(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        ReadInParts(channel, 40_000);
        byte[] sent = Sockets.Pattern(100_000);
        peer.Send(sent);
        peer.Dispose();

        loop.RunUntil(() => channel.Events.Contains("close"));

        AssertReadThenClosed(channel, sent);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L11_AllThatTheKernelStillHasIsReadAfterAReset(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        ReadInParts(channel, 20_000);
        byte[] sent = SendAndReset(channel, peer, family);

        loop.RunUntil(() => channel.Events.Contains("close"));

        AssertReadThenClosed(channel, sent);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L11_AllIsReadAlsoWhereASendMeetsTheResetFirst(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        ReadInParts(channel, 20_000, () => channel.Send("answer"u8));
        byte[] sent = SendAndReset(channel, peer, family);
        channel.Send("nobody is there"u8);

        loop.RunUntil(() => channel.Events.Contains("close"));

        AssertReadThenClosed(channel, sent);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void L11_WhatFollowsAnUrgentByteIsReadAfterAReset(IoBackendKind kind, AddressFamily family)
    {
        // FIONREAD counts to the urgent byte and no further.
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        peer.Send("before"u8);
        peer.SendUrgent("!"u8);
        peer.Send("after"u8);
        channel.Await(Kernel.In | Kernel.Priority);
        peer.ResetOnClose();
        peer.Dispose();
        channel.Await(Kernel.HangUp);

        loop.RunUntil(() => channel.Events.Contains("close"));

        AssertReadThenClosed(channel, "beforeafter"u8.ToArray());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L11_APausedReaderLosesNothingAndSpinsNot(IoBackendKind kind, AddressFamily family)
    {
        foreach (bool reset in (bool[])[false, true])
        {
            using EventLoop loop = TestLoop.Create(kind);
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
            ReadInParts(channel, 20_000);
            channel.PauseReading();
            byte[] sent = reset ? SendAndReset(channel, peer, family) : SendAndClose(channel, peer);

            loop.Passes(3);
            Assert.Empty(channel.Events);
            loop.AssertIdle();
            Assert.Empty(channel.Events);
            Assert.True(channel.Connected);

            channel.ResumeReading();
            loop.Passes(1);
            Assert.Equal(["read"], channel.Events);

            channel.PauseReading();
            loop.Passes(3);
            loop.AssertIdle();
            Assert.Equal(["read"], channel.Events);

            channel.ResumeReading();
            loop.RunUntil(() => channel.Events.Contains("close"));
            AssertReadThenClosed(channel, sent);
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L11_AReaderWhoseReadableIsFalseLosesNothingAndSpinsNot(IoBackendKind kind, AddressFamily family)
    {
        foreach (bool reset in (bool[])[false, true])
        {
            using EventLoop loop = TestLoop.Create(kind);
            (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
            ReadInParts(channel, 20_000);
            bool wants = false;
            channel.Reads = () => wants;
            byte[] sent = reset ? SendAndReset(channel, peer, family) : SendAndClose(channel, peer);

            loop.Passes(3);
            loop.AssertIdle();
            Assert.Empty(channel.Events);
            Assert.True(channel.Connected);

            wants = true;
            loop.RunUntil(() => channel.Events.Contains("close"));
            AssertReadThenClosed(channel, sent);
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L11_APausedReaderOfAPipeLosesNothingAndSpinsNot(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (SafeFileHandle read, SafeFileHandle write) = Pipes.Create();
        using SafeFileHandle original = read;
        var channel = new PipeRecorder(read, loop);
        channel.PauseReading();
        byte[] sent = Sockets.Pattern(10_000);
        Pipes.Write(write, sent);
        write.Dispose();

        loop.Passes(3);
        Assert.Empty(channel.Events);
        loop.AssertIdle();

        channel.ResumeReading();
        loop.Passes(1);
        Assert.Equal(["read"], channel.Events);
        Assert.Equal(4096, channel.Received.Count);

        channel.PauseReading();
        loop.Passes(3);
        loop.AssertIdle();

        channel.ResumeReading();
        loop.RunUntil(() => channel.Events.Contains("close"));
        Assert.Single(channel.Events, "close");
        Assert.Equal(sent, channel.Received);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L11_WhileThePeerIsThereAPausedReaderHoldsItBackAndIsServedForWrite(
        IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        channel.Reads = () => false;
        bool writes = false;
        channel.Writes = () => writes;
        byte[] block = Sockets.Pattern(Length);
        int sent = 0;
        while (peer.SendSome(block) is > 0 and var count)
        {
            sent += count;
            Assert.True(sent < 100 << 20, $"nobody reads, and {sent} bytes are taken");
        }

        loop.AssertIdle();
        Assert.Empty(channel.Events);

        writes = true;
        loop.Passes(2);
        Assert.Equal(["write", "write"], channel.Events);

        writes = false;
        channel.Reads = () => true;
        channel.OnRead = () => channel.Received.AddRange(channel.Receive());
        loop.RunUntil(() => channel.Received.Count == sent);
        Assert.DoesNotContain("close", channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L11_ASendThatFailsWhileReadingIsPausedEndsNothingYet(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        ReadInParts(channel, 20_000);
        channel.PauseReading();
        byte[] sent = SendAndReset(channel, peer, family);
        loop.Passes(2);

        channel.Send("nobody is there"u8);
        loop.Passes(3);
        Assert.Empty(channel.Events);
        Assert.Equal(0, channel.Send("nobody is there"u8));
        loop.AssertIdle();

        channel.ResumeReading();
        loop.RunUntil(() => channel.Events.Contains("close"));
        AssertReadThenClosed(channel, sent);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L11_AChannelThatHasLeftThePollerCanBeClosed(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        channel.PauseReading();
        SendAndReset(channel, peer, family);
        loop.Passes(3);

        channel.Close();

        Assert.False(loop.RunOnce(TimeSpan.Zero));
        Assert.Empty(channel.Events);
    }

    private static void ReadInParts(Recorder channel, int part, Action? then = null) => channel.OnRead = () =>
    {
        byte[] buffer = new byte[part];
        channel.Received.AddRange(buffer[..channel.Recv(buffer)]);
        then?.Invoke();
    };

    private static byte[] SendAndClose(Recorder channel, FarEnd peer)
    {
        byte[] sent = Sockets.Pattern(Length);
        peer.Send(sent);
        peer.Dispose();
        channel.AwaitPeersEnd();
        channel.AwaitUnread(Length);
        return sent;
    }

    // A Unix peer resets by leaving something unread.
    private static byte[] SendAndReset(Recorder channel, FarEnd peer, AddressFamily family)
    {
        byte[] sent = Sockets.Pattern(Length);
        peer.Send(sent);
        if (family == AddressFamily.Unix)
        {
            channel.Send("unread"u8);
            channel.Flush();
        }
        else
        {
            peer.ResetOnClose();
        }

        channel.AwaitUnread(Length);
        peer.Dispose();
        channel.Await(Kernel.Error | Kernel.HangUp);
        return sent;
    }

    private static void AssertReadThenClosed(Recorder channel, byte[] sent)
    {
        Assert.Equal(sent, channel.Received);
        Assert.Single(channel.Events, "close");
        Assert.Equal("close", channel.Events[^1]);
        Assert.DoesNotContain("error", channel.Events);
        Assert.Empty(channel.Loop.Channels);
    }
}
