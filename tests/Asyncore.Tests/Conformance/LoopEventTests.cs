using System.IO.Pipes;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>Exactly one event in, exactly its handlers out (L12).</summary>
public class LoopEventTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L12_InputIsRead(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentChooser channel, FarEnd peer) = loop.JoinUrgent(family);
        using FarEnd owned = peer;
        loop.Passes(3);
        Assert.Empty(channel.Events);

        peer.Deliver(channel, "x");
        loop.Passes(3);

        Assert.Equal(["read"], channel.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L12_RoomIsWrite(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentChooser channel, FarEnd peer) = loop.JoinUrgent(family);
        using FarEnd owned = peer;
        bool wants = true;
        channel.Writes = () => wants;
        loop.Passes(3);
        Assert.Equal(["write", "write", "write"], channel.Events);

        wants = false;
        loop.Passes(3);
        Assert.Equal(3, channel.Events.Count);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void L12_UrgentDataIsExpt(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentChooser channel, FarEnd peer) = loop.JoinUrgent(family);
        using FarEnd owned = peer;
        channel.OnExpt = () =>
        {
            byte[] urgent = new byte[10];
            channel.Received.AddRange(urgent[..channel.Recv(urgent, SocketFlags.OutOfBand)]);
        };
        peer.SendUrgent("!"u8);
        channel.Await(Kernel.Priority);

        loop.Passes(1);

        Assert.Equal(["expt"], channel.Events);
        Assert.Equal("!", channel.Text());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L12_AnErrorAloneIsClose(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        channel.Reads = () => false; // so that the error comes alone
        peer.ResetOnClose();
        peer.Dispose();
        channel.Await(Kernel.HangUp);

        loop.Passes(3);

        Assert.Equal(["close"], channel.Events);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L12_ThePipesReaderHasGoneIsClose(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var pipe = new AnonymousPipeServerStream(PipeDirection.In);
        var channel = new PipeRecorder(pipe.ClientSafePipeHandle, loop);
        pipe.DisposeLocalCopyOfClientHandle();
        loop.Passes(2);
        Assert.Empty(channel.Events);

        Assert.Equal(4, channel.Send("left"u8)); // lies in the pipe, unread, and is nothing that we could read
        loop.Passes(1);
        pipe.Dispose();
        channel.Await(Kernel.Error);
        loop.Passes(3);

        Assert.Equal(["close"], channel.Events);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L12_AHangUpWithInputIsReadFirst(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(AddressFamily.Unix);
        peer.Send("last"u8);
        peer.Dispose();
        channel.Await(Kernel.In | Kernel.HangUp);

        loop.Passes(5);

        Assert.Equal("read", channel.Events[0]);
        Assert.Equal("close", channel.Events[^1]);
        Assert.Single(channel.Events, "close");
        Assert.Equal("last", channel.Text());
    }

    [Fact]
    public void L12_ADescriptorThatIsNoneIsClose()
    {
        // poll(2) alone has a word for it: POLLNVAL. Others forget the descriptor as it is closed.
        using EventLoop loop = TestLoop.Create(IoBackendKind.Poll);
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        var channel = new PipeRecorder(pipe.ClientSafePipeHandle, loop);
        loop.Passes(1);
        Kernel.CloseSecretly(channel.FileDescriptor);

        loop.Passes(3);

        Assert.Equal(["close"], channel.Events);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L12_InputThatWasNotTakenIsOfferedInEveryPass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        bool takes = false;
        channel.OnRead = () =>
        {
            byte[] one = new byte[1];
            if (takes)
            {
                channel.Received.AddRange(one[..channel.Recv(one)]);
            }
        };
        peer.Deliver(channel, "abc");

        loop.Passes(5);
        Assert.Equal(5, channel.Events.Count);

        takes = true;
        loop.Passes(5);
        Assert.Equal(8, channel.Events.Count);
        Assert.Equal("abc", channel.Text());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L12_TheEndOfInputThatWasNotTakenIsOfferedInEveryPass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        channel.OnRead = () => { };
        peer.Shutdown();
        channel.Await(Kernel.In);

        loop.Passes(4);
        Assert.Equal(["read", "read", "read", "read"], channel.Events);

        channel.OnRead = null;
        loop.Passes(4);
        Assert.Equal(["read", "read", "read", "read", "read", "close"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L12_WithRoomForOneEventAPassEverybodyGetsATurn(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(new EventLoopOptions { Backend = kind, MaxEventsPerPass = 1 });
        var peers = new List<FarEnd>();
        var channels = new List<Recorder>();
        for (int i = 0; i < 5; i++)
        {
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(AddressFamily.InterNetwork);
            peers.Add(peer);
            channels.Add(channel);
            channel.OnRead = () => { };
            peer.Deliver(channel, "x");
        }

        loop.Passes(15);

        Assert.All(channels, channel => Assert.Equal(3, channel.Events.Count));
        peers.ForEach(peer => peer.Dispose());
    }
}
