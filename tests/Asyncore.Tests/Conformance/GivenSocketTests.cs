using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>C8 and R11: sockets that were made elsewhere.</summary>
public class GivenSocketTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C8_AConnectedSocketIsConnectedAtOnceAndHandleConnectNeverRuns(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        using Socket _ = peer;
        var channel = new Chooser(ours, loop) { Writes = () => true };
        Assert.True(channel.Connected);
        Assert.False(channel.Connecting);
        Assert.Empty(channel.Events);
        Assert.Equal(family == AddressFamily.Unix ? null : peer.LocalEndPoint, channel.Address);

        peer.Deliver(channel, "hello");
        loop.RunUntil(() => channel.Events.Count > 0);
        loop.Passes(2);

        Assert.Equal("hello", channel.Text());
        Assert.DoesNotContain("connect", channel.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C8_WhatAPeerHadSentBeforeItWentIsReadThenHandleClose(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (bool reset in new[] { false, true })
        {
            foreach (string text in new[] { "", "last words" })
            {
                (Socket ours, Socket peer) = TestLoop.Pair(family);
                peer.Send(System.Text.Encoding.ASCII.GetBytes(text));
                if (reset)
                {
                    MakeReset(ours, peer, family);
                }

                peer.Dispose();
                Descriptors.WaitReadable(ours.Number());

                var channel = new Recorder(ours, loop);
                Assert.Empty(channel.Events);
                loop.RunUntil(() => channel.Events.Contains("close"));

                Assert.Equal(text, channel.Text());
                Assert.Equal("close", channel.Events[^1]);
                Assert.Single(channel.Events, "close");
                Assert.DoesNotContain("connect", channel.Events);
                Assert.Empty(loop.Channels);
            }
        }
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C8_AConnectionWhoseObjectKnowsNothingOfItIsReportedToo(IoBackendKind kind, AddressFamily family)
    {
        // A Socket made from a handle after a reset: it has no peer any more, and says that it is not connected.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "descriptors are duplicated by fcntl");
        using EventLoop loop = TestLoop.Create(kind);
        foreach (string text in new[] { "", "last words" })
        {
            (Socket ours, Socket peer) = TestLoop.Pair(family);
            peer.Send(System.Text.Encoding.ASCII.GetBytes(text));
            MakeReset(ours, peer, family);
            peer.Dispose();
            Descriptors.WaitHungUp(ours.Number());
            Socket copy = Descriptors.Duplicate(ours, 0);
            ours.Dispose();

            var channel = new Recorder(copy, loop);
            Assert.True(channel.Connected);
            loop.RunUntil(() => channel.Events.Contains("close"));

            Assert.Equal(text, channel.Text());
            Assert.Single(channel.Events, "close");
        }
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C8_AGivenListenerListens(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Socket socket = Sockets.Listen(family);
        var listener = new Recorder(socket, loop);
        Assert.True(listener.Accepting);
        Assert.False(listener.Connected);
        Assert.Equal(socket.LocalEndPoint, listener.Address);

        using Socket peer = Sockets.Dial(listener.Address!);
        loop.RunUntil(() => listener.Events.Contains("accepted"));
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C8_AGivenFreshSocketConnects(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using Socket listener = Sockets.Listen(family);
        var channel = new Recorder(new Socket(family, SocketType.Stream, ProtocolType.Unspecified), loop);
        Assert.False(channel.Connected);
        loop.Passes(2);
        Assert.Empty(channel.Events);

        channel.Connect(listener.LocalEndPoint!);
        loop.RunUntil(() => channel.Connected);

        Assert.Equal(["connect"], channel.Events);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R11_OptionsAndAddressesOfTheSocketMayBeUsed(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        using Socket _ = peer;
        var given = new Recorder(ours, loop);
        Assert.Same(ours, given.Socket);

        using Socket listener = Sockets.Listen(family);
        var made = new Recorder(loop: loop);
        made.CreateSocket(family);
        made.Connect(listener.LocalEndPoint!);
        loop.RunUntil(() => made.Connected);
        using Socket madePeer = listener.Accept();

        foreach ((Recorder channel, Socket other) in new[] { (given, peer), (made, madePeer) })
        {
            Socket socket = channel.Socket!;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            Assert.Equal(1, socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive));
            Assert.Equal(other.LocalEndPoint, socket.RemoteEndPoint);
            Assert.Equal(other.RemoteEndPoint, socket.LocalEndPoint);
            Assert.Equal(channel.FileDescriptor, socket.Number());

            other.Send("hello"u8);
            loop.RunUntil(() => channel.Received.Count > 0);
            channel.Send("there"u8);
            loop.RunOnce(TimeSpan.Zero);
            Assert.Equal("there"u8.ToArray(), other.ReadExactly(5));
            channel.Close();
            Assert.Null(channel.Socket);
        }
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R11_ASocketDisposedElsewhereEndsItsChannelAlone(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, Socket peer) = loop.JoinRecorder(family);
        (Recorder other, Socket otherPeer) = loop.JoinRecorder(family);
        using Socket first = peer;
        using Socket second = otherPeer;
        loop.Passes(2);

        channel.Socket!.Dispose();
        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Equal(["close"], channel.Events);
        Assert.NotNull(channel.CloseReason);
        Assert.Equal([other.FileDescriptor], loop.Channels.Keys);
        otherPeer.Send("still here"u8);
        loop.RunUntil(() => other.Received.Count > 0);
        Assert.Equal(["read"], other.Events);
        Assert.Empty(peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R11_ADisposedSocketMeansTheEndToWhoeverReadsOrSends(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder reader, Socket first) = loop.JoinRecorder(family);
        (Recorder sender, Socket second) = loop.JoinRecorder(family);
        using Socket _ = first;
        using Socket __ = second;
        loop.Passes(2);
        reader.Socket!.Dispose();
        sender.Socket!.Dispose();

        Assert.Equal(0, reader.Recv(new byte[10]));
        Assert.Equal(["close"], reader.Events);
        sender.Send(new byte[100_000]);
        Assert.Empty(sender.Events);
        loop.RunUntil(() => sender.Events.Count > 0);
        loop.Passes(3);

        Assert.Equal(["close"], reader.Events);
        Assert.Equal(["close"], sender.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R11_DisposingElsewhereDoesNotLockUpWhileTheLoopWaits(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, Socket peer) = loop.JoinRecorder(family);
        using Socket _ = peer;
        Socket socket = channel.Socket!;
        using var running = new ManualResetEventSlim();
        loop.Post(running.Set);
        Companion companion = Companion.Start(() => loop.Run());
        Assert.True(running.Wait(20_000, TestContext.Current.CancellationToken));

        Companion.Start(socket.Dispose).Join();
        companion.Join(); // nothing else is in the loop

        Assert.Equal(["close"], channel.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R11_ADescriptorThatReusesTheNumberIsNotTouched(IoBackendKind kind, AddressFamily family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "numbers are chosen by fcntl");
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        (Socket stranger, Socket strangersPeer) = TestLoop.Pair(family);
        using Socket a = peer;
        using Socket b = stranger;
        using Socket c = strangersPeer;
        int number = Kernel.UnusedNumber();
        Socket given = Descriptors.Duplicate(ours, number);
        ours.Dispose();
        Assert.Equal(number, given.Number());
        var channel = new Recorder(given, loop);
        loop.Passes(2);

        given.Dispose();
        using Socket successor = Descriptors.Duplicate(stranger, number);
        Assert.Equal(number, successor.Number());
        strangersPeer.Send("not for you"u8);
        Descriptors.WaitReadable(number);
        channel.Send(new byte[20_000]);
        channel.Recv(new byte[10]);
        loop.RunUntil(() => !channel.Connected);
        loop.Passes(3);

        Assert.Equal(["close"], channel.Events);
        Assert.Empty(channel.Received);
        Assert.Equal(0, strangersPeer.Available);
        successor.Blocking = true;
        Assert.Equal("not for you"u8.ToArray(), successor.ReadExactly(11)); // open, and unread by others
        successor.Send("answer"u8);
        Assert.Equal("answer"u8.ToArray(), strangersPeer.ReadExactly(6));
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void R11_AChannelWithTheNumberOfALostOneLivesOn(IoBackendKind kind, AddressFamily family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "numbers are chosen by fcntl");
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        (Socket others, Socket othersPeer) = TestLoop.Pair(family);
        using Socket a = peer;
        using Socket b = othersPeer;
        int number = Kernel.UnusedNumber();
        Socket given = Descriptors.Duplicate(ours, number);
        ours.Dispose();
        var lost = new Recorder(given, loop);
        loop.Passes(2);

        given.Dispose();
        Socket reusing = Descriptors.Duplicate(others, number);
        others.Dispose();
        var channel = new Recorder(reusing, loop);
        Assert.Equal(number, channel.FileDescriptor);
        loop.RunUntil(() => lost.Events.Count > 0);
        othersPeer.Send("hello"u8);
        loop.RunUntil(() => channel.Received.Count > 0);

        Assert.Equal(["close"], lost.Events);
        Assert.Equal("hello", channel.Text());
        Assert.Same(channel, loop.Channels[number]);
    }

    private static void MakeReset(Socket ours, Socket peer, AddressFamily family)
    {
        if (family == AddressFamily.Unix)
        {
            ours.Send("never read"u8); // closing over unread data is a Unix socket's reset
        }
        else
        {
            peer.ResetOnClose();
        }
    }
}
