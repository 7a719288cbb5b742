using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Each fault that may be asked for is there, and only where it was asked for.</summary>
public class FaultTests
{
    private static readonly TimeSpan _delay = TimeSpan.FromMilliseconds(100);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Bytes_and_their_end_are_held_back_one_way_only(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = Make(kind, clock, new FaultOptions { Delay = _delay });
        (Socket client, Socket server) = scene.Connect();
        server.Send("back"u8);
        Assert.Equal(4, client.ReadExactlyWhile(scene.Loop, 4).Length); // no delay this way
        client.Send("hello"u8);
        client.Shutdown(SocketShutdown.Send);
        scene.AwaitRead(client);
        clock.Advance(_delay - TimeSpan.FromMilliseconds(1));
        scene.Loop.Passes(10);
        Assert.Equal(0, server.Available);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        scene.Await(server, 5);
        Assert.Equal("hello"u8.ToArray(), server.ReadExactlyWhile(scene.Loop, 5));
        for (int i = 0; i < 5; i++)
        {
            scene.Loop.Passes(5);
            clock.Advance(_delay); // the end came in later than the bytes
        }

        Assert.Empty(scene.ReadAll(server).Bytes);
        server.Dispose();
        Assert.Equal(EndReason.ClientClosed, scene.AwaitEnd().Reason);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_a_fault_keeps_back_does_not_count_as_passed_on(IoBackendKind kind)
    {
        using var scene = Make(kind, null, new FaultOptions { CutAfter = 1000 });
        (Socket client, Socket server) = scene.Connect();
        client.Send(Sockets.Pattern(5000));
        Assert.Equal(1000, scene.ReadAll(server).Bytes.Length);
        server.Dispose();
        ConnectionRecord record = scene.AwaitEnd();
        Assert.Equal((EndReason.FaultCut, 1000L, 0L), (record.Reason, record.BytesToTarget, record.BytesToClient));
        Assert.Equal(1000, scene.Statistics.BytesToTargets);
    }

    // By the stage itself, whose bytes have a time each.
    [Fact]
    public void Jitter_is_within_its_bounds_never_turns_bytes_round_and_comes_again_with_the_seed()
    {
        double[] first = Delays(seed: 7);
        Assert.All(first, each => Assert.InRange(each, 80, 120));
        Assert.True(first.Distinct().Count() > 10);
        Assert.Equal(first, Delays(seed: 7));
        Assert.NotEqual(first, Delays(seed: 8));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_narrow_line_passes_no_more_than_it_can(IoBackendKind kind)
    {
        const int Bandwidth = 10_000;
        var clock = new FakeClock();
        using var scene = Make(kind, clock, new FaultOptions { Bandwidth = Bandwidth });
        (Socket client, Socket server) = scene.Connect();
        byte[] sent = Sockets.Pattern(2 * Bandwidth);
        scene.Deliver(client, sent);
        scene.AwaitRead(client);
        for (int i = 1; i <= 4; i++)
        {
            Advance(scene, clock, TimeSpan.FromMilliseconds(500));
            scene.Await(server, i * Bandwidth / 2 * 9 / 10); // the system takes its own time
            Assert.InRange(server.Available, 1, (i * Bandwidth / 2) + (Bandwidth / 20));
        }

        Assert.Equal(sent, server.ReadExactlyWhile(scene.Loop, sent.Length));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Slices_are_sent_one_by_one(IoBackendKind kind)
    {
        using var scene = Make(kind, null, new FaultOptions { Slice = 100 });
        (Socket client, Socket server) = scene.Connect();
        client.Send(Sockets.Pattern(1050));
        scene.Await(server, 1050);
        Assert.Equal(11, SegmentsReceived(server));
        Assert.Equal(Sockets.Pattern(1050), server.ReadExactlyWhile(scene.Loop, 1050));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_connection_is_cut_after_exactly_so_many_bytes(IoBackendKind kind)
    {
        using var scene = Make(kind, null, new FaultOptions { CutAfter = 70_000 });
        (Socket client, Socket server) = scene.Connect();
        Companion sending = Companion.Start(() =>
        {
            try
            {
                client.Send(Sockets.Pattern(200_000));
            }
            catch (SocketException)
            {
                // cut
            }
        });
        Assert.Equal(Sockets.Pattern(70_000), scene.ReadAll(server).Bytes);
        sending.Join(scene.Loop);
        Assert.Equal(EndReason.FaultCut, scene.AwaitEnd().Reason);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Both_sides_are_reset_when_the_time_has_come(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = Make(kind, clock, new FaultOptions { ResetAfter = TimeSpan.FromSeconds(5) });
        (Socket client, Socket server) = scene.Connect();
        client.Send("x"u8);
        Assert.Single(server.ReadExactlyWhile(scene.Loop, 1));
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(EndReason.FaultReset, scene.AwaitEnd().Reason);
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(client).Error);
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(server).Error);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_stalled_direction_passes_nothing_and_the_other_goes_on(IoBackendKind kind)
    {
        using var scene = Make(kind, null, new FaultOptions { Stall = true });
        (Socket client, Socket server) = scene.Connect();
        client.Send("lost"u8);
        scene.AwaitRead(client);
        server.Send("heard"u8);
        Assert.Equal("heard"u8.ToArray(), client.ReadExactlyWhile(scene.Loop, 5));
        Assert.Equal(0, server.Available);
        scene.Loop.AssertIdle();
        client.ResetOnClose();
        client.Dispose();
        scene.AwaitEnd(); // it does not stay for ever
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(server).Error);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_is_held_back_is_bounded_and_all_of_it_arrives(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = Make(kind, clock, new FaultOptions { Delay = _delay });
        (Socket client, Socket server) = scene.Connect();
        byte[] sent = Sockets.Pattern(20 << 20);
        Companion sending = Companion.Start(() =>
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        var side = (ClientSide)scene.Loop.Channels.Values.Single(each => each is ClientSide);
        scene.Loop.RunUntil(() => side.BytesReceived >= 1 << 20, "a full line");
        scene.Loop.Passes(20);
        Assert.InRange(side.BytesReceived, 1 << 20, (1 << 20) + (256 << 10));
        Assert.Equal(0, scene.Statistics.BytesToTargets);
        byte[] got = [];
        Companion reading = Companion.Start(() => got = server.ReadToEnd());
        scene.Loop.RunUntil(
            () =>
            {
                clock.Advance(TimeSpan.FromMilliseconds(10));
                return scene.Statistics.BytesToTargets == sent.Length;
            },
            "all bytes");
        Advance(scene, clock, 5 * _delay);
        reading.Join(scene.Loop);
        sending.Join(scene.Loop);
        Assert.True(sent.AsSpan().SequenceEqual(got));
    }

    private static ServiceScene Make(IoBackendKind kind, FakeClock? clock, FaultOptions toTarget) =>
        new(kind, options => options with { FaultsToTarget = toTarget }, clock: clock);

    private static void Advance(ServiceScene scene, FakeClock clock, TimeSpan time)
    {
        for (TimeSpan done = TimeSpan.Zero; done < time; done += TimeSpan.FromMilliseconds(5))
        {
            clock.Advance(TimeSpan.FromMilliseconds(5));
            scene.Loop.Passes(5);
        }
    }

    // Milliseconds from a byte's coming to its passing on.
    private static double[] Delays(int seed)
    {
        var clock = new FakeClock();
        var faults = new FaultOptions { Delay = _delay, Jitter = TimeSpan.FromMilliseconds(20), Seed = seed };
        using var scene = Make(IoBackendKind.Epoll, clock, faults);
        (Socket client, Socket server) = scene.Connect();
        var delays = new List<double>();
        for (int i = 0; i < 20; i++)
        {
            client.Send("x"u8);
            scene.AwaitRead(client);
            int milliseconds = 0;
            while (server.Available == i)
            {
                Assert.True(++milliseconds < 1000);
                clock.Advance(TimeSpan.FromMilliseconds(1));
                scene.Loop.Passes(2);
            }

            delays.Add(milliseconds);
        }

        return [.. delays];
    }

    // tcp(7), TCP_INFO: data segments that came in, the 64 bits of tcpi_data_segs_in at 152.
    private static int SegmentsReceived(Socket socket)
    {
        byte[] info = new byte[256];
        int length = socket.GetRawSocketOption(6, 11, info);
        Assert.True(length >= 156);
        return BitConverter.ToInt32(info, 152);
    }
}
