using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>Whose business an exception is: the channel's, and not the loop's (L7, L8).</summary>
public class LoopErrorTests
{
    private static readonly UnixDomainSocketEndPoint _nowhere = new("/nonexistent/asyncore.sock");

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void L7_AHandlersExceptionReachesHandleErrorAndNothingElseStops(IoBackendKind kind, AddressFamily family)
    {
        foreach (string place in (string[])["read", "write", "expt", "end of stream"])
        {
            using EventLoop loop = TestLoop.Create(kind);
            (UrgentChooser channel, FarEnd peer) = loop.JoinUrgent(family);
            (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(family);
            using FarEnd owned = peer;
            using FarEnd otherOwned = otherPeer;
            var error = new InvalidDataException(place);
            bool throws = true;
            channel.AllowHalfOpen = true;
            channel.Writes = () => place == "write";
            channel.OnError = _ => throws = false;
            channel.OnRead = () =>
            {
                Throw("read");
                channel.Received.AddRange(channel.Receive());
            };
            channel.OnWrite = () => Throw("write");
            channel.OnExpt = () => Throw("expt");
            channel.OnEndOfStream = () => Throw("end of stream");
            if (place == "expt")
            {
                peer.SendUrgent("!"u8);
                channel.Await(Kernel.Priority);
            }
            else if (place == "end of stream")
            {
                peer.Shutdown();
                channel.Await(Kernel.In);
            }
            else if (place == "read")
            {
                peer.Deliver(channel, "x");
            }

            otherPeer.Deliver(other, "y");
            loop.RunOnce(TimeSpan.Zero);

            Assert.Same(error, channel.Error);
            Assert.Equal("error", channel.Events[^1]);
            Assert.Single(channel.Events, "error");
            Assert.Equal(["read"], other.Events);

            // It did not close, so it is open, and goes on.
            Assert.True(channel.Connected);
            Assert.Null(channel.CloseReason);
            if (place != "end of stream")
            {
                peer.Deliver(channel, "z");
                loop.RunUntil(() => channel.Received.Count > 0 && channel.Received[^1] == 'z');
            }

            Assert.DoesNotContain("close", channel.Events);

            void Throw(string here)
            {
                if (here == place && throws)
                {
                    throw error;
                }
            }
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L7_AnExceptionFromHandleConnectReachesHandleError(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var error = new InvalidDataException();
        var client = new Chooser(loop: loop)
        {
            OnConnect = () => throw error,
            OnError = _ => { },
        };
        client.CreateSocket(family);
        client.Connect(listener.LocalEndPoint!);
        using FarEnd peer = listener.Accept();
        loop.RunUntil(() => client.Events.Count > 0);

        Assert.Equal(["connect", "error"], client.Events[..2]);
        Assert.Same(error, client.Error);
        Assert.True(client.Connected);

        peer.Send("x"u8);
        loop.RunUntil(() => client.Received.Count > 0);
        Assert.Equal(["connect", "error", "read"], client.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L7_AnExceptionFromHandleAcceptedReachesTheListenersHandleError(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        var error = new InvalidDataException();
        listener.OnAccepted = _ => throw error;
        listener.OnError = _ => listener.OnAccepted = null;

        using FarEnd first = loop.Dial(listener.Address!);
        loop.RunUntil(() => listener.Events.Count > 0);
        Assert.Equal(["accepted", "error"], listener.Events);
        Assert.Same(error, listener.Error);
        Assert.True(listener.Accepting);
        Assert.Equal(0, first.Receive(new byte[1])); // nobody took it, so it was closed

        using FarEnd second = loop.Dial(listener.Address!);
        loop.RunUntil(() => listener.Events.Count > 2);
        Assert.Equal(["accepted", "error", "accepted"], listener.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L7_AnExceptionFromHandleConnectFailedReachesHandleError(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var error = new InvalidDataException();
        var client = new Recorder(loop: loop) { OnConnectFailed = _ => throw error };
        client.CreateSocket(AddressFamily.Unix);
        client.Connect(_nowhere);

        Assert.False(loop.RunOnce(TimeSpan.Zero));

        Assert.Equal(["connect failed", "error"], client.Events);
        Assert.Same(error, client.Error);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L8_AnExceptionFromAPredicateClosesThatChannelOnly(IoBackendKind kind, AddressFamily family)
    {
        foreach (bool inReadable in (bool[])[true, false])
        {
            using EventLoop loop = TestLoop.Create(kind);
            (Chooser connected, FarEnd peer) = loop.JoinChooser(family);
            Chooser listener = new Chooser(loop: loop).ListenOn(family);
            var connecting = new Chooser(loop: loop);
            connecting.CreateSocket(family);
            connecting.Connect(listener.Address!);
            (Chooser last, FarEnd lastPeer) = loop.JoinChooser(family); // stands last in the loop's list
            (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(family);
            using FarEnd owned = peer;
            using FarEnd lastOwned = lastPeer;
            using FarEnd otherOwned = otherPeer;
            peer.Deliver(connected, "x");
            otherPeer.Deliver(other, "y");
            var error = new InvalidDataException("a predicate");
            Chooser[] throwing = [connected, listener, connecting, last];
            foreach (Chooser channel in throwing)
            {
                channel.Reads = () => inReadable ? throw error : true;
                channel.Writes = () => inReadable ? true : throw error;
            }

            loop.RunOnce(TimeSpan.Zero);

            Assert.All(throwing, channel => Assert.Equal(-1, channel.FileDescriptor));
            Assert.All(throwing, channel => Assert.Empty(channel.Events));
            Assert.All(throwing, channel => Assert.Same(error, channel.CloseReason));
            Assert.All(throwing, channel => AssertLogged(channel, "a predicate"));
            Assert.Equal(["read"], other.Events);
            Assert.Same(other, Assert.Single(loop.Channels.Values));
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L8_AnExceptionFromHandleErrorClosesThatChannelOnly(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        using FarEnd otherOwned = otherPeer;
        channel.Writes = () => true;
        channel.OnRead = () => throw new InvalidDataException("first");
        channel.OnError = _ => throw new InvalidDataException("second");
        peer.Deliver(channel, "x");
        otherPeer.Deliver(other, "y");

        loop.Passes(3);

        Assert.Equal(["read", "error"], channel.Events);
        AssertLogged(channel, "second");
        Assert.Equal("first", channel.CloseReason!.Message);
        Assert.Equal(["read"], other.Events);
        Assert.Same(other, Assert.Single(loop.Channels.Values));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L8_AnExceptionFromHandleCloseClosesThatChannelOnly(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(family);
        using FarEnd otherOwned = otherPeer;
        channel.Writes = () => true;
        channel.OnClose = () => throw new InvalidDataException("in HandleClose");
        peer.Dispose();
        channel.Await(Kernel.In);
        otherPeer.Deliver(other, "y");

        loop.Passes(3);

        Assert.Equal(["read", "close"], channel.Events);
        AssertLogged(channel, "in HandleClose");
        Assert.Equal(["read"], other.Events);
        Assert.Same(other, Assert.Single(loop.Channels.Values));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L8_EvenACloseAndALogThatThrowCloseThatChannelOnly(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Hopeless channel, FarEnd peer) = loop.Join(
            AddressFamily.InterNetwork, (socket, owner) => new Hopeless(socket, owner));
        (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        using FarEnd otherOwned = otherPeer;
        peer.Deliver(channel, "x");
        otherPeer.Deliver(other, "y");

        loop.Passes(3);

        Assert.Equal(-1, channel.FileDescriptor);
        Assert.Equal(["read"], other.Events);
        Assert.Same(other, Assert.Single(loop.Channels.Values));
    }

    private static void AssertLogged(Recorder channel, string what)
    {
        string line = Assert.Single(channel.Logged);
        Assert.StartsWith("error: ", line);
        Assert.Contains(what, line);
        Assert.Contains(nameof(InvalidDataException), line);
    }

    private sealed class Hopeless(Socket socket, EventLoop loop) : Dispatcher(socket, loop)
    {
        public override void Close() => throw new InvalidDataException("Close");

        public override string ToString() => throw new InvalidDataException("ToString");

        protected override void HandleRead() => throw new InvalidDataException("HandleRead");

        protected override void HandleError(Exception error) => throw new InvalidDataException("HandleError");

        protected override void HandleClose() => throw new InvalidDataException("HandleClose");

        protected override void LogInfo(string message, string type = "info") => throw new InvalidDataException("Log");
    }
}
