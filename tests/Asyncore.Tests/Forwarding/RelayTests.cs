using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Asyncore.Forwarding;
using Asyncore.Protocols;
using Asyncore.Tests.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>What a service does with bytes, ends and resets.</summary>
public class RelayTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Each_side_may_end_alone_and_all_is_delivered(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new ServiceScene(kind, family: family);
        (Socket client, Socket server) = scene.Connect();
        byte[] request = Sockets.Pattern(1_000_000);
        byte[] answer = Sockets.Pattern(700_000);
        Companion serving = Companion.Start(() =>
        {
            Assert.Equal(SHA256.HashData(request), SHA256.HashData(server.ReadToEnd()));
            server.Send(answer);
            server.Dispose();
        });
        Companion asking = Companion.Start(() =>
        {
            client.Send(request);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(SHA256.HashData(answer), SHA256.HashData(client.ReadToEnd()));
        });
        serving.Join(scene.Loop);
        asking.Join(scene.Loop);
        ConnectionRecord record = scene.AwaitEnd();
        Assert.Equal(EndReason.ClientClosed, record.Reason);
        Assert.Equal(request.Length, record.BytesToTarget);
        Assert.Equal(answer.Length, record.BytesToClient);
        Assert.Equal(request.Length, scene.Statistics.BytesToTargets);
        Assert.Equal(answer.Length, scene.Statistics.BytesToClients);
        Assert.Equal(0, scene.Statistics.Active);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_target_that_ends_first_is_still_sent_to(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind);
        (Socket client, Socket server) = scene.Connect();
        byte[] sent = Sockets.Pattern(1_000_000);
        server.Send("hello"u8);
        server.Shutdown(SocketShutdown.Send);
        Companion asking = Companion.Start(() =>
        {
            Assert.Equal("hello"u8.ToArray(), client.ReadToEnd());
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(scene.ReadAll(server).Bytes));
        asking.Join(scene.Loop);
        Assert.Equal(EndReason.TargetClosed, scene.AwaitEnd().Reason);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_targets_reset_is_one_for_the_client_behind_the_bytes(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind);
        (Socket client, Socket server) = scene.Connect();
        CheckReset(scene, server, client);
        Assert.Equal(EndReason.TargetReset, scene.AwaitEnd().Reason);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_clients_reset_is_one_for_the_target_behind_the_bytes(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind);
        (Socket client, Socket server) = scene.Connect();
        CheckReset(scene, client, server);
        Assert.Equal(EndReason.ClientReset, scene.AwaitEnd().Reason);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Sixty_relays_in_odd_pieces_both_ways_mix_nothing_up(IoBackendKind kind)
    {
        const int Count = 60;
        using var scene = new ServiceScene(kind);
        var servers = new List<Companion>();
        Companion clients = Companion.Start(() =>
        {
            Companion[] all = [.. Enumerable.Range(0, Count).Select(i => Companion.Start(() => Speak(scene.Address, i)))];
            Array.ForEach(all, each => each.Join());
        });
        for (int i = 0; i < Count; i++)
        {
            Socket server = scene.Accept();
            servers.Add(Companion.Start(() => Answer(server)));
        }

        servers.ForEach(each => each.Join(scene.Loop));
        clients.Join(scene.Loop);
        scene.AwaitEnd(Count);
        Assert.Equal(scene.Records.Sum(each => each.BytesToTarget), scene.Statistics.BytesToTargets);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_burst_and_a_close_at_once_reach_a_slow_reader_whole(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind);
        (Socket client, Socket server) = scene.Connect();
        client.ShrinkBuffers();
        byte[] sent = Sockets.Pattern(8 << 20);
        Companion serving = Companion.Start(() =>
        {
            server.Send(sent);
            server.Dispose();
        });
        byte[] got = new byte[sent.Length + 1];
        int done = 0;
        Companion.Start(() =>
        {
            while (client.Receive(got, done, Math.Min(4096, got.Length - done), SocketFlags.None) is > 0 and var count)
            {
                done += count;
            }
        }).Join(scene.Loop);
        serving.Join(scene.Loop);
        Assert.Equal(sent.Length, done);
        Assert.True(sent.AsSpan().SequenceEqual(got.AsSpan(0, done)));
        client.Dispose();
        Assert.Equal(EndReason.TargetClosed, scene.AwaitEnd().Reason);
    }

    // What a side that never reads may cost: the kernel's buffers, and a few chunks of ours.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_client_and_then_a_target_that_never_read_hold_the_other_back(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind);
        (Socket client, Socket server) = scene.Connect();
        byte[] pattern = Sockets.Pattern(64 << 20);
        int down = scene.Loop.SendUntilStuck(server, pattern);
        Assert.InRange(down, 64 * 1024, (64 << 20) - 1);
        int up = scene.Loop.SendUntilStuck(client, pattern);
        Assert.InRange(up, 64 * 1024, (64 << 20) - 1);
        scene.Loop.AssertIdle();
        Assert.True(scene.Loop.Channels.Values.OfType<RelayChannel>().All(each => each.OutBufferLength <= 512 * 1024));
        Assert.True(pattern.AsSpan(0, down).SequenceEqual(Take(client, down)));
        Assert.True(pattern.AsSpan(0, up).SequenceEqual(Take(server, up)));

        byte[] Take(Socket from, int count)
        {
            byte[] got = [];
            Companion.Start(() => got = from.ReadExactly(count)).Join(scene.Loop);
            return got;
        }
    }

    private static void CheckReset(ServiceScene scene, Socket from, Socket to)
    {
        byte[] sent = Sockets.Pattern(200_000);
        Companion.Start(() => from.Send(sent)).Join(scene.Loop);
        scene.Loop.RunUntil(() => from.Unacknowledged() == 0, "the bytes to arrive");
        from.ResetOnClose();
        from.Dispose();
        (byte[] got, SocketError error) = scene.ReadAll(to);
        Assert.Equal(sent, got);
        Assert.Equal(SocketError.ConnectionReset, error);
    }

    private static void Speak(EndPoint address, int seed)
    {
        using Socket client = Sockets.Dial(address);
        var random = new Random(seed);
        byte[] all = new byte[100_000 + random.Next(200_000)];
        random.NextBytes(all);
        for (int done = 0; done < all.Length;)
        {
            int piece = Math.Min(1 + random.Next(9_000), all.Length - done);
            done += client.Send(all, done, piece, SocketFlags.None);
        }

        client.Shutdown(SocketShutdown.Send);
        Assert.Equal([.. SHA256.HashData(all), .. all], client.ReadToEnd());
    }

    // The digest, and then everything in other pieces than it came.
    private static void Answer(Socket server)
    {
        byte[] all = server.ReadToEnd();
        server.Send(SHA256.HashData(all));
        for (int done = 0; done < all.Length;)
        {
            done += server.Send(all, done, Math.Min(7_777, all.Length - done), SocketFlags.None);
        }

        server.Dispose();
    }
}
