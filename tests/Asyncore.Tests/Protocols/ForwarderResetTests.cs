using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Protocols;

public class ForwarderResetTests
{
    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void A_servers_reset_reaches_the_client_behind_the_bytes(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new ForwardScene(kind, family);
        (Socket client, Socket server) = scene.Connect();
        CheckReset(scene, from: server, to: client);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void A_clients_reset_reaches_the_server_behind_the_bytes(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new ForwardScene(kind, family);
        (Socket client, Socket server) = scene.Connect();
        CheckReset(scene, from: client, to: server);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_reset_of_an_idle_connection_is_passed_on(IoBackendKind kind)
    {
        using var scene = new ForwardScene(kind);
        (Socket client, Socket server) = scene.Connect();
        client.ResetOnClose();
        client.Dispose();
        Companion.Start(() => Assert.Equal(SocketError.ConnectionReset, server.ReadToError())).Join(scene.Loop);
        scene.RunToEnd();
    }

    // The reset waits behind bytes that nobody reads, costs nothing meanwhile, and is not taken for an orderly end,
    // even where the client's own bytes have met it first.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_reset_behind_a_full_relay_is_still_a_reset(IoBackendKind kind)
    {
        using var scene = new ForwardScene(kind);
        (Socket client, Socket server) = scene.Connect();
        byte[] pattern = Sockets.Pattern(16 << 20);
        int sent = scene.Loop.SendUntilStuck(server, pattern);
        server.ResetOnClose();
        server.Dispose();
        scene.Loop.Passes(3);
        scene.Loop.AssertIdle();
        client.Send("does this arrive?"u8);
        scene.Loop.Passes(3);

        byte[] got = [];
        SocketError error = SocketError.Success;
        Companion.Start(() => (got, error) = client.ReadAll()).Join(scene.Loop);
        Assert.Equal(SocketError.ConnectionReset, error);
        Assert.InRange(got.Length, 64 * 1024, sent); // what the server's system had not sent is lost at the server
        Assert.True(pattern.AsSpan(0, got.Length).SequenceEqual(got));
        scene.RunToEnd();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Closing_one_side_of_a_relay_closes_the_other_behind_its_bytes(IoBackendKind kind)
    {
        using var scene = new ForwardScene(kind);
        (Socket client, Socket server) = scene.Connect();
        server.Send(Sockets.Pattern(30_000));
        scene.Loop.RunUntil(() => client.Available == 30_000, "the bytes");
        Sender sender = Assert.Single(scene.Relays.OfType<Sender>());
        Assert.Same(sender, sender.Receiver.Sender);
        sender.Close();
        int got = 0;
        Companion.Start(() => got = client.ReadToEnd().Length).Join(scene.Loop);
        Assert.Equal(30_000, got);
        scene.RunToEnd();
    }

    private static void CheckReset(ForwardScene scene, Socket from, Socket to)
    {
        byte[] sent = Sockets.Pattern(200_000);
        scene.Deliver(from, sent);
        from.ResetOnClose();
        from.Dispose();
        byte[] got = [];
        SocketError error = SocketError.Success;
        Companion.Start(() => (got, error) = to.ReadAll()).Join(scene.Loop);
        Assert.Equal(sent, got);
        Assert.Equal(SocketError.ConnectionReset, error);
        scene.RunToEnd();
    }
}
