using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>C9 and C10: addresses, and the options of new sockets.</summary>
public class BindTests
{
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    [Theory, MemberData(nameof(Networks.IpFamilies), MemberType = typeof(Networks))]
    public void C9_APortInUseCannotBeBoundAgain(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (bool reuse in new[] { false, true })
        {
            var first = new Recorder(loop: loop);
            first.CreateSocket(family);
            var second = new Recorder(loop: loop);
            second.CreateSocket(family);
            if (reuse)
            {
                first.SetReuseAddr();
                second.SetReuseAddr();
            }

            first.Bind(Backends.AnyAddress(family));
            first.Listen();

            SocketException error = Assert.Throws<SocketException>(() => second.Bind(first.Address!));
            Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);

            EndPoint taken = first.Address!;
            first.Close();
            second.Bind(taken); // refused once is not spoilt for ever
            second.Close();
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C9_AUnixPathInUseCannotBeBoundAgainAndStaysWhoseItIs(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder first = new Recorder(loop: loop).ListenOn(AddressFamily.Unix);
        var second = new Recorder(loop: loop);
        second.CreateSocket(AddressFamily.Unix);

        SocketException error = Assert.Throws<SocketException>(() => second.Bind(first.Address!));
        second.Close();

        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        using FarEnd peer = loop.Dial(first.Address!); // the path is still there
        loop.RunUntil(() => first.Events.Contains("accepted"));
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C9_SetReuseAddrSetsThatOptionAlone(IoBackendKind kind, AddressFamily family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "option numbers are Linux's");
        using EventLoop loop = TestLoop.Create(kind);
        foreach (bool reuse in new[] { false, true })
        {
            var channel = new Recorder(loop: loop);
            channel.CreateSocket(family);
            if (reuse)
            {
                channel.SetReuseAddr();
            }

            channel.Bind(Backends.AnyAddress(family));
            channel.Listen();

            int fd = channel.FileDescriptor;
            Assert.Equal(reuse ? 1 : 0, Descriptors.GetOption(fd, Descriptors.SocketLevel, Descriptors.ReuseAddress));
            Assert.Equal(0, Descriptors.GetOption(fd, Descriptors.SocketLevel, Descriptors.ReusePort));
        }
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void C9_SocketsAreNonBlockingAndCloseOnExec(IoBackendKind kind, AddressFamily family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "flags are read from /proc");
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(family);
        List<Recorder> accepted = [];
        listener.OnAccepted = connection => accepted.Add(new Recorder(connection));
        var client = new Recorder(loop: loop);
        client.CreateSocket(family);
        client.Connect(listener.Address!);
        var packets = new Recorder(loop: loop);
        packets.CreateSocket(family, SocketType.Dgram);
        loop.RunUntil(() => client.Connected && accepted.Count == 1);

        foreach (Recorder channel in new[] { listener, client, accepted[0], packets })
        {
            int flags = Descriptors.Flags(channel.FileDescriptor);
            Assert.Equal(NonBlocking | CloseOnExec, flags & (NonBlocking | CloseOnExec));
        }
    }

    [Theory, MemberData(nameof(Networks.IpFamilies), MemberType = typeof(Networks))]
    public void C10_AddressTellsThePortThatWasGiven(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Recorder(loop: loop);
        listener.CreateSocket(family);
        listener.Bind(Backends.AnyAddress(family));

        var bound = Assert.IsType<IPEndPoint>(listener.Address);
        Assert.NotEqual(0, bound.Port);
        Assert.Equal(((IPEndPoint)Backends.AnyAddress(family)).Address, bound.Address);

        listener.Listen();
        using FarEnd peer = loop.Dial(listener.Address!);
        loop.RunUntil(() => listener.Events.Contains("accepted"));
        Assert.Equal(bound, listener.Address);
    }

    [Theory, MemberData(nameof(Networks.IpFamilies), MemberType = typeof(Networks))]
    public void C10_AListenerWithoutABindTellsItsPortToo(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Recorder(loop: loop);
        listener.CreateSocket(family);
        Assert.Null(listener.Address);

        listener.Listen();

        Assert.NotEqual(0, Assert.IsType<IPEndPoint>(listener.Address).Port);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C10_HostsByName(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach ((string host, IPAddress expected) in new[]
        {
            ("", IPAddress.Any), ("127.0.0.1", IPAddress.Loopback), ("localhost", IPAddress.Loopback),
        })
        {
            var listener = new Recorder(loop: loop);
            listener.CreateSocket();
            listener.Bind(host, 0);
            listener.Listen();

            Assert.Equal(expected, ((IPEndPoint)listener.Address!).Address);
            using FarEnd peer = loop.Dial(new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)listener.Address).Port));
        }

