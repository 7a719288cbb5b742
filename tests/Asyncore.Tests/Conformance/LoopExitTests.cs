using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary><see cref="ExitNowException"/> leaves the loop at once and loses nothing (L6).</summary>
public class LoopExitTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L6_ExitLeavesInTheMiddleOfAPassAndLosesNoEvent(IoBackendKind kind, AddressFamily family)
    {
        const int Count = 4;
        using EventLoop loop = TestLoop.Create(kind);
        var channels = new List<Recorder>();
        var peers = new List<FarEnd>();
        var exit = new ExitNowException("enough");
        for (int i = 0; i < Count; i++)
        {
            (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
            peers.Add(peer);
            channels.Add(channel);
            peer.Deliver(channel, "x");
            channel.OnRead = () =>
            {
                channel.Received.AddRange(channel.Receive());
                throw exit;
            };
        }

        // Each has read when it throws, so each is to come once more, and nobody twice.
        for (int run = 1; run <= Count; run++)
        {
            Assert.Same(exit, Assert.Throws<ExitNowException>(() => loop.Run()));
            Assert.Equal(run, channels.Sum(channel => channel.Events.Count));
            Assert.Equal(Count, loop.Channels.Count);
        }

        Assert.All(channels, channel => Assert.Equal(["read"], channel.Events));
        Assert.All(channels, channel => Assert.True(channel.Connected && channel.FileDescriptor >= 0));
        loop.AssertIdle();

        peers[0].Deliver(channels[0], "y");
        Assert.Same(exit, Assert.Throws<ExitNowException>(() => loop.RunOnce()));
        Assert.Equal("xy", channels[0].Text());
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L6_TheRestOfTheSameChannelsEventsIsNotLostEither(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        channel.Writes = () => true;
        peer.Deliver(channel, "x");
        channel.OnRead = () =>
        {
            channel.OnRead = null;
            throw new ExitNowException();
        };

        Assert.Throws<ExitNowException>(() => loop.Run());
        Assert.Equal(["read"], channel.Events);

        loop.Passes(1);
        Assert.Equal(["read", "read", "write"], channel.Events);
        Assert.Equal("x", channel.Text());
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L6_EveryPlaceThatRunsTheUsersCodeMayExit(IoBackendKind kind)
    {
        string[] places =
        [
            "read", "write", "readable", "writable", "error", "close", "accepted", "end of stream", "timer", "post",
        ];
        foreach (string place in places)
        {
            using EventLoop loop = TestLoop.Create(kind);
            IDisposable reason = loop.KeepAlive();
            (Chooser channel, FarEnd peer) = loop.JoinChooser(AddressFamily.InterNetwork);
            using FarEnd owned = peer;
            Recorder listener = new Recorder(loop: loop).ListenOn(AddressFamily.InterNetwork);
            using FarEnd client = loop.Dial(listener.Address!);
            channel.AllowHalfOpen = true;
            peer.Send("x"u8);
            peer.Shutdown();
            channel.Writes = () => Reached("writable");
            channel.Reads = () => !Reached("readable") || true;
            channel.OnRead = () =>
            {
                Reached("read");
                _ = place is "error" or "close" ? throw new InvalidDataException() : channel.Receive(1).Length;
            };
            channel.OnWrite = () => Reached("write");
            channel.OnError = _ =>
            {
                Reached("error");
                channel.Events.Add("closing");
                channel.OnRead = null;
                channel.AllowHalfOpen = false;
            };
            channel.OnClose = () => Reached("close");
            channel.OnEndOfStream = () => Reached("end of stream");
            listener.OnAccepted = _ => Reached("accepted");
            loop.CallLater(TimeSpan.Zero, () => Reached("timer"));
            loop.Post(() => Reached("post"));

            var exit = Assert.Throws<ExitNowException>(() => loop.Run());
            Assert.Equal(place, exit.Message);

            // And the loop can be run again.
            loop.CloseAll();
            bool ran = false;
            loop.Post(() => ran = true);
            reason.Dispose();
            loop.Run();
            Assert.True(ran);

            bool Reached(string here) => here == place ? throw new ExitNowException(here) : here == "writable";
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L6_TimersAndPostsThatHadNotRunYetRunLater(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var ran = new List<string>();
        loop.CallLater(TimeSpan.Zero, () => Exit("timer 1"));
        loop.CallLater(TimeSpan.Zero, () => ran.Add("timer 2"));
        loop.Post(() => Exit("post 1"));
        loop.Post(() => ran.Add("post 2"));

        Assert.Throws<ExitNowException>(() => loop.Run());
        Assert.Equal(["timer 1"], ran);

        Assert.Throws<ExitNowException>(() => loop.Run());
        Assert.Equal(["timer 1", "timer 2", "post 1"], ran);

        loop.Run();
        Assert.Equal(["timer 1", "timer 2", "post 1", "post 2"], ran);

        void Exit(string what)
        {
            ran.Add(what);
            throw new ExitNowException();
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L6_AConnectThatSucceededIsConnectedAfterAnExit(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(AddressFamily.InterNetwork);
        var client = new Recorder(loop: loop) { OnConnect = () => throw new ExitNowException() };
        client.CreateSocket();
        client.Connect(listener.LocalEndPoint!);

        Assert.Throws<ExitNowException>(() => loop.Run());
        Assert.Equal(["connect"], client.Events);
        Assert.True(client.Connected);

        using FarEnd peer = listener.Accept();
        peer.Send("x"u8);
        loop.RunUntil(() => client.Received.Count > 0);
        Assert.Equal(["connect", "read"], client.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L6_FailuresThatTheLoopHadStillToTellAreNotLost(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var channels = new List<Recorder>();
        for (int i = 0; i < 4; i++)
        {
            var channel = new Recorder(loop: loop) { OnConnectFailed = _ => throw new ExitNowException() };
            channels.Add(channel);
            channel.CreateSocket(AddressFamily.Unix);
            channel.Connect(new UnixDomainSocketEndPoint("/nonexistent/asyncore.sock"));
        }

        for (int run = 1; run <= 4; run++)
        {
            Assert.Throws<ExitNowException>(() => loop.Run());
            Assert.Equal(run, channels.Sum(channel => channel.Events.Count));
        }

        Assert.False(loop.RunOnce(TimeSpan.Zero)); // a channel whose connect has failed is none to be served
        Assert.All(channels, channel => Assert.Equal(["connect failed"], channel.Events));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L6_WhatWasSentBeforeTheExitLeaves(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        peer.Deliver(channel, "x");
        channel.OnRead = () =>
        {
            channel.Send("goodbye"u8);
            throw new ExitNowException();
        };

        Assert.Throws<ExitNowException>(() => loop.Run());

        Assert.Equal("goodbye"u8.ToArray(), peer.ReadExactly(7));
    }
}
