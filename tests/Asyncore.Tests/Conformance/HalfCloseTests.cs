using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R8: one direction that ends before the other.</summary>
public class HalfCloseTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_ByDefaultTheEndOfTheStreamCloses(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        Assert.False(channel.AllowHalfOpen);
        peer.Shutdown();

        loop.RunUntil(() => channel.Events.Contains("close"));

        Assert.Equal(["read", "close"], channel.Events);
        Assert.Empty(peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_WhoAsksIsToldTheEndOnceAndGoesOnSending(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.AllowHalfOpen = true;
        peer.Deliver(channel, "request");
        peer.Shutdown();

        loop.RunUntil(() => channel.Events.Contains("end of stream"));
        Assert.Equal("request", channel.Text());
        Assert.True(channel.Connected);
        loop.Passes(3);
        loop.AssertIdle(); // the end stays readable for the system, and nobody may spin over it
        Assert.Equal(0, channel.Recv(new byte[10]));
        Assert.Single(channel.Events, "end of stream");
        Assert.DoesNotContain("close", channel.Events);

        channel.Send("answer"u8);
        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal("answer"u8.ToArray(), peer.ReadExactly(6));
        channel.Close();
        loop.RunOnce(TimeSpan.Zero);
        Assert.Empty(peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_ThePeerThatHasGoneIsToldApart(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        channel.AllowHalfOpen = true;
        channel.Send("never read"u8); // which makes a Unix peer's close a reset
        channel.Flush();
        peer.ResetOnClose();
        peer.Dispose();

        loop.RunUntil(() => channel.Events.Contains("close"));

        Assert.DoesNotContain("end of stream", channel.Events);
        Assert.Equal(
            SocketError.ConnectionReset, Assert.IsType<SocketException>(channel.CloseReason).SocketErrorCode);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_APeerThatGoesAfterItsEndIsToldBySending(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        channel.AllowHalfOpen = true;
        peer.Dispose();
        loop.RunUntil(() => channel.Events.Contains("end of stream"));

        loop.RunUntil(() =>
        {
            channel.Send("anybody there?"u8);
            return !channel.Connected;
        });

        Assert.Equal(["read", "end of stream", "close"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_ShutdownSendSendsWhatIsQueuedThenTheEnd(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (QueueRecorder channel, FarEnd peer) =
            loop.JoinQueue(family);
        using FarEnd _ = peer;
        byte[] all = Sockets.Pattern(10_000_000);
        channel.Send(all);

        channel.ShutdownSend();
        channel.ShutdownSend();
        Assert.Equal(0, channel.Send("too late"u8));
        Assert.Equal(all, peer.ReadToEnd(loop));

        peer.Send("still listening?"u8);
        loop.RunUntil(() => channel.Received.Count > 0);
        Assert.True(channel.Connected);
        Assert.Equal(["read"], channel.Events);
        loop.AssertIdle();
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_ShutdownSendWithNothingQueuedEndsAtOnce(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;

        channel.ShutdownSend();
        loop.RunOnce(TimeSpan.Zero);

        Assert.Empty(peer.ReadToEnd());
        Assert.True(channel.Connected);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_ShutdownSendWhileConnectingWaitsForTheConnection(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new QueueRecorder(loop: loop);
        channel.CreateSocket(family);
        Assert.Throws<InvalidOperationException>(channel.ShutdownSend);
        channel.Connect(listener.LocalEndPoint!);
        channel.Send("all there is"u8);
        channel.ShutdownSend();
        using FarEnd peer = listener.Accept();

        loop.RunUntil(() => channel.Connected);

        Assert.Equal("all there is"u8.ToArray(), peer.ReadToEnd());
        peer.Send("answer"u8);
        loop.RunUntil(() => channel.Received.Count == 6);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_WhenBothDirectionsHaveEndedHandleCloseRuns(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (bool oursFirst in new[] { false, true })
        {
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
            using FarEnd _ = peer;
            channel.AllowHalfOpen = true;
            if (oursFirst)
            {
                channel.ShutdownSend();
                loop.Passes(2);
                Assert.Empty(channel.Events);
            }

            peer.Shutdown();
            loop.RunUntil(() => channel.Events.Contains("end of stream"));
            channel.Events.RemoveAll(name => name == "read");
            if (!oursFirst)
            {
                Assert.Equal(["end of stream"], channel.Events);
                channel.ShutdownSend();
            }

            loop.RunUntil(() => channel.Events.Contains("close"));
            Assert.Equal(["end of stream", "close"], channel.Events);
            Assert.Null(channel.CloseReason);
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R8_AnEndThatAPausedChannelHasNotReadIsNotTold(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.AllowHalfOpen = true;
        channel.PauseReading();
        peer.Send("last"u8);
        peer.Shutdown();
        channel.Await(Kernel.In);

        loop.Passes(3);
        loop.AssertIdle();
        Assert.Empty(channel.Events);

        channel.ResumeReading();
        loop.RunUntil(() => channel.Events.Contains("end of stream"));
        Assert.Equal("last", channel.Text());
    }
}
