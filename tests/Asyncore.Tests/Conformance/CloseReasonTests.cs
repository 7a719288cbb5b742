using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R10: CloseReason holds the error, or none for an orderly end.</summary>
public class CloseReasonTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R10_AnOrderlyEndHasNone(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Witness channel, FarEnd peer) = Join(loop, family);
        peer.Dispose();

        loop.RunUntil(() => channel.IsTold);

        Assert.Null(channel.Seen);
        Assert.Null(channel.CloseReason);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R10_AResetIsTheReasonBeforeHandleCloseRuns(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Witness channel, FarEnd peer) = Join(loop, family);
        channel.Socket!.Send("never read"u8); // which makes a Unix peer's close a reset
        peer.ResetOnClose();
        peer.Dispose();

        loop.RunUntil(() => channel.IsTold);

        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(channel.Seen).SocketErrorCode);
        Assert.Same(channel.Seen, channel.CloseReason);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R10_WhatAHandlerThrewIsTheReason(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Witness channel, FarEnd peer) = Join(loop, family);
        using FarEnd _ = peer;
        channel.Throws = new FormatException("boom");
        peer.Send("x"u8);

        loop.RunUntil(() => channel.IsTold);

        Assert.Same(channel.Throws, channel.Seen);
        Assert.Same(channel.Throws, channel.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R10_AnErrorThatClosedNothingIsNoReason(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        Exception? inside = null;
        channel.OnRead = () =>
        {
            channel.OnRead = null;
            channel.Receive();
            throw new FormatException("boom");
        };
        channel.OnError = error => inside = channel.CloseReason;
        peer.Send("x"u8);
        loop.RunUntil(() => channel.Error is not null);
        Assert.Same(channel.Error, inside);
        Assert.True(channel.Connected);
        Assert.Null(channel.CloseReason);

        peer.Dispose();
        loop.RunUntil(() => channel.Events.Contains("close"));
        Assert.Null(channel.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R10_AFailedConnectIsTheReason(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd nobody = loop.Bound(family);
        var channel = new Recorder(loop: loop);
        Exception? inside = null;
        channel.OnConnectFailed = _ => inside = channel.CloseReason;
        channel.CreateSocket(family);
        channel.Connect(nobody.LocalEndPoint!);

        loop.RunUntil(() => channel.Error is not null);

        Assert.Same(channel.Error, inside);
        Assert.Same(channel.Error, channel.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R10_APredicateThatThrewIsTheReason(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd _ = peer;
        var thrown = new FormatException("boom");
        channel.Reads = () => throw thrown;

        loop.RunUntil(() => !channel.Connected);

        Assert.Same(thrown, channel.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void R10_OnesOwnCloseHasNone(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (Action<Dispatcher> close in new Action<Dispatcher>[] { each => each.Close(), each => each.Abort() })
        {
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
            using FarEnd _ = peer;

            close(channel);

            Assert.Null(channel.CloseReason);
        }
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R10_APeerFoundGoneBySendingIsTheReason(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Witness channel, FarEnd peer) = Join(loop, family);
        peer.Dispose();
        channel.PauseReading(); // or the end of the stream would be found first
        for (int i = 0; channel.Connected && i < 3; i++)
        {
            channel.Send("x"u8);
            channel.Flush();
        }

        loop.RunUntil(() => channel.IsTold);

        Assert.IsType<SocketException>(channel.Seen);
    }

    private static (Witness Channel, FarEnd Peer) Join(EventLoop loop, AddressFamily family) =>
        loop.Join(family, (socket, owner) => new Witness(socket, owner));

    // Keeps the default HandleError, and remembers what HandleClose found.
    private sealed class Witness(Socket socket, EventLoop loop) : Dispatcher(socket, loop)
    {
        public bool IsTold { get; private set; }

        public Exception? Seen { get; private set; }

        public Exception? Throws { get; set; }

        protected override void HandleRead()
        {
            if (Throws is not null)
            {
                throw Throws;
            }

            Receive();
        }

        protected override void HandleClose()
        {
            IsTold = true;
            Seen = CloseReason;
            Close();
        }

        protected override void LogInfo(string message, string type = "info")
        {
        }
    }
}
