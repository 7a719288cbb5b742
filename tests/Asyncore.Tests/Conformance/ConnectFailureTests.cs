using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>C3: a connect that fails.</summary>
public class ConnectFailureTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C3_PredicatesDoNotHideSuccess(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Chooser(loop: loop) { Reads = () => false, Writes = () => false };
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);

        loop.RunUntil(() => channel.Connected);

        Assert.Equal(["connect"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C3_PredicatesDoNotHideFailure(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd nobody = loop.Bound(family);
        var channel = new Chooser(loop: loop) { Reads = () => false, Writes = () => false };
        channel.CreateSocket(family);
        channel.Connect(nobody.LocalEndPoint!);

        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Equal(["connect failed"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C3_FailureIsToldOnceWithItsErrorAndThenTheChannelIsClosed(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        using FarEnd nobody = loop.Bound(family);
        var channel = new Chooser(loop: loop) { Writes = () => true };
        bool openInside = false;
        channel.OnConnectFailed = _ => openInside = channel.FileDescriptor >= 0;
        channel.CreateSocket(family);
        channel.Connect(nobody.LocalEndPoint!);
        Assert.Empty(channel.Events);

        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.True(openInside);
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(channel.Error).SocketErrorCode);
        Assert.False(channel.Connecting);
        Assert.False(channel.Connected);
        Assert.Equal(-1, channel.FileDescriptor);
        Assert.Empty(loop.Channels);
        loop.Passes(5);
        Assert.Equal(["connect failed"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C3_TheHandlerMayConnectAgain(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd nobody = loop.Bound(family);
        using FarEnd listener = loop.Listening(family);
        var channel = new Recorder(loop: loop);
        List<SocketError> errors = [];
        channel.OnConnectFailed = error =>
        {
            errors.Add(error.SocketErrorCode);
            channel.Connect((errors.Count < 2 ? nobody : listener).LocalEndPoint!);
        };
        channel.OnConnect = () => channel.Send("again"u8);
        channel.CreateSocket(family);
        channel.Connect(nobody.LocalEndPoint!);

        loop.RunUntil(() => channel.Connected);

        Assert.Equal(["connect failed", "connect failed", "connect"], channel.Events);
        Assert.Equal([SocketError.ConnectionRefused, SocketError.ConnectionRefused], errors);
        Assert.Null(channel.CloseReason);
        using FarEnd peer = listener.Accept();
        Assert.Equal("again"u8.ToArray(), peer.ReadExactly(5));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C3_TheHandlerMayConnectAgainWithASocketOfAnotherFamily(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd nobody = loop.Bound(AddressFamily.InterNetwork);
        using FarEnd listener = loop.Listening(AddressFamily.Unix);
        var channel = new Recorder(loop: loop);
        channel.OnConnectFailed = _ =>
        {
            channel.CreateSocket(AddressFamily.Unix);
            channel.Connect(listener.LocalEndPoint!);
        };
        channel.CreateSocket(AddressFamily.InterNetwork);
        channel.Connect(nobody.LocalEndPoint!);

        loop.RunUntil(() => channel.Connected);

        Assert.Equal(["connect failed", "connect"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C3_AFailureThatTheSystemGivesAtOnceIsToldByTheLoop(IoBackendKind kind)
    {
        foreach ((string what, Action<Dispatcher> connect) in Hopeless())
        {
            using EventLoop loop = TestLoop.Create(kind);
            var channel = new Recorder(loop: loop);

            connect(channel); // throws nothing

            Assert.Empty(channel.Events);
            Assert.True(channel.Connecting, what);
            loop.RunUntil(() => channel.Events.Count > 0, what);
            loop.Passes(3);
            Assert.Equal(["connect failed"], channel.Events);
            Assert.IsType<SocketException>(channel.Error);
            Assert.False(channel.Connecting, what);
            Assert.Empty(loop.Channels);
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C3_AFailureThatTheSystemGivesAtOnceKeepsTheLoopAlive(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var channel = new Recorder(loop: loop);
        channel.Connect(Backends.AnyAddress(AddressFamily.Unix));

        loop.Run();

        Assert.Equal(["connect failed"], channel.Events);
    }

    [Fact]
    public void C3_FailuresAreTheSameOnEveryBackend()
    {
        Dictionary<string, Dictionary<IoBackendKind, SocketError>> found = [];
        foreach (IoBackendKind kind in Backends.Kinds)
        {
            foreach ((string what, Action<Dispatcher> connect) in Hopeless())
            {
                using EventLoop loop = TestLoop.Create(kind);
                var channel = new Recorder(loop: loop);
                connect(channel);
                loop.RunUntil(() => channel.Error is not null, what);
                found.TryAdd(what, []);
                found[what][kind] = ((SocketException)channel.Error!).SocketErrorCode;
            }
        }

        foreach ((string what, Dictionary<IoBackendKind, SocketError> each) in found)
        {
            string all = string.Join(", ", each.Select(pair => $"{pair.Key}: {pair.Value}"));
            Assert.True(each.Values.Distinct().Count() == 1, $"{what}: {all}");
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C3_ClosingBeforeTheFailureIsToldSilencesIt(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using IDisposable reason = loop.KeepAlive();
        using FarEnd nobody = loop.Bound(family);
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(family);
        channel.Connect(nobody.LocalEndPoint!);
        channel.Close();

        loop.Passes(5);

        Assert.Empty(channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C3_ConnectingTwiceIsRefusedAndDisturbsNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);

        Assert.Throws<InvalidOperationException>(() => channel.Connect(listener.LocalEndPoint!));
        loop.RunUntil(() => channel.Connected);
        Assert.Throws<InvalidOperationException>(() => channel.Connect(listener.LocalEndPoint!));

        Assert.Equal(["connect"], channel.Events);
        Assert.True(channel.Connected);
    }

    // Ways to fail before the system has sent anything anywhere.
    private static IEnumerable<(string What, Action<Dispatcher> Connect)> Hopeless()
    {
        yield return ("a Unix path that is not there",
            channel => channel.Connect(Backends.AnyAddress(AddressFamily.Unix)));
        yield return ("an address of another family than the socket's", channel =>
        {
            channel.CreateSocket(AddressFamily.InterNetwork);
            channel.Connect(new IPEndPoint(IPAddress.IPv6Loopback, 9));
        }
        );
        yield return ("a broadcast address",
            channel => channel.Connect(new IPEndPoint(IPAddress.Broadcast, 9)));
        yield return ("a name that no resolver would take",
            channel => channel.Connect(new string('x', 300), 9));
        yield return ("a literal of another family than the socket's", channel =>
        {
            channel.CreateSocket(AddressFamily.InterNetwork);
            channel.Connect("::1", 9);
        }
        );
    }
}
