using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>C14: connecting to a host by name, and what is not in the poller.</summary>
public class ConnectByNameTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void C14_ASocketThatNothingHasBeenDoneWithIsNotPolled(IoBackendKind kind, AddressFamily family)
    {
        // A fresh TCP socket polls as hung up, which nobody may hear and which may not keep the loop awake.
        using EventLoop loop = TestLoop.Create(kind);
        var fresh = new Recorder(loop: loop);
        fresh.CreateSocket(family);
        var bound = new Recorder(loop: loop);
        bound.CreateSocket(family);
        bound.Bind(Backends.AnyAddress(family));

        loop.Passes(3);
        loop.AssertIdle();

        Assert.Empty(fresh.Events);
        Assert.Empty(bound.Events);
        Assert.Equal(2, loop.Channels.Count);
        Assert.True(fresh.FileDescriptor >= 0);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_ABoundDatagramSocketIsPolledAndAFreshOneIsNot(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var fresh = new Recorder(loop: loop);
        fresh.CreateSocket(AddressFamily.InterNetwork, SocketType.Dgram);
        var bound = new Recorder(loop: loop);
        bound.CreateSocket(AddressFamily.InterNetwork, SocketType.Dgram);
        bound.Bind(Backends.AnyAddress(AddressFamily.InterNetwork));
        using FarEnd peer = loop.OpenSocket(AddressFamily.InterNetwork, SocketType.Dgram);
        peer.SendTo("packet"u8, bound.Address!);

        loop.RunUntil(() => bound.Received.Count > 0);
        loop.AssertIdle();

        Assert.Equal("packet", bound.Text());
        Assert.Empty(fresh.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_ANameIsResolvedWhileTheLoopStaysAlive(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(AddressFamily.InterNetwork);
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(AddressFamily.InterNetwork);
        channel.OnConnect = loop.Stop;

        channel.Connect("localhost", Port(listener.LocalEndPoint));
        Assert.True(channel.Connecting);
        Assert.False(channel.Connected);
        Assert.Empty(channel.Events);
        loop.Run();

        Assert.Equal(["connect"], channel.Events);
        Assert.True(channel.Connected);
        Assert.Equal(listener.LocalEndPoint, channel.Address);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_WithoutASocketTheNameDecidesTheFamily(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (IPAddress address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            using FarEnd listener = loop.Listening(address.AddressFamily);
            var channel = new Recorder(loop: loop);

            channel.Connect(address.ToString(), Port(listener.LocalEndPoint));
            loop.RunUntil(() => channel.Events.Count > 0);

            Assert.Equal(["connect"], channel.Events);
            Assert.Equal(listener.LocalEndPoint, channel.Address);
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_ADnsEndPointIsResolvedToo(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(AddressFamily.InterNetwork);
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(AddressFamily.InterNetwork);

        channel.Connect(new DnsEndPoint("localhost", Port(listener.LocalEndPoint)));
        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Equal(["connect"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_ANameWorksFromADualModeSocket(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(AddressFamily.InterNetwork);
        var channel = new Recorder(loop: loop) { DualMode = true };
        channel.CreateSocket(AddressFamily.InterNetworkV6);

        channel.Connect("127.0.0.1", Port(listener.LocalEndPoint));
        loop.RunUntil(() => channel.Events.Count > 0);

        Assert.Equal(["connect"], channel.Events);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void C14_AddressesAreTriedInOrder(IoBackendKind kind)
    {
        // The machine's own name usually has several addresses; first all of them listen, then the last alone.
        string host = Dns.GetHostName();
        IPAddress[] addresses = OwnAddresses(host);
        Assert.SkipWhen(addresses.Length < 2, "this machine's name has one address only");
        Socket?[] listeners = ListenEverywhere(addresses);
        try
        {
            for (int first = 0; first < addresses.Length; first++)
            {
                using EventLoop loop = TestLoop.Create(kind);
                var channel = new Recorder(loop: loop);
                channel.CreateSocket(AddressFamily.InterNetwork);
                channel.Connect(host, Port(listeners[^1]!.LocalEndPoint));
                loop.RunUntil(() => channel.Events.Count > 0);

                Assert.Equal(["connect"], channel.Events);
                Assert.Equal(listeners[first]!.LocalEndPoint, channel.Address);
                listeners[first]!.Dispose();
            }
        }
        finally
        {
            Array.ForEach(listeners, listener => listener?.Dispose());
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_WhenNoAddressAnswersTheFailureIsToldOnce(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd nobody = loop.Bound(AddressFamily.InterNetwork);
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(AddressFamily.InterNetwork);

        channel.Connect("localhost", Port(nobody.LocalEndPoint));
        loop.Run();

        Assert.Equal(["connect failed"], channel.Events);
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(channel.Error).SocketErrorCode);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void C14_AddressesOfAnotherFamilyThanTheSocketsAreNotTried(IoBackendKind kind)
    {
        string host = Dns.GetHostName();
        Assert.SkipWhen(OwnAddresses(host).Length == 0, "this machine's name has no IPv4 address");
        using EventLoop loop = TestLoop.Create(kind);
        using Socket nobody = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Unspecified);
        nobody.Bind(new IPEndPoint(IPAddress.Any, 0));
        var channel = new Recorder(loop: loop);
        channel.CreateSocket(AddressFamily.InterNetwork);

        channel.Connect(host, Port(nobody.LocalEndPoint));
        loop.Run();

        // An IPv6 address tried last would leave its own complaint, that the family is wrong.
        Assert.Equal(["connect failed"], channel.Events);
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(channel.Error).SocketErrorCode);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_AnUnknownNameIsAFailedConnect(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var channel = new Recorder(loop: loop);

        channel.Connect(new string('x', 300), 9);
        Assert.True(channel.Connecting);
        loop.Run(); // returns, as nothing is left

        Assert.Equal(["connect failed"], channel.Events);
        Assert.Equal(SocketError.HostNotFound, Assert.IsType<SocketException>(channel.Error).SocketErrorCode);
        Assert.False(channel.Connecting);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_AfterCloseNothingMoreIsHeardOfTheName(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using FarEnd listener = loop.Listening(AddressFamily.InterNetwork);
        var withSocket = new Recorder(loop: loop);
        withSocket.CreateSocket(AddressFamily.InterNetwork);
        var without = new Recorder(loop: loop);
        foreach (Recorder channel in new[] { withSocket, without })
        {
            channel.Connect("localhost", Port(listener.LocalEndPoint));
            channel.Close();
            Assert.False(channel.Connecting);
        }

        List<Exception> unhandled = [];
        loop.UnhandledError += unhandled.Add;
        loop.Run(); // until the resolver is through

        Assert.Empty(unhandled);
        Assert.Empty(withSocket.Events);
        Assert.Empty(without.Events);
        Assert.Empty(loop.Channels);
        Assert.False(listener.IsReadable, "somebody connected after all");
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C14_APortOutOfRangeIsRefusedAndLeavesTheChannelAsItWas(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var channel = new Recorder(loop: loop);

        Assert.Throws<ArgumentOutOfRangeException>(() => channel.Connect("localhost", 65536));
        Assert.Throws<ArgumentOutOfRangeException>(() => channel.Connect("localhost", -1));

        Assert.False(channel.Connecting);
    }

    private static int Port(EndPoint? address) => ((IPEndPoint)address!).Port;

    private static IPAddress[] OwnAddresses(string host)
    {
        try
        {
            IPAddress[] all = Dns.GetHostAddresses(host); // in some cases of every family, whichever is asked for
            return Array.FindAll(all, address => address.AddressFamily == AddressFamily.InterNetwork);
        }
        catch (SocketException)
        {
            return [];
        }
    }

    // One port, free on all of the addresses.
    private static Socket?[] ListenEverywhere(IPAddress[] addresses)
    {
        while (true)
        {
            var listeners = new Socket?[addresses.Length];
            int port = 0;
            try
            {
                for (int i = 0; i < addresses.Length; i++)
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Unspecified);
                    listeners[i] = socket;
                    socket.Bind(new IPEndPoint(addresses[i], port));
                    socket.Listen(8);
                    port = Port(socket.LocalEndPoint);
                }

                return listeners;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse && port != 0)
            {
                Array.ForEach(listeners, listener => listener?.Dispose());
            }
        }
    }
}
