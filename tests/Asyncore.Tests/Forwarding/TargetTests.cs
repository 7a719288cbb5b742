using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Which target a connection gets, and what happens to those that fail.</summary>
public class TargetTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Targets_take_turns_as_often_as_their_weights_say()
    {
        using var scene = new ServiceScene(IoBackendKind.Epoll, options => options with
        {
            Targets =
            [
                options.Targets[0] with { Weight = 3 },
                options.Targets[1],
                options.Targets[2],
            ],
        }, targets: 3);
        Assert.Equal("0 1 0 2 0 0 1 0 2 0", string.Join(' ', Enumerable.Range(0, 10).Select(_ => ConnectAnywhere(scene))));
    }

    [Fact]
    public void The_target_with_the_fewest_connections_for_its_weight_is_next()
    {
        using var scene = new ServiceScene(IoBackendKind.Epoll, options => options with
        {
            Balance = BalancePolicy.LeastConnections,
            Targets = [options.Targets[0] with { Weight = 2 }, options.Targets[1]],
        }, targets: 2);
        int[] chosen = [.. Enumerable.Range(0, 6).Select(_ => ConnectAnywhere(scene))];
        Assert.Equal(4, chosen.Count(each => each == 0));
        Assert.Equal(2, chosen.Count(each => each == 1));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_connect_that_fails_tries_the_next_target(IoBackendKind kind)
    {
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        using var scene = new ServiceScene(kind, options => options with
        {
            Balance = BalancePolicy.FirstAvailable,
            Targets = [new TargetOptions { Address = nobody.LocalEndPoint! }, options.Targets[0]],
        });
        (Socket client, Socket server) = scene.Connect();
        client.Send("hello"u8);
        Assert.Equal("hello"u8.ToArray(), server.ReadExactlyWhile(scene.Loop, 5));
        TargetStatistics first = scene.Statistics.Targets[0];
        Assert.True(first.IsResting);
        Assert.Equal(1, first.Failures);
        Assert.Equal(0, first.Active);

        // While it rests it costs nobody anything.
        scene.Connect();
        Assert.Equal(1, scene.Statistics.Targets[0].Failures);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_target_that_rests_is_probed_and_comes_back(IoBackendKind kind)
    {
        var clock = new FakeClock();
        Socket first = Sockets.Bound(AddressFamily.InterNetwork);
        using var scene = new ServiceScene(kind, options => options with
        {
            Balance = BalancePolicy.FirstAvailable,
            RestFor = _second,
            Targets = [new TargetOptions { Address = first.LocalEndPoint! }, options.Targets[0]],
        }, clock: clock);
        scene.Keep(first);
        scene.Connect();
        Assert.True(scene.Statistics.Targets[0].IsResting);
        clock.Advance(_second);
        scene.Loop.RunUntil(() => scene.Statistics.Targets[0].Failures == 2, "the probe that fails");
        first.Listen();
        clock.Advance(_second);
        scene.Loop.RunUntil(() => !scene.Statistics.Targets[0].IsResting, "the probe that does not");
        using Socket probe = first.Accept();
        Assert.Equal(0, probe.Receive(new byte[1])); // it said nothing
        scene.Dial();
        scene.Loop.RunUntil(() => first.Poll(0, SelectMode.SelectRead), "a connection to the first");
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_single_target_is_tried_for_every_connection(IoBackendKind kind)
    {
        using Socket target = Sockets.Bound(AddressFamily.InterNetwork);
        using var scene = new ServiceScene(kind, options => options with
        {
            Targets = [new TargetOptions { Address = target.LocalEndPoint! }],
        });
        Assert.Empty(scene.ReadAll(scene.Dial()).Bytes);
        ConnectionRecord record = scene.AwaitEnd();
        Assert.Equal(EndReason.NoTarget, record.Reason);
        Assert.Contains(target.LocalEndPoint!.ToString()!, record.Detail, StringComparison.Ordinal);
        Assert.Null(record.Target);
        target.Listen();
        scene.Dial();
        scene.Loop.RunUntil(() => target.Poll(0, SelectMode.SelectRead), "a connection");
    }

    // Its queue is full and nobody accepts: the system goes on asking by itself.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_target_that_never_answers_costs_the_connect_timeout_and_no_more(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var silent = new SilentTarget();
        using var scene = new ServiceScene(kind, options => options with
        {
            Balance = BalancePolicy.FirstAvailable,
            ConnectTimeout = _second,
            Targets = [new TargetOptions { Address = silent.Address }, options.Targets[0]],
        }, clock: clock);
        Socket client = scene.Dial();
        client.Send("hello"u8);
        scene.Loop.RunUntil(() => scene.Statistics.Targets[0].Active == 1, "the connect");
        scene.Loop.Passes(5);
        Assert.False(scene.Targets[0].Poll(0, SelectMode.SelectRead));
        clock.Advance(_second);
        Socket server = scene.Accept();
        Assert.Equal("hello"u8.ToArray(), server.ReadExactlyWhile(scene.Loop, 5));
        Assert.True(scene.Statistics.Targets[0].IsResting);
        Assert.Equal(0, scene.Statistics.Targets[0].Active);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_client_that_goes_while_its_target_is_silent_leaves_nothing(IoBackendKind kind)
    {
        using var silent = new SilentTarget();
        using var scene = new ServiceScene(kind, options => options with
        {
            ConnectTimeout = TimeSpan.FromSeconds(2),
            Targets = [new TargetOptions { Address = silent.Address }],
        });
        Socket client = scene.Dial();
        scene.Loop.RunUntil(() => scene.Statistics.Targets[0].Active == 1, "the connect");
        client.ResetOnClose();
        client.Dispose();
        scene.AwaitEnd();
        scene.Loop.RunUntil(() => scene.Loop.Channels.Count == 1, "the end of the connect");
        Assert.Equal(0, scene.Statistics.Targets[0].Active);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_name_is_resolved_and_each_of_its_addresses_is_tried(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with
        {
            Targets = [new TargetOptions { Address = new DnsEndPoint("localhost", Port(options)) }],
        });
        (Socket client, Socket server) = scene.Connect(); // perhaps ::1 first, where nobody is
        server.Send("hello"u8);
        Assert.Equal("hello"u8.ToArray(), client.ReadExactlyWhile(scene.Loop, 5));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_name_that_nobody_knows_is_a_target_that_fails(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with
        {
            Targets = [new TargetOptions { Address = new DnsEndPoint("nobody.invalid", 80) }, options.Targets[0]],
            Balance = BalancePolicy.FirstAvailable,
        });
        scene.Connect();
        Assert.True(scene.Statistics.Targets[0].IsResting);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_name_that_comes_to_mean_the_listener_itself_is_not_connected_to(IoBackendKind kind)
    {
        using Socket taken = Sockets.Bound(AddressFamily.InterNetwork);
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        taken.Dispose();
        using var scene = new ServiceScene(kind, options => options with
        {
            Listen = new IPEndPoint(IPAddress.Loopback, port),
            Targets = [new TargetOptions { Address = new DnsEndPoint("127.0.0.1", port) }],
        });
        Assert.Empty(scene.ReadAll(scene.Dial()).Bytes);
        Assert.Equal(EndReason.NoTarget, scene.AwaitEnd().Reason);
        Assert.Equal(1, scene.Statistics.Accepted);
    }

    [Fact]
    public void A_target_that_is_the_listener_is_refused()
    {
        using EventLoop loop = TestLoop.Create(IoBackendKind.Epoll);
        IPEndPoint address = OwnPorts.Next(IPAddress.Loopback);
        var error = Assert.Throws<ForwardListenException>(() => new ForwardService(
            new ServiceOptions
            {
                Listeners = [new ListenerOptions { Listen = address, Targets = [new TargetOptions { Address = address }] }],
            },
            loop));
        Assert.Equal($"cannot forward {address} to {address}: it would connect to itself", error.Message);
        Assert.Empty(loop.Channels);
    }

    private static int Port(ListenerOptions options) => ((IPEndPoint)options.Targets[0].Address).Port;

    private static int ConnectAnywhere(ServiceScene scene)
    {
        scene.Dial();
        int found = -1;
        scene.Loop.RunUntil(
            () => (found = Array.FindIndex(scene.Targets, each => each.Poll(0, SelectMode.SelectRead))) >= 0,
            "a connection to any of the targets");
        scene.Accept(found);
        return found;
    }
}
