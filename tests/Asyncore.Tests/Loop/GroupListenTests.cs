using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Loop;

/// <summary>A group with a listener on every loop, on the same port.</summary>
public class GroupListenTests
{
    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void Connections_are_spread_over_all_loops_and_none_is_lost(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new GroupScene(kind, 3);
        EndPoint address = scene.Listen(family);

        GroupScene.Exchange(address, 200);

        int[] counts = scene.CountByLoop();
        Assert.Equal(200, counts.Sum());
        Assert.DoesNotContain(0, counts); // by chance once in 10^35 runs
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void The_port_is_nobody_elses(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new GroupScene(kind, 2);
        EndPoint address = scene.Listen(family);

        using var second = new GroupScene(kind, 2);
        second.Group.Start();
        AssertInUse(() => second.Group.Listen(address, (where, loop) => new EchoServer(where, loop)));
        using EventLoop single = TestLoop.Create(kind);
        AssertInUse(() => _ = new EchoServer(address, single));

        // Nor another channel's of the group's own, which did not ask for it.
        using var asked = new ManualResetEventSlim();
        Exception? refused = null;
        scene.Group.Loops[0].Post(() =>
        {
            refused = Record.Exception(() => new EchoServer(address, scene.Group.Loops[0]));
            asked.Set();
        });
        Assert.True(asked.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Equal(SocketError.AddressAlreadyInUse, Assert.IsType<SocketException>(refused).SocketErrorCode);

        // The group that was refused goes on, and may have another.
        IReadOnlyList<Dispatcher> others = second.Group.Listen(
            Backends.AnyAddress(family), (where, loop) => new EchoServer(where, loop));
        GroupScene.Exchange(others[0].Address!, 5);
        GroupScene.Exchange(address, 5);
        second.End();
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_port_that_a_plain_listener_has_is_in_use(IoBackendKind kind)
    {
        using Socket there = Sockets.Listen(AddressFamily.InterNetwork);
        using var scene = new GroupScene(kind, 2);
        scene.Group.Start();
        AssertInUse(() => scene.Group.Listen(there.LocalEndPoint!, (where, loop) => new EchoServer(where, loop)));
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_port_is_free_again_when_the_group_has_ended(IoBackendKind kind)
    {
        EndPoint address;
        using (var scene = new GroupScene(kind, 3))
        {
            address = scene.Listen();
            GroupScene.Exchange(address, 10);
        }

        Sockets.AwaitRefused(address);
        using var again = new GroupScene(kind, 2);
        again.Group.Start();
        again.Group.Listen(address, (where, loop) => new GroupScene.Server(where, loop, again.Serve));
        GroupScene.Exchange(address, 10);
        Assert.Equal(10, again.CountByLoop().Sum());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Where_one_listener_cannot_be_made_there_is_none(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 3);
        scene.Group.Start();
        EndPoint? address = null;
        InvalidDataException thrown = Assert.Throws<InvalidDataException>(() => scene.Group.Listen(
            Backends.AnyAddress(AddressFamily.InterNetwork), (where, loop) =>
            {
                address = where;
                return loop == scene.Group.Loops[2] ? throw new InvalidDataException("no") : new EchoServer(where, loop);
            }));
        Assert.Equal("no", thrown.Message);
        Sockets.AwaitRefused(address!);
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_does_not_listen_where_it_should_is_refused(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 2);
        scene.Group.Start();
        EndPoint any = new IPEndPoint(IPAddress.Loopback, 0);

        // Not at all, in another loop, and at a port of its own.
        Assert.Throws<InvalidOperationException>(() => scene.Group.Listen(any, (_, loop) => new Recorder(loop: loop)));
        using EventLoop other = TestLoop.Create(kind);
        Assert.Throws<InvalidOperationException>(() => scene.Group.Listen(any, (_, _) => new EchoServer(any, other)));
        EndPoint? address = null;
        EndPoint own = Backends.AnyAddress(AddressFamily.InterNetwork);
        Assert.Throws<InvalidOperationException>(() => scene.Group.Listen(own, (where, loop) =>
        {
            address = where;
            return new EchoServer(any, loop);
        }));
        Sockets.AwaitRefused(address!);

        EndPoint unix = Backends.AnyAddress(AddressFamily.Unix);
        Assert.Contains("HandOver", Assert.Throws<ArgumentException>(
            () => scene.Group.Listen(unix, (where, loop) => new EchoServer(where, loop))).Message);
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Who_waits_for_a_listener_is_accepted_before_the_group_ends(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 2);
        EndPoint address = scene.Listen();
        using ManualResetEventSlim first = scene.Hold(0);
        using ManualResetEventSlim second = scene.Hold(1);
        Socket[] waiting = [.. Enumerable.Range(0, 100).Select(_ => Sockets.Dial(address))];

        scene.Group.Stop();
        first.Set();
        second.Set();
        scene.Join();

        Assert.Equal(100, scene.Served.Count);
        foreach (Socket socket in waiting)
        {
            Assert.Empty(socket.ReadToEnd()); // an orderly end, no reset
            socket.Dispose();
        }

        Sockets.AwaitRefused(address);
    }

    private static void AssertInUse(Action listen) => Assert.Equal(
        SocketError.AddressAlreadyInUse, Assert.Throws<SocketException>(listen).SocketErrorCode);
}
