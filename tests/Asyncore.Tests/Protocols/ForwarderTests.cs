using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Asyncore.Tests.Protocols;

public class ForwarderTests
{
    private const int OwnPort = 27_001; // below those that the system gives of its own accord
    private const int EightMegabytes = 8 << 20;

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void A_client_that_half_closes_gets_its_answer(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new ForwardScene(kind, family);
        (Socket client, Socket server) = scene.Connect();
        byte[] request = Sockets.Pattern(1_000_000);
        byte[] answer = SHA256.HashData(request);
        Companion serving = Companion.Start(() =>
        {
            server.Send(SHA256.HashData(server.ReadToEnd())); // not before it has seen the end
            server.Dispose();
        });
        Companion asking = Companion.Start(() =>
        {
            client.Send(request);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(answer, client.ReadToEnd());
            client.Dispose();
        });
        serving.Join(scene.Loop);
        asking.Join(scene.Loop);
        scene.RunToEnd();
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void A_server_that_half_closes_is_still_sent_to(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new ForwardScene(kind, family);
        (Socket client, Socket server) = scene.Connect();
        byte[] sent = Sockets.Pattern(1_000_000);
        Companion serving = Companion.Start(() =>
        {
            server.Send("hello"u8);
            server.Shutdown(SocketShutdown.Send);
            Assert.Equal(SHA256.HashData(sent), SHA256.HashData(server.ReadToEnd()));
        });
        Companion asking = Companion.Start(() =>
        {
            Assert.Equal("hello"u8.ToArray(), client.ReadToEnd());
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        asking.Join(scene.Loop);
        serving.Join(scene.Loop);
        scene.RunToEnd();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Eight_megabytes_and_a_close_at_once_reach_a_slow_client_whole(IoBackendKind kind)
    {
        using var scene = new ForwardScene(kind);
        (Socket client, Socket server) = scene.Connect();
        client.ShrinkBuffers();
        byte[] sent = Sockets.Pattern(EightMegabytes);
        Companion serving = Companion.Start(() =>
        {
            server.Send(sent);
            server.Dispose();
        });
        Companion reading = Companion.Start(() =>
        {
            byte[] got = new byte[EightMegabytes];
            int done = 0;
            while (client.Receive(got, done, Math.Min(4096, got.Length - done), SocketFlags.None) is > 0 and var count)
            {
                done += count;
            }

            Assert.Equal(EightMegabytes, done);
            Assert.Equal(SHA256.HashData(sent), SHA256.HashData(got));
            Assert.Equal(0, client.Receive(new byte[1])); // in order, not by a reset
            client.Dispose();
        });
        serving.Join(scene.Loop);
        reading.Join(scene.Loop);
        scene.RunToEnd();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_came_before_a_close_is_there_for_a_client_that_reads_after_it(IoBackendKind kind)
    {
        using var scene = new ForwardScene(kind);
        (Socket client, Socket server) = scene.Connect();
        byte[] sent = Sockets.Pattern(300_000);
        scene.Deliver(server, sent);
        server.Dispose();
        Companion.Start(() => Assert.True(client.ReadToEnd().AsSpan().SequenceEqual(sent))).Join(scene.Loop);
    }

    // The client's bytes meet a server that has closed, and come back as a reset. The server's stream had ended
    // before that, so to the client it ends in order.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_client_that_speaks_to_a_closed_server_still_gets_all_that_it_had_sent(IoBackendKind kind)
    {
        using var scene = new ForwardScene(kind);
        (Socket client, Socket server) = scene.Connect();
        byte[] sent = Sockets.Pattern(300_000);
        scene.Deliver(server, sent);
        server.Dispose();
        client.Send("late"u8);
        scene.Loop.RunUntil(() => !scene.Relays.OfType<Sender>().Any(), "the reset");
        Companion.Start(() => Assert.True(client.ReadToEnd().AsSpan().SequenceEqual(sent))).Join(scene.Loop);
        scene.RunToEnd();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Many_relays_at_once_mix_nothing_up_and_leave_nothing_behind(IoBackendKind kind)
    {
        const int Count = 100;
        using EventLoop loop = TestLoop.Create(kind);
        var echo = new EchoServer(new IPEndPoint(IPAddress.Loopback, 0), loop);
        var forwarder = new Forwarder("127.0.0.1", 0, "127.0.0.1", ((IPEndPoint)echo.Address!).Port, loop: loop);
        Companion.Start(() =>
        {
            Socket[] clients = [.. Enumerable.Range(0, Count).Select(_ => Sockets.Dial(forwarder.Address!))];
            for (int i = 0; i < Count; i++)
            {
                clients[i].Send(Own(i));
                clients[i].Shutdown(SocketShutdown.Send);
            }

            for (int i = 0; i < Count; i++)
            {
                Assert.Equal(Own(i), clients[i].ReadToEnd());
                clients[i].Dispose();
            }
        }).Join(loop);
        loop.RunUntil(() => loop.Channels.Count == 2, "the end of every relay");

        static byte[] Own(int client)
        {
            byte[] bytes = new byte[20_000 + client];
            new Random(client).NextBytes(bytes);
            return bytes;
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_server_that_cannot_be_reached_closes_the_client_and_is_one_line_in_the_log(IoBackendKind kind)
    {
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        var address = (IPEndPoint)nobody.LocalEndPoint!;
        CheckUnreachable(kind, address, $"cannot connect to {address}: ");
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_name_that_nobody_has_closes_the_client_and_is_one_line_in_the_log(IoBackendKind kind)
    {
        string name = new string('x', 70) + ".invalid"; // longer than a label may be, so that nobody is asked
        CheckUnreachable(kind, new DnsEndPoint(name, 80), $"cannot connect to {name}:80: ");
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_connection_that_cannot_be_set_up_does_not_cost_the_listener(IoBackendKind kind)
    {
        var log = new List<string>();
        using EventLoop loop = new(new EventLoopOptions { Backend = kind, LoggerFactory = new LogTo(LogLevel.Information, log) });
        var echo = new EchoServer(new IPEndPoint(IPAddress.Loopback, 0), loop);
        var forwarder = new Faulty(echo.Address!, loop);
        Companion.Start(() =>
        {
            using Socket unlucky = Sockets.Dial(forwarder.Address!);
            Assert.Empty(unlucky.ReadToEnd());
            using Socket lucky = Sockets.Dial(forwarder.Address!);
            lucky.Send("hello"u8);
            Assert.Equal("hello"u8.ToArray(), lucky.ReadExactly(5));
        }).Join(loop);
        Assert.Contains("no luck", Assert.Single(log), StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_in_use_is_an_exception_and_leaves_nothing_in_the_loop()
    {
        using EventLoop loop = new();
        using Socket there = Sockets.Listen(AddressFamily.InterNetwork);
        var error = Assert.Throws<SocketException>(
            () => new Forwarder(there.LocalEndPoint!, there.LocalEndPoint!, loop: loop));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        Assert.Empty(loop.Channels);
    }

    /// <summary>Where it listens, and where it is to connect to; ports are the same.</summary>
    public static TheoryData<string, string> Itself
    {
        get
        {
            var data = new TheoryData<string, string>
            {
                { "127.0.0.1", "127.0.0.1" },
                { "127.0.0.1", "0.0.0.0" },
                { "127.0.0.1", "::ffff:127.0.0.1" },
                { "127.0.0.1", "localhost" },
                { "127.0.0.2", "127.0.0.2" },
                { "", "127.0.0.1" },
                { "0.0.0.0", "127.1.2.3" },
                { "0.0.0.0", "localhost" },
                { "0.0.0.0", Dns.GetHostName() },
                { "::1", "::1" },
                { "::", "::1" },
                { "::", "::" },
            };
            foreach (IPAddress address in NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(card => card.GetIPProperties().UnicastAddresses)
                .Select(each => each.Address)
                .Where(address => !IPAddress.IsLoopback(address)))
            {
                data.Add(address.AddressFamily == AddressFamily.InterNetwork ? "0.0.0.0" : "::", address.ToString());
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Itself))]
    public void It_does_not_forward_to_itself(string ip, string remote)
    {
        using var loop = new EventLoop();
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => new Forwarder(ip, OwnPort, remote, OwnPort, loop: loop));
        Assert.Equal("remote", error.ParamName);
        Assert.Empty(loop.Channels);
        Assert.False(loop.RunOnce(TimeSpan.Zero));
    }

    [Fact]
    public void It_does_not_forward_to_its_own_path()
    {
        using var loop = new EventLoop();
        EndPoint path = Backends.AnyAddress(AddressFamily.Unix);
        var same = new UnixDomainSocketEndPoint(path.ToString()!);
        Assert.Throws<ArgumentException>(() => new Forwarder(path, same, loop: loop));
        Assert.False(File.Exists(path.ToString()));
    }

    // The ports need not be free: what is asked is only whether it is refused for this reason.
    [Theory]
    [InlineData("127.0.0.1", OwnPort, "127.0.0.1", OwnPort + 1)]
    [InlineData("127.0.0.1", OwnPort, "127.0.0.2", OwnPort)]
    [InlineData("127.0.0.2", OwnPort, "localhost", OwnPort)]
    [InlineData("::", OwnPort, "127.0.0.1", OwnPort)]
    [InlineData("0.0.0.0", OwnPort, "::1", OwnPort)]
    [InlineData("0.0.0.0", OwnPort, "192.0.2.1", OwnPort)]
    [InlineData("0.0.0.0", OwnPort, "example.invalid", OwnPort)]
    [InlineData("127.0.0.1", 0, "127.0.0.1", OwnPort)]
    public void It_forwards_to_others_on_the_same_port(string ip, int port, string remote, int remotePort)
    {
        using var loop = new EventLoop();
        try
        {
            using var forwarder = new Forwarder(ip, port, remote, remotePort, loop: loop);
            Assert.True(forwarder.Accepting);
        }
        catch (SocketException error)
        {
            Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        }
    }

    private static void CheckUnreachable(IoBackendKind kind, EndPoint remote, string line)
    {
        var log = new List<string>();
        using EventLoop loop = new(new EventLoopOptions { Backend = kind, LoggerFactory = new LogTo(LogLevel.Information, log) });
        var forwarder = new Forwarder(new IPEndPoint(IPAddress.Loopback, 0), remote, loop: loop);
        Companion.Start(() =>
        {
            using Socket silent = Sockets.Dial(forwarder.Address!);
            Assert.Empty(silent.ReadToEnd());
            using Socket talking = Sockets.Dial(forwarder.Address!);
            talking.Send("hello"u8);
            Assert.Empty(talking.ReadToEnd());
        }).Join(loop);
        loop.RunUntil(() => loop.Channels.Count == 1, "the end of both relays");
        Assert.True(forwarder.Accepting);
        Assert.Equal(2, log.Count);
        Assert.All(log, each => Assert.Contains(line, each, StringComparison.Ordinal));
        Assert.All(log, each => Assert.DoesNotContain('\n', each));
    }

    private sealed class Faulty(EndPoint remote, EventLoop loop)
        : Forwarder(new IPEndPoint(IPAddress.Loopback, 0), remote, loop: loop)
    {
        private bool _threw;

        protected override void HandleAccepted(AcceptedChannel accepted)
        {
            if (!_threw)
            {
                _threw = true;
                throw new InvalidOperationException("no luck");
            }

            base.HandleAccepted(accepted);
        }
    }
}
