using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>C5, C6, C12: accepting.</summary>
public class AcceptTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C5_AcceptGivesNullWhenNothingWaits(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        Assert.Null(listener.Accept());

        using FarEnd peer = loop.Dial(listener.Address!);
        listener.Await(Kernel.In);
        (Socket Socket, EndPoint? Address)? accepted = listener.Accept();

        Assert.NotNull(accepted);
        using Socket socket = accepted.Value.Socket;
        Assert.False(socket.Blocking);
        Assert.Equal(family == AddressFamily.Unix ? null : peer.LocalEndPoint, accepted.Value.Address);
        Assert.Null(listener.Accept());
        Assert.True(listener.Accepting);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C5_AConnectionForALoopThatIsNoMoreIsClosed(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        EventLoop gone = loop.CreateBeside();
        gone.Dispose();
        int refused = 0;
        AcceptingInto listener = new AcceptingInto(loop, gone, () => refused++).ListenOn(family);
        using FarEnd peer = loop.Dial(listener.Address!);
        loop.RunUntil(() => refused > 0);
        Assert.Empty(peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C5_AcceptSurvivesAPeerThatHasGone(IoBackendKind kind, AddressFamily family)
    {
        // Linux hands out connections that have been reset already, others give an error: neither may throw.
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Accepting(loop);
        listener.ListenOn(family);
        for (int i = 0; i < 3; i++)
        {
            FarEnd gone = loop.Dial(listener.Address!);
            gone.ResetOnClose();
            gone.Dispose();
        }

        using FarEnd stays = loop.Dial(listener.Address!);
        loop.RunUntil(() => listener.Sockets.Exists(socket => Answers(socket, stays)));

        Assert.Null(listener.Error);
        Assert.True(listener.Accepting);
        listener.Sockets.ForEach(socket => socket.Dispose());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C5_AcceptOnWhatIsNoListenerIsRefused(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;

        Assert.Throws<InvalidOperationException>(() => channel.Accept());
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C5_TheDefaultAcceptsThenClosesTheSocketAndLogs(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Plain(loop);
        listener.ListenOn(family);
        using FarEnd peer = loop.Dial(listener.Address!);

        loop.RunUntil(() => listener.Logged.Count > 0);

        Assert.Equal(["warning: unhandled accepted event"], listener.Logged);
        Assert.Empty(peer.ReadToEnd());
        Assert.True(listener.Accepting);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C5_TheDefaultGivesTheSocketAndTheAddressToHandleAccepted(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new TakesSockets(loop);
        listener.ListenOn(family);
        using FarEnd peer = loop.Dial(listener.Address!);

        loop.RunUntil(() => listener.Taken.Count > 0);

        (Socket socket, EndPoint? address) = Assert.Single(listener.Taken);
        Assert.Equal(family == AddressFamily.Unix ? null : peer.LocalEndPoint, address);
        var channel = new Recorder(socket, loop);
        Assert.True(channel.Connected);
        channel.Send("welcome"u8);
        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal("welcome"u8.ToArray(), peer.ReadExactly(7));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C5_AUnixClientThatHasAPathIsKnownByIt(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(AddressFamily.Unix);
        string directory = Directory.CreateTempSubdirectory("as").FullName;
        foreach (string name in new[] { "s", new string('l', 60) })
        {
            List<EndPoint?> seen = [];
            listener.OnAccepted = accepted =>
            {
                seen.Add(accepted.Address);
                seen.Add(new Recorder(accepted).Address);
            };
            using FarEnd peer = loop.OpenSocket(AddressFamily.Unix);
            var path = new UnixDomainSocketEndPoint(Path.Combine(directory, name));
            peer.Bind(path);
            peer.Connect(listener.Address!);

            loop.RunUntil(() => seen.Count > 0);

            Assert.Equal([path.ToString(), path.ToString()], seen.ConvertAll(address => address?.ToString()));
        }

        Directory.Delete(directory, recursive: true);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C5_AConnectionThatNobodyTakesIsClosed(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        AcceptedChannel? kept = null;
        listener.OnAccepted = accepted => kept = accepted;
        using FarEnd peer = loop.Dial(listener.Address!);

        loop.RunUntil(() => kept is not null);

        Assert.Empty(peer.ReadToEnd());
        Assert.Throws<InvalidOperationException>(() => new Recorder(kept!));
        Assert.Throws<InvalidOperationException>(() => kept!.ToSocket());
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C6_ABurstIsAcceptedInFewPassesWithABoundForEach(IoBackendKind kind, AddressFamily family)
    {
        const int bound = 8;
        const int burst = 20;
        using EventLoop loop = TestLoop.Create(new EventLoopOptions { Backend = kind, MaxAcceptsPerPass = bound });
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        Accepting overriding = new Accepting(loop).ListenOn(family);
        foreach (Func<int> taken in new Func<int>[] { () => listener.Events.Count, () => overriding.Sockets.Count })
        {
            Recorder each = overriding.Sockets.Count == 0 && listener.Events.Count == 0 ? listener : overriding;
            List<FarEnd> peers = Burst(each, burst);
            List<int> perPass = [];
            while (taken() < burst)
            {
                int before = taken();
                loop.RunOnce(TimeSpan.FromSeconds(20));
                perPass.Add(taken() - before);
            }

            Assert.Equal([8, 8, 4], perPass);
            peers.ForEach(peer => peer.Dispose());
        }

        overriding.Sockets.ForEach(socket => socket.Dispose());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C6_ABurstDoesNotStarveOtherChannels(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(family);
        using FarEnd _ = otherPeer;
        List<FarEnd> peers = Burst(listener, 200);
        otherPeer.Deliver(other, "me too");

        loop.RunOnce(TimeSpan.FromSeconds(20));

        Assert.Equal("me too", other.Text());
        Assert.InRange(listener.Events.Count, 1, 64);
        loop.RunUntil(() => listener.Events.Count == 200);
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C12_ClientsThatResetAtOnceDoNoHarm(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        List<Chooser> accepted = [];
        listener.OnAccepted = connection =>
        {
            _ = connection.Address;
            accepted.Add(new Chooser(connection) { Writes = () => true });
        };
        for (int i = 0; i < 20; i++)
        {
            FarEnd quick = loop.Dial(listener.Address!);
            quick.ResetOnClose();
            quick.Dispose();
            if (i % 5 == 0)
            {
                loop.RunOnce(TimeSpan.Zero);
            }
        }

        loop.RunUntil(() => accepted.Count == 20 && accepted.TrueForAll(channel => !channel.Connected));
        Assert.All(accepted, channel => Assert.Equal("close", channel.Events[^1]));
        Assert.All(accepted, channel => Assert.Single(channel.Events, "close"));
        Assert.Empty(listener.Logged);
        Assert.DoesNotContain("error", listener.Events);

        using FarEnd peer = loop.Dial(listener.Address!);
        loop.RunUntil(() => accepted.Count == 21);
        accepted[20].Send("still here"u8);
        loop.RunOnce(TimeSpan.Zero);
        Assert.Equal("still here"u8.ToArray(), peer.ReadExactly(10));
        loop.RunUntil(() => loop.Channels.Count == 2);
    }

    private static List<FarEnd> Burst(Dispatcher listener, int count)
    {
        List<FarEnd> peers = [];
        for (int i = 0; i < count; i++)
        {
            peers.Add(listener.Loop.Dial(listener.Address!));
        }

        return peers;
    }

    private static bool Answers(Socket socket, FarEnd peer)
    {
        try
        {
            return peer.LocalEndPoint is IPEndPoint ? Equals(socket.RemoteEndPoint, peer.LocalEndPoint) : Reaches();
        }
        catch (SocketException)
        {
            return false;
        }

        bool Reaches()
        {
            socket.Blocking = true;
            socket.Send("x"u8);
            return peer.IsReadable;
        }
    }

    private class Plain(EventLoop loop) : Dispatcher(null, loop)
    {
        public List<string> Logged { get; } = [];

        protected override void LogInfo(string message, string type = "info") => Logged.Add($"{type}: {message}");
    }

    private sealed class TakesSockets(EventLoop loop) : Plain(loop)
    {
        public List<(Socket, EndPoint?)> Taken { get; } = [];

        protected override void HandleAccepted(Socket socket, EndPoint? address) => Taken.Add((socket, address));
    }

    private sealed class Accepting(EventLoop loop) : Recorder(socket: null, loop)
    {
        public List<Socket> Sockets { get; } = [];

        protected override void HandleAccept()
        {
            if (Accept() is { } accepted)
            {
                Sockets.Add(accepted.Socket);
            }
        }
    }

    private sealed class AcceptingInto(EventLoop loop, EventLoop other, Action refused) : Dispatcher(null, loop)
    {
        protected override void HandleAccepted(AcceptedChannel accepted)
        {
            Assert.Throws<ObjectDisposedException>(() => new Recorder(accepted, other));
            refused();
        }
    }
}
