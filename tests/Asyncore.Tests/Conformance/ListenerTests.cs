using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>C13 and C15: a listener that closes, and one that has enough for now.</summary>
public class ListenerTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C13_AfterCloseNoConnectionIsAccepted(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        listener.OnAccepted = _ => listener.Close(); // more are waiting
        EndPoint address = listener.Address!;
        using FarEnd first = loop.Dial(address);
        using FarEnd second = loop.Dial(address);

        loop.RunUntil(() => listener.Events.Count > 0);
        Sockets.AwaitRefused(address);
        loop.Passes(3);

        Assert.Equal(["accepted"], listener.Events);
        Assert.Throws<ObjectDisposedException>(() => listener.Accept());
    }

    [Theory, MemberData(nameof(Networks.IpFamilies), MemberType = typeof(Networks))]
    public void C13_ThePortCanBeBoundInTheNextLine(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(family);
        using FarEnd _ = otherPeer;
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        EndPoint address = listener.Address!;
        var next = new Recorder(loop: loop);
        other.OnRead = () =>
        {
            other.Recv(new byte[1]);
            listener.Close();
            next.CreateSocket(family);
            next.Bind(address);
            next.Listen();
        };
        loop.Passes(2); // so that the listener is armed
        otherPeer.Send("x"u8);

        loop.RunUntil(() => next.Accepting || other.Error is not null);

        Assert.Null(other.Error);
        using FarEnd peer = loop.Dial(address);
        loop.RunUntil(() => next.Events.Contains("accepted"));
        Assert.Empty(listener.Events);
    }

    [Theory, MemberData(nameof(Networks.IpFamilies), MemberType = typeof(Networks))]
    public void C13_ThePortCanBeBoundInTheListenersOwnHandler(IoBackendKind kind, AddressFamily family)
    {
        // With connections made and waiting, which hold the port for a while: hence SetReuseAddr.
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Recorder(loop: loop);
        var next = new Recorder(loop: loop);
        listener.OnAccepted = _ =>
        {
            EndPoint address = listener.Address!;
            listener.Close();
            next.CreateSocket(family);
            next.SetReuseAddr();
            next.Bind(address);
            next.Listen();
        };
        listener.CreateSocket(family);
        listener.SetReuseAddr();
        listener.Bind(Backends.AnyAddress(family));
        listener.Listen();
        using FarEnd first = loop.Dial(listener.Address!);
        using FarEnd second = loop.Dial(listener.Address!);

        loop.RunUntil(() => listener.Events.Count > 0);

        Assert.Equal(["accepted"], listener.Events);
        Assert.True(next.Accepting);
        using FarEnd peer = loop.Dial(next.Address!);
        loop.RunUntil(() => next.Events.Contains("accepted"));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C13_AUnixPathCanBeBoundInTheNextLine(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(AddressFamily.Unix);
        EndPoint address = listener.Address!;
        loop.Passes(2);
        listener.Close();
        var next = new Recorder(loop: loop);
        next.CreateSocket(AddressFamily.Unix);
        next.Bind(address);
        next.Listen();

        using FarEnd peer = loop.Dial(address);
        loop.RunUntil(() => next.Events.Contains("accepted"));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C15_AListenerThatIsNotReadableTakesNothingFromTheKernel(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (bool takesOneByOne in kind == IoBackendKind.Simulated ? [false] : (bool[])[false, true]) // which takes a Socket
        {
            Limited listener = new Limited(loop, takesOneByOne) { Room = 2 }.ListenOn(family);
            List<FarEnd> peers = [];
            for (int i = 0; i < 5; i++)
            {
                peers.Add(loop.Dial(listener.Address!));
            }

            loop.RunUntil(() => listener.Taken.Count > 0);
            loop.Passes(5);
            Assert.Equal(2, listener.Taken.Count);
            Assert.True(listener.Accepting);

            listener.Room = 4;
            loop.RunUntil(() => listener.Taken.Count > 2);
            loop.Passes(5);
            Assert.Equal(4, listener.Taken.Count);

            // Nobody who waited is forgotten, and nobody who was taken has been dropped.
            listener.Room = 5;
            loop.RunUntil(() => listener.Taken.Count == 5);
            listener.Taken.ForEach(channel => channel.Send("hello"u8));
            loop.RunOnce(TimeSpan.Zero);
            Assert.All(peers, peer => Assert.Equal("hello"u8.ToArray(), peer.ReadExactly(5)));
            listener.Taken.ForEach(channel => channel.Close());
            peers.ForEach(peer => peer.Dispose());
            listener.Close();
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C15_AListenerThatIsNotReadableDoesNotSpin(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Limited listener = new Limited(loop, takesOneByOne: false) { Room = 0 }.ListenOn(family);
        using FarEnd peer = loop.Dial(listener.Address!);
        listener.Await(Kernel.In);

        loop.AssertIdle();

        Assert.Empty(listener.Taken);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C15_APausedListenerTakesNothingUntilResumed(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        listener.OnAccepted = _ => listener.PauseReading();
        using FarEnd first = loop.Dial(listener.Address!);
        using FarEnd second = loop.Dial(listener.Address!);

        loop.RunUntil(() => listener.Events.Count > 0);
        loop.AssertIdle();
        Assert.Equal(["accepted"], listener.Events);

        listener.ResumeReading();
        loop.RunUntil(() => listener.Events.Count > 1);
        Assert.Equal(["accepted", "accepted"], listener.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C15_AReadableThatThrowsBetweenConnectionsClosesTheListener(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Limited listener = new Limited(loop, takesOneByOne: false) { Room = 2, ThrowsWhenFull = true }.ListenOn(family);
        using FarEnd first = loop.Dial(listener.Address!);
        using FarEnd second = loop.Dial(listener.Address!);
        using FarEnd third = loop.Dial(listener.Address!);

        loop.RunUntil(() => !listener.Accepting);

        Assert.Empty(listener.Events); // L8: no further handler, HandleError neither
        Assert.Equal(2, listener.Taken.Count);
        Assert.Contains("no room", Assert.Single(listener.Logged));
    }

    private sealed class Limited(EventLoop loop, bool takesOneByOne) : Recorder(socket: null, loop)
    {
        public int Room { get; set; }

        public bool ThrowsWhenFull { get; init; }

        public List<Recorder> Taken { get; } = [];

        protected override bool Readable() => Taken.Count < Room
            || (ThrowsWhenFull ? throw new InvalidOperationException("no room") : false);

        protected override void HandleAccept()
        {
            if (!takesOneByOne)
            {
                base.HandleAccept();
            }
            else if (Accept() is { } accepted)
            {
                Taken.Add(new Recorder(accepted.Socket, Loop));
            }
        }

        protected override void HandleAccepted(AcceptedChannel accepted) => Taken.Add(new Recorder(accepted));
    }
}
