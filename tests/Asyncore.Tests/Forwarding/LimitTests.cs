using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Who may connect, how often, how fast and for how long.</summary>
public class LimitTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void More_connections_than_may_be_are_reset_at_once_and_counted(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with { MaxConnections = 2 });
        (Socket first, _) = scene.Connect();
        scene.Connect();
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(scene.Dial()).Error);
        Assert.Equal(1, scene.Statistics.RefusedFor(RefusalReason.TooMany));
        Assert.Equal(2, scene.Statistics.Active);
        first.ResetOnClose();
        first.Dispose();
        scene.AwaitEnd();
        scene.Connect(); // there is room again
        Assert.Equal(1, scene.Statistics.RefusedInAll);
        Assert.Equal(3, scene.Statistics.Accepted);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Each_client_address_has_its_own_limit(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with { MaxConnectionsPerClient = 1 });
        scene.Connect();
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(scene.Dial()).Error);
        DialFrom(scene, "127.0.0.2");
        scene.Accept();
        Assert.Equal(1, scene.Statistics.RefusedFor(RefusalReason.TooManyOfClient));
        Assert.Equal(2, scene.Statistics.Active);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Rules_let_networks_in_and_keep_others_out(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with
        {
            Allow = [IPNetwork.Parse("127.0.0.0/28")],
            Deny = [IPNetwork.Parse("127.0.0.3/32")],
        });
        DialFrom(scene, "127.0.0.2");
        scene.Accept();
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(DialFrom(scene, "127.0.0.3")).Error);
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(DialFrom(scene, "127.0.0.99")).Error);
        Assert.Equal(2, scene.Statistics.RefusedFor(RefusalReason.Rules));
        Assert.Equal(1, scene.Statistics.Accepted);
    }

    [Fact]
    public void An_IPv4_client_of_an_IPv6_listener_is_known_by_its_IPv4_address()
    {
        IPAddress mapped = IPAddress.Parse("::ffff:10.1.2.3");
        Assert.Equal(IPAddress.Parse("10.1.2.3"), ClientLimits.Plain(new IPEndPoint(mapped, 1)));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Each_connection_has_so_many_bytes_a_second_and_not_more(IoBackendKind kind)
    {
        const int Rate = 20_000;
        var clock = new FakeClock();
        using var scene = new ServiceScene(kind, options => options with { Rate = Rate }, clock: clock);
        (Socket client, Socket server) = scene.Connect();
        byte[] sent = Sockets.Pattern(3 * Rate / 2);
        scene.Deliver(client, sent);
        scene.Loop.Passes(30);
        Assert.InRange(scene.Statistics.BytesToTargets, 1, Rate / 10); // what may come at once
        for (int i = 1; i <= 4; i++)
        {
            Advance(scene, clock, TimeSpan.FromMilliseconds(250));
            Assert.InRange(scene.Statistics.BytesToTargets, i * Rate / 4 * 9 / 10, (i * Rate / 4) + (Rate / 10));
        }

        Advance(scene, clock, _second);
        Assert.Equal(sent, server.ReadExactlyWhile(scene.Loop, sent.Length));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void All_connections_together_share_a_rate_in_turn(IoBackendKind kind)
    {
        const int Rate = 80_000;
        var clock = new FakeClock();
        using var scene = new ServiceScene(kind, options => options with { TotalRate = Rate }, clock: clock);
        (Socket Client, Socket Server)[] pairs = [.. Enumerable.Range(0, 4).Select(_ => scene.Connect())];
        byte[] sent = Sockets.Pattern(Rate / 2);
        Array.ForEach(pairs, pair => scene.Deliver(pair.Client, sent));
        Advance(scene, clock, _second);
        Assert.InRange(scene.Statistics.BytesToTargets, Rate * 9 / 10, Rate * 11 / 10);
        int[] passed = [.. pairs.Select(each => each.Server.Available)];
        Assert.All(passed, each => Assert.InRange(each, Rate / 6, Rate / 3)); // nobody starves, nobody has more
        Advance(scene, clock, 2 * _second);
        Assert.All(pairs, pair => Assert.Equal(sent, pair.Server.ReadExactlyWhile(scene.Loop, sent.Length)));
    }

    // Each was given a whole share for a few bytes, and what was left of it to nobody before the next tick.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Small_messages_are_not_held_up_by_a_rate_that_is_far_from_used(IoBackendKind kind)
    {
        var clock = new FakeClock(); // stands still: whoever waits for the next tick waits for ever
        using var scene = new ServiceScene(kind, options => options with { TotalRate = 1_000_000, Rate = 100_000 }, clock: clock);
        (Socket Client, Socket Server)[] pairs = [.. Enumerable.Range(0, 10).Select(_ => scene.Connect())];
        for (int round = 0; round < 5; round++)
        {
            Array.ForEach(pairs, pair => pair.Client.Send(new byte[100]));
            Assert.All(pairs, pair => Assert.Equal(100, pair.Server.ReadExactlyWhile(scene.Loop, 100).Length));
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_common_rate_is_used_up_and_shared_evenly_where_each_has_one_of_its_own(IoBackendKind kind)
    {
        const int Rate = 400_000;
        const int Own = 100_000; // together more than there is
        var clock = new FakeClock();
        using var scene = new ServiceScene(kind, options => options with { TotalRate = Rate, Rate = Own }, clock: clock);
        (Socket Client, Socket Server)[] pairs = [.. Enumerable.Range(0, 20).Select(_ => scene.Connect())];
        Array.ForEach(pairs, pair => scene.Deliver(pair.Client, Sockets.Pattern(60_000)));
        Advance(scene, clock, 2 * _second);
        Assert.InRange(scene.Statistics.BytesToTargets, 2 * Rate * 9 / 10, 2 * Rate * 11 / 10);
        Assert.All(pairs, pair => Assert.InRange(pair.Server.Available, Rate / 20, Rate * 4 / 20));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_connection_that_is_silent_for_too_long_ends_and_one_that_is_not_does_not(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(kind, options => options with { IdleTimeout = 4 * _second }, clock: clock);
        (Socket silent, _) = scene.Connect();
        (Socket busy, Socket server) = scene.Connect();
        for (int i = 0; i < 5; i++)
        {
            clock.Advance(_second);
            busy.Send("x"u8);
            Assert.Single(server.ReadExactlyWhile(scene.Loop, 1));
        }

        Assert.Equal(EndReason.IdleTimeout, scene.AwaitEnd().Reason);
        Assert.Empty(scene.ReadAll(silent).Bytes);
        busy.Send("y"u8);
        Assert.Single(server.ReadExactlyWhile(scene.Loop, 1));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_connection_ends_when_its_lifetime_is_over(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(kind, options => options with { Lifetime = 3 * _second }, clock: clock);
        (Socket client, Socket server) = scene.Connect();
        client.Send("x"u8);
        Assert.Single(server.ReadExactlyWhile(scene.Loop, 1));
        clock.Advance(3 * _second);
        ConnectionRecord record = scene.AwaitEnd();
        Assert.Equal(EndReason.Lifetime, record.Reason);
        Assert.InRange(record.Duration, 3 * _second, 4 * _second);
        Assert.Equal((Array.Empty<byte>(), SocketError.Success), scene.ReadAll(client));
    }

    private static void Advance(ServiceScene scene, FakeClock clock, TimeSpan time)
    {
        for (TimeSpan done = TimeSpan.Zero; done < time; done += TimeSpan.FromMilliseconds(5))
        {
            clock.Advance(TimeSpan.FromMilliseconds(5));
            scene.Loop.Passes(6);
        }
    }

    private static Socket DialFrom(ServiceScene scene, string address)
    {
        Socket client = scene.Keep(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Unspecified));
        client.ReceiveTimeout = 20_000;
        client.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        client.Connect(scene.Address);
        return client;
    }
}