        var six = new Recorder(loop: loop);
        six.CreateSocket(AddressFamily.InterNetworkV6);
        six.Bind("", 0);
        Assert.Equal(IPAddress.IPv6Any, ((IPEndPoint)six.Address!).Address);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void C10_TheMachinesOwnNameIsBoundInTheSocketsFamily(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Recorder(loop: loop);
        listener.CreateSocket(AddressFamily.InterNetwork);
        try
        {
            listener.Bind(Dns.GetHostName(), 0);
        }
        catch (SocketException error)
        {
            Assert.SkipWhen(error.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData, "no such name");
            throw;
        }

        Assert.Equal(AddressFamily.InterNetwork, listener.Address!.AddressFamily);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void C10_IPv6IsIPv6OnlyUnlessDualMode(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (bool Dual, bool? SaidBefore, bool? SaidAfter)[] ways =
        [
            (false, null, null), // nobody has said anything
            (false, false, null),
            (true, true, null),
            (true, null, true),
            (false, true, false),
        ];
        foreach ((bool dual, bool? before, bool? after) in ways)
        {
            var listener = new Recorder(loop: loop);
            Assert.False(listener.DualMode);
            if (before is { } first)
            {
                listener.DualMode = first;
            }

            listener.CreateSocket(AddressFamily.InterNetworkV6);
            if (after is { } second)
            {
                listener.DualMode = second;
            }

            listener.Bind("", OwnPorts.Next(IPAddress.IPv6Any).Port);
            listener.Listen();

            if (OperatingSystem.IsLinux())
            {
                int only = Descriptors.GetOption(
                    listener.FileDescriptor, Descriptors.Ipv6Level, Descriptors.Ipv6Only);
                Assert.Equal(dual ? 0 : 1, only);
            }

            var four = new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)listener.Address!).Port);
            if (dual)
            {
                using FarEnd peer = loop.Dial(four);
                loop.RunUntil(() => listener.Events.Contains("accepted"));
            }
            else
            {
                Assert.Throws<SocketException>(() => Sockets.Dial(four));
            }

            listener.Close();
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void C10_AListenerRemovesTheUnixPathThatItMade(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (Action<Recorder> close in new Action<Recorder>[]
        {
            channel => channel.Close(), channel => channel.Abort(), channel => channel.Dispose(),
        })
        {
            Recorder listener = new Recorder(loop: loop).ListenOn(AddressFamily.Unix);
            string path = listener.Address!.ToString()!;
            Assert.True(File.Exists(path));

            close(listener);

            Assert.False(File.Exists(path));
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void C10_DisposingTheLoopRemovesUnixPaths(IoBackendKind kind)
    {
        EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(AddressFamily.Unix);
        string path = listener.Address!.ToString()!;
        loop.RunOnce(TimeSpan.Zero);

        loop.Dispose();

        Assert.False(File.Exists(path));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void C10_ClosingAConnectionLeavesTheListenersPathAlone(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        Recorder listener = new Recorder(loop: loop).ListenOn(AddressFamily.Unix);
        Recorder? accepted = null;
        listener.OnAccepted = connection => accepted = new Recorder(connection);
        var client = new Recorder(loop: loop);
        client.CreateSocket(AddressFamily.Unix);
        client.Connect(listener.Address!);
        loop.RunUntil(() => client.Connected && accepted is not null);

        client.Close();
        accepted!.Close();

        Assert.True(File.Exists(listener.Address!.ToString()));
    }
}
