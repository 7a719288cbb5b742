using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Tests.Forwarding;
using Asyncore.Tests.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Regressions;

/// <summary>What a reader of the forwarding service found before it was let out.</summary>
public class ForwardServiceTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_target_that_never_reads_does_not_outlive_the_lifetime_for_ever(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(kind, options => options with { Lifetime = 60 * _second }, clock: clock);
        (Socket client, _) = scene.Connect();
        scene.Loop.SendUntilStuck(client, Sockets.Pattern(64 << 20));
        clock.Advance(60 * _second);
        scene.Loop.Passes(20);
        Assert.Empty(scene.Records); // what it holds may still be wanted
        clock.Advance(30 * _second);
        scene.Loop.RunUntil(() => scene.Records.Count == 1, "the end");
        Assert.Equal(EndReason.Lifetime, scene.Records[0].Reason);
        Assert.Equal(0, scene.Statistics.Active);
        Assert.Equal(0, scene.Statistics.Targets[0].Active);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_lifetime_that_ends_over_unread_input_resets_nobody(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(kind, options => options with { Lifetime = 60 * _second, Rate = 1 }, clock: clock);
        (Socket client, Socket server) = scene.Connect();
        server.Send("x"u8);
        Assert.Single(client.ReadExactlyWhile(scene.Loop, 1));
        client.Send(Sockets.Pattern(50_000)); // of which hardly anything is read, by the rate
        scene.Loop.Passes(10);
        clock.Advance(60 * _second);
        scene.AwaitEnd();
        Assert.Equal((Array.Empty<byte>(), SocketError.Success), scene.ReadAll(client));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Names_that_replace_one_that_is_being_resolved_are_resolved_themselves(IoBackendKind kind)
    {
        ListenerOptions? found = null;
        using var scene = new ServiceScene(kind, options =>
        {
            found = options;
            return options with { Targets = [new TargetOptions { Address = new DnsEndPoint("nobody.invalid", 80) }] };
        });
        int port = ((IPEndPoint)found!.Targets[0].Address).Port;
        scene.Dial();
        scene.Loop.RunUntil(() => scene.Statistics.Active == 1, "the connection");
        scene.Service.Apply(new ServiceOptions
        {
            Listeners =
            [
                found with
                {
                    Targets =
                    [
                        new TargetOptions { Address = new DnsEndPoint("nobody-either.invalid", 80) },
                        new TargetOptions { Address = new DnsEndPoint("localhost", port) },
                    ],
                },
            ],
        });
        scene.Accept(); // it has gone on to those
        scene.Service.Apply(new ServiceOptions { Listeners = [found] });
        scene.Connect();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_is_held_back_arrives_though_its_client_has_gone_and_the_target_speaks(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(
            kind, options => options with { FaultsToTarget = new FaultOptions { Delay = _second } }, clock: clock);
        (Socket client, Socket server) = scene.Connect();
        scene.Deliver(client, "question"u8.ToArray());
        scene.AwaitRead(client);
        client.ResetOnClose();
        client.Dispose();
        scene.Loop.Passes(10);
        server.Send("who is there?"u8);
        scene.Loop.Passes(10);
        byte[] got = [];
        Companion reading = Companion.Start(() => got = server.ReadExactly(8));
        scene.Loop.RunUntil(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(10));
                return scene.Records.Count == 1;
            },
            "the end");
        reading.Join(scene.Loop);
        Assert.Equal("question"u8.ToArray(), got);
        Assert.Equal(EndReason.ClientReset, scene.Records[0].Reason);
    }

    [Fact]
    public void A_handler_that_throws_keeps_nobody_from_ending()
    {
        using var scene = new ServiceScene(IoBackendKind.Epoll);
        scene.Connect();
        scene.Connect();
        scene.Connect();
        var errors = new List<Exception>();
        scene.Loop.UnhandledError += errors.Add;
        scene.Service.ConnectionEnded += _ => throw new FormatException("no line");
        int? cut = null;
        scene.Service.Stop(number => cut = number);
        scene.Service.Stop();
        Assert.Equal(3, cut);
        scene.Loop.RunUntil(() => errors.Count == 3, "what was thrown");
        Assert.All(errors, each => Assert.IsType<FormatException>(each));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_connection_that_is_stalled_both_ways_ends_when_both_sides_have(IoBackendKind kind)
    {
        var stall = new FaultOptions { Stall = true };
        using var scene = new ServiceScene(
            kind, options => options with { FaultsToTarget = stall, FaultsToClient = stall });
        (Socket client, Socket server) = scene.Connect();
        client.Send("lost"u8);
        scene.AwaitRead(client);
        client.Dispose();
        scene.Loop.Passes(20);
        Assert.Empty(scene.Records);
        server.Dispose();
        scene.AwaitEnd();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_Unix_client_that_leaves_while_its_target_is_silent_is_no_PROXY_refusal(IoBackendKind kind)
    {
        using var silent = new SilentTarget();
        using var scene = new ServiceScene(
            kind,
            options => options with
            {
                ConnectTimeout = _second,
                Targets = [new TargetOptions { Address = silent.Address }],
            },
            family: AddressFamily.Unix);
        Socket client = scene.Dial();
        scene.Loop.RunUntil(() => scene.Statistics.Targets[0].Active == 1, "the connect");
        client.Dispose();
        Assert.NotEqual(EndReason.Refused, scene.AwaitEnd().Reason);
        Assert.Equal(0, scene.Statistics.RefusedInAll);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_path_that_nobody_has_made_is_a_target_that_rests(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with
        {
            Balance = BalancePolicy.FirstAvailable,
            Targets = [new TargetOptions { Address = Backends.AnyAddress(AddressFamily.Unix) }, options.Targets[0]],
        });
        scene.Connect();
        Assert.True(scene.Statistics.Targets[0].IsResting);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Of_two_times_to_reset_after_the_shorter_holds(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(
            kind,
            options => options with
            {
                FaultsToTarget = new FaultOptions { ResetAfter = 10 * _second },
                FaultsToClient = new FaultOptions { ResetAfter = 2 * _second },
            },
            clock: clock);
        scene.Connect();
        scene.Loop.Passes(5);
        clock.Advance(2 * _second);
        scene.Loop.RunUntil(() => scene.Records.Count == 1, "the reset");
        Assert.Equal(EndReason.FaultReset, scene.Records[0].Reason);
    }

    [Fact]
    public void A_path_from_a_header_cannot_forge_a_line_of_the_log()
    {
        var record = new ConnectionRecord
        {
            Number = 1,
            Listener = "web",
            Client = new UnixDomainSocketEndPoint("/x\n2026-01-01T00:00:00.000Z forged"),
        };
        Assert.DoesNotContain('\n', record.ToText());
    }
}
