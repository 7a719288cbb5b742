using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>After a channel has closed it hears nothing, and it hears of its end once (L5).</summary>
public class LoopCloseTests
{
    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void L5_NoHandlerRunsAfterCloseInTheSamePassOrLater(IoBackendKind kind, AddressFamily family)
    {
        // Each handler in turn closes; input, room and urgent data are all at hand.
        foreach (string closing in (string[])["read", "write", "expt"])
        {
            using EventLoop loop = TestLoop.Create(kind);
            (UrgentChooser channel, FarEnd peer) = loop.JoinUrgent(family);
            using FarEnd owned = peer;
            channel.Writes = () => true;
            peer.Send("data"u8);
            peer.SendUrgent("!"u8);
            channel.Await(Kernel.In | Kernel.Priority | Kernel.Out);
            Action close = () =>
            {
                if (channel.Events[^1] == closing)
                {
                    channel.Close();
                }
            };
            (channel.OnRead, channel.OnWrite, channel.OnExpt) = (close, close, close);

            loop.Passes(5);

            string[] all = ["read", "write", "expt"];
            Assert.Equal(all[..(Array.IndexOf(all, closing) + 1)], channel.Events);
            Assert.Empty(loop.Channels);
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L5_NoHandlerRunsAfterCloseInHandleConnectOrHandleAccepted(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Chooser listener = new Chooser(loop: loop).ListenOn(family);
        Chooser? server = null;
        listener.OnAccepted = accepted =>
        {
            server = new Chooser(accepted);
            server.Send("hello"u8);
            server.Flush();
            listener.Close();
        };
        var client = new Chooser(loop: loop) { Writes = () => true };
        client.CreateSocket(family);
        client.OnConnect = client.Close;
        client.Connect(listener.Address!);
        using FarEnd second = loop.Dial(listener.Address!); // would be accepted, too

        loop.RunUntil(() => client.Events.Count > 0 && listener.Events.Count > 0);
        loop.Passes(5);

        Assert.Equal(["connect"], client.Events);
        Assert.Equal(["accepted"], listener.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L5_NoHandlerRunsAfterCloseAtTheEndOfTheStream(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        channel.AllowHalfOpen = true;
        channel.Writes = () => true;
        channel.OnWrite = () => { };
        channel.OnEndOfStream = channel.Close;
        peer.Dispose();
        channel.Await(Kernel.In);

        loop.Passes(5);

        Assert.Equal(["read", "end of stream"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L5_AnErrorAfterCloseIsLoggedAndNotHandled(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        peer.Deliver(channel, "x");
        channel.OnRead = () =>
        {
            channel.Close();
            throw new InvalidDataException("too late");
        };

        loop.Passes(3);

        Assert.Equal(["read"], channel.Events);
        Assert.Contains("too late", Assert.Single(channel.Logged));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L5_OneResetIsOneClose(IoBackendKind kind, AddressFamily family)
    {
        // CPython under poll: close, read, close, write, close.
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        channel.Writes = () => true;
        loop.Passes(1);
        peer.ResetOnClose();
        peer.Dispose();
        channel.Await(Kernel.HangUp);
        channel.Events.Clear();

        loop.Passes(5);

        Assert.Single(channel.Events, "close");
        Assert.Equal("close", channel.Events[^1]);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L5_AHandleCloseThatReturnsWithoutClosingIsFollowedByClose(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Forgetful channel, FarEnd peer) = loop.Join(family, (socket, owner) => new Forgetful(socket, owner));
        peer.Dispose();

        loop.RunUntil(() => channel.Events.Contains("Close()"));
        loop.Passes(3);

        Assert.Equal(["read", "close", "Close()"], channel.Events);
        Assert.Equal(-1, channel.FileDescriptor);
        Assert.False(channel.Connected);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L5_HandleCloseRunsOnceHoweverOftenTheEndIsMet(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        channel.Writes = () => true;
        byte[] buffer = new byte[10];
        channel.OnClose = () => Assert.Equal(0, channel.Recv(buffer)); // meets the end again, and closes nothing
        channel.OnRead = () =>
        {
            Assert.Equal(0, channel.Recv(buffer));
            Assert.Equal(0, channel.Recv(buffer));
            throw new InvalidDataException("after the end");
        };
        peer.Dispose();
        channel.Await(Kernel.In);

        loop.Passes(5);

        Assert.Equal(["read", "close"], channel.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L5_TheDefaultHandleErrorAndTheEndTogetherAreOneClose(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Plain channel, FarEnd peer) = loop.Join(family, (socket, owner) => new Plain(socket, owner));
        peer.Send("x"u8);
        peer.ResetOnClose();
        peer.Dispose();
        channel.Await(Kernel.HangUp);

        loop.Passes(5);

        Assert.Equal(["read", "close"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L5_AChannelClosedBeforeItIsToldOfALostPeerIsNotTold(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        peer.ResetOnClose();
        peer.Dispose();
        channel.Await(Kernel.HangUp);
        channel.Send("nobody is there"u8);
        channel.Flush(); // fails, which the loop would tell

        channel.Close();
        loop.Passes(3);

        Assert.Empty(channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L5_NothingIsHeardWhileWhatWasSentStillLeaves(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        byte[] block = new byte[64 * 1024];
        int taken = 0;
        for (int sent = -1; sent != 0; taken += sent)
        {
            sent = channel.Send(block);
        }

        channel.Close();
        peer.Send("x"u8);
        loop.Passes(3);
        Assert.True(loop.RunOnce(TimeSpan.Zero), "what was taken has not left");

        int received = 0;
        byte[] buffer = new byte[1 << 20];
        while (loop.RunOnce(TimeSpan.Zero))
        {
            received += peer.Available > 0 ? peer.Receive(buffer) : 0;
        }

        Assert.Empty(channel.Events);
        Assert.InRange(received, 1, taken);
    }

    private sealed class Forgetful(Socket socket, EventLoop loop) : Recorder(socket, loop)
    {
        public override void Close()
        {
            Events.Add("Close()");
            base.Close();
        }

        protected override void HandleClose() => Events.Add("close");
    }

    // Everything by default, save what a test must see.
    private sealed class Plain(Socket socket, EventLoop loop) : Dispatcher(socket, loop)
    {
        public List<string> Events { get; } = [];

        protected override void HandleRead()
        {
            Events.Add("read");
            throw new InvalidDataException();
        }

        protected override void HandleClose()
        {
            Events.Add("close");
            HandleError(new InvalidDataException()); // whose default would call HandleClose again
        }

        protected override void LogInfo(string message, string type = "info")
        {
        }
    }
}
