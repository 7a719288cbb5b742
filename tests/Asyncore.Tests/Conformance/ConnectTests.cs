using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>C1, C2, C4 and C11: what a client is told, when, and what its flags say meanwhile.</summary>
public class ConnectTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C1_TheFirstEventConnectsThenReadsThenWrites(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Chooser(loop: loop) { Writes = () => true };
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);

        Assert.True(channel.Connecting);
        Assert.False(channel.Connected);
        Assert.Empty(channel.Events);

        using FarEnd peer = listener.Accept();
        peer.Send("hello"u8);
        channel.Await(Kernel.In);
        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Equal(["connect", "read", "write"], channel.Events);
        Assert.Equal("hello", channel.Text());
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C1_NothingIsReadOrWrittenThatIsNotThereOrNotWanted(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var silent = new Chooser(loop: loop) { Reads = () => false };
        var quiet = new Recorder(loop: loop);
        foreach (Recorder channel in new[] { silent, quiet })
        {
            channel.CreateSocket(family);
            channel.Connect(listener.LocalEndPoint!);
            using FarEnd peer = listener.Accept();
            if (channel == silent)
            {
                peer.Send("hello"u8);
                channel.Await(Kernel.In);
            }

            loop.RunUntil(() => channel.Connected);
            loop.Passes(3);

            Assert.Equal(["connect"], channel.Events);
            channel.Close();
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C1_ConnectedIsFalseInsideHandleConnectAndTrueAfterIt(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Recorder(loop: loop);
        List<(string Where, bool Connected, bool Connecting)> seen = [];
        channel.OnConnect = () => seen.Add(("connect", channel.Connected, channel.Connecting));
        channel.OnRead = () => seen.Add(("read", channel.Connected, channel.Connecting));
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);
        using FarEnd peer = listener.Accept();
        peer.Send("hello"u8);
        channel.Await(Kernel.In);

        loop.RunUntil(() => seen.Count > 0);

        Assert.Equal([("connect", false, true), ("read", true, false)], seen);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C1_WritingIsAskedForAfterConnectingAndNotBefore(IoBackendKind kind, AddressFamily family)
    {
        // What Writable said while connecting is not the answer: it may well depend on HandleConnect having run.
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        bool wants = false;
        var channel = new Chooser(loop: loop) { Writes = () => wants };
        channel.OnConnect = () => wants = true;
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);

        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Equal(["connect", "write"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C2_AConnectThatCompletesAtOnceIsToldByTheLoop(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);
        using FarEnd peer = listener.Accept(); // so the kernel is through with it, whatever the family

        Assert.Empty(channel.Events);
        Assert.True(channel.Connecting);
        Assert.False(channel.Connected);

        loop.RunUntil(() => channel.Connected);
        loop.Passes(3);
        Assert.Equal(["connect"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C2_AConnectFromInsideAHandlerIsToldAfterThatHandler(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var second = new Recorder(loop: loop);
        var first = new Recorder(loop: loop);
        int seen = -1;
        first.OnConnect = () =>
        {
            second.CreateSocket(family);
            second.Connect(listener.LocalEndPoint!);
            seen = second.Events.Count;
        };
        first.CreateSocket(family);
        first.Connect(listener.LocalEndPoint!);

        loop.RunUntil(() => second.Connected);

        Assert.Equal(0, seen);
        Assert.Equal(["connect"], second.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C4_ClosingInHandleConnectEndsIt(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Chooser(loop: loop) { Writes = () => true };
        channel.OnConnect = channel.Close;
        channel.CreateSocket(family);
        channel.Connect(listener.LocalEndPoint!);
        using FarEnd peer = listener.Accept();
        peer.Send("hello"u8);
        channel.Await(Kernel.In);

        loop.RunUntil(() => channel.Events.Count > 0);
        Assert.False(channel.Connected);
        Assert.False(channel.Connecting);
        loop.Passes(3);

        Assert.Equal(["connect"], channel.Events);
        Assert.False(channel.Connected);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C11_AClientIsConnectedAfterThePassThatConnectsAndNotAfterClose(
        IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(family);
        var channel = new Recorder(loop: loop);
        Assert.Equal((false, false, false), Flags(channel));
        channel.CreateSocket(family);
        Assert.Equal((false, false, false), Flags(channel));

        channel.Connect(listener.LocalEndPoint!);
        Assert.Equal((false, true, false), Flags(channel));

        loop.RunUntil(() => channel.Events.Count > 0);
        Assert.Equal((true, false, false), Flags(channel));

        channel.Close();
        Assert.Equal((false, false, false), Flags(channel));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C11_AListenerIsAcceptingUntilClosedAndNeverConnected(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Recorder(loop: loop);
        List<(bool, bool, bool)> inside = [];
        listener.OnAccepted = _ => inside.Add(Flags(listener));
        listener.ListenOn(family);
        Assert.Equal((false, false, true), Flags(listener));

        using FarEnd peer = loop.Dial(listener.Address!);
        loop.RunUntil(() => inside.Count > 0);
        Assert.Equal([(false, false, true)], inside);
        Assert.Equal((false, false, true), Flags(listener));

        listener.Close();
        Assert.Equal((false, false, false), Flags(listener));
    }

    private static (bool Connected, bool Connecting, bool Accepting) Flags(Dispatcher channel) =>
        (channel.Connected, channel.Connecting, channel.Accepting);
}
