using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>A service as a whole: options that change, the end, sockets from elsewhere, and what it tells.</summary>
public class ServiceTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Under_load_other_options_lose_no_connection(IoBackendKind kind)
    {
        const int Clients = 40;
        using var scene = new ServiceScene(kind, targets: 2);
        byte[] bytes = Sockets.Pattern(300_000);
        EndPoint address = scene.Address;
        Companion[] echoes = [.. scene.Targets.Select(each => Companion.Start(() => EchoAll(each)))];
        Companion clients = Companion.Start(() =>
        {
            Companion[] all = [.. Enumerable.Range(0, Clients).Select(_ => Companion.Start(() => Ask(address, bytes)))];
            Array.ForEach(all, each => each.Join());
        });
        ListenerOptions both = scene.Options.Listeners[0];
        ListenerOptions first = both with { Targets = [both.Targets[0]], IdleTimeout = TimeSpan.FromMinutes(1) };
        int reloads = 0;
        scene.Loop.RunUntil(
            () =>
            {
                scene.Service.Apply(new ServiceOptions { Listeners = [++reloads % 2 == 0 ? both : first] });
                return scene.Records.Count == Clients;
            },
            "the end of every connection");
        clients.Join(scene.Loop);
        Assert.True(reloads > 1);
        Assert.All(scene.Records, each => Assert.Equal(bytes.Length, each.BytesToClient));
        Assert.Equal(Clients, scene.Statistics.Accepted);
        Array.ForEach(scene.Targets, each => each.Dispose());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_listener_that_is_gone_from_the_options_closes_and_its_connections_live_on(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind);
        (Socket client, Socket server) = scene.Connect();
        EndPoint gone = scene.Address;
        var other = new ListenerOptions
        {
            Listen = new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0),
            Targets = scene.Options.Listeners[0].Targets,
        };
        scene.Service.Apply(new ServiceOptions { Listeners = [other] });
        Assert.Equal(IPAddress.Parse("127.0.0.2"), ((IPEndPoint)Assert.Single(scene.Service.Addresses)).Address);
        Sockets.AwaitRefused(gone);
        client.Send("still"u8);
        Assert.Equal("still"u8.ToArray(), server.ReadExactlyWhile(scene.Loop, 5));
        scene.Connect(); // by the new one
        Assert.Equal(2, scene.Service.Connections);
    }

    [Fact]
    public void Options_of_which_one_cannot_be_listened_at_change_nothing()
    {
        using var scene = new ServiceScene(IoBackendKind.Epoll);
        using Socket taken = Sockets.Listen(AddressFamily.InterNetwork);
        ListenerOptions kept = scene.Options.Listeners[0];
        var options = new ServiceOptions
        {
            Listeners =
            [
                kept with { Name = "other" },
                kept with { Listen = new IPEndPoint(IPAddress.Parse("127.0.0.9"), 0) },
                kept with { Listen = taken.LocalEndPoint! },
            ],
        };
        var error = Assert.Throws<ForwardListenException>(() => scene.Service.Apply(options));
        Assert.Equal($"cannot listen on {taken.LocalEndPoint}: Address already in use", error.Message);
        Assert.Same(scene.Options, scene.Service.Options);
        Assert.Single(scene.Loop.Channels);
        scene.Connect();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Stopping_lets_connections_end_by_themselves(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind);
        (Socket client, Socket server) = scene.Connect();
        EndPoint address = scene.Address;
        int? cut = null;
        scene.Service.Stop(number => cut = number);
        Sockets.AwaitRefused(address);
        byte[] sent = Sockets.Pattern(2_000_000);
        Companion sending = Companion.Start(() =>
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(scene.ReadAll(server).Bytes));
        sending.Join(scene.Loop);
        Assert.Null(cut);
        server.Dispose();
        scene.Loop.RunUntil(() => cut is not null, "the end");
        Assert.Equal(0, cut);
        Assert.Empty(scene.Loop.Channels);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Under_load_stopping_cuts_nobody(IoBackendKind kind)
    {
        const int Clients = 30;
        using var scene = new ServiceScene(kind);
        byte[] bytes = Sockets.Pattern(500_000);
        EndPoint address = scene.Address;
        Companion echo = Companion.Start(() => EchoAll(scene.Targets[0]));
        Companion[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Companion.Start(() => Ask(address, bytes)))];
        scene.Loop.RunUntil(() => scene.Statistics.Accepted == Clients, "every client");
        int? cut = null;
        scene.Service.Stop(number => cut = number);
        Assert.Null(cut); // they are at it
        Array.ForEach(clients, each => each.Join(scene.Loop));
        scene.Loop.RunUntil(() => cut is not null, "the end");
        Assert.Equal(0, cut);
        Assert.All(scene.Records, each => Assert.Equal(bytes.Length, each.BytesToClient));
        scene.Targets[0].Dispose();
        echo.Join();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void At_the_deadline_those_that_are_left_are_cut_and_counted(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(kind, clock: clock);
        (Socket client, Socket server) = scene.Connect();
        scene.Connect();
        int? cut = null;
        scene.Service.Stop(number => cut = number);
        scene.Loop.Passes(3);
        clock.Advance(scene.Options.DrainTimeout);
        scene.Loop.RunUntil(() => cut is not null, "the deadline");
        Assert.Equal(2, cut);
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(client).Error);
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(server).Error);
        Assert.All(scene.Records, each => Assert.Equal(EndReason.Stopped, each.Reason));
    }

    [Fact]
    public void Stopping_twice_cuts_at_once()
    {
        using var scene = new ServiceScene(IoBackendKind.Epoll);
        scene.Connect();
        int? cut = null;
        scene.Service.Stop(number => cut = number);
        Assert.Null(cut);
        scene.Service.Stop();
        Assert.Equal(1, cut);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Who_waits_to_be_accepted_is_accepted_before_the_listener_closes(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind);
        Socket[] clients = [.. Enumerable.Range(0, 20).Select(_ => scene.Dial())];
        scene.Service.Stop();
        foreach (Socket each in clients)
        {
            each.Send("x"u8);
            Assert.Single(scene.Accept().ReadExactlyWhile(scene.Loop, 1));
        }
    }

    [Fact]
    public void A_socket_that_listens_already_is_used_by_address_or_by_name()
    {
        using Socket target = Sockets.Listen(AddressFamily.InterNetwork);
        Socket byAddress = Sockets.Listen(AddressFamily.InterNetwork);
        Socket byName = Sockets.Listen(AddressFamily.InterNetwork);
        Socket nobodys = Sockets.Listen(AddressFamily.InterNetwork);
        EndPoint named = byName.LocalEndPoint!;
        var inherited = new InheritedSockets([(string.Empty, byAddress), ("web", byName), ("x", nobodys)]);
        ValueList<TargetOptions> targets = [new TargetOptions { Address = target.LocalEndPoint! }];
        using EventLoop loop = TestLoop.Create(IoBackendKind.Epoll);
        using var service = new ForwardService(
            new ServiceOptions
            {
                Listeners =
                [
                    new ListenerOptions { Listen = byAddress.LocalEndPoint!, Targets = targets },
                    new ListenerOptions { Name = "web", Listen = new IPEndPoint(IPAddress.Loopback, 0), Targets = targets },
                ],
            },
            loop,
            inherited);
        Assert.Equal(named, service.Addresses[1]);
        Assert.Same(nobodys, Assert.Single(inherited.Left));
        foreach (EndPoint each in service.Addresses)
        {
            using Socket client = Sockets.Dial(each);
            loop.RunUntil(() => target.Poll(0, SelectMode.SelectRead), "the connection");
            target.Accept().Dispose();
        }

        nobodys.Dispose();
    }

    [Fact]
    public void A_path_that_a_killed_server_left_behind_is_listened_at_and_one_in_use_is_not()
    {
        var path = (UnixDomainSocketEndPoint)Backends.AnyAddress(AddressFamily.Unix);
        using Socket target = Sockets.Listen(AddressFamily.InterNetwork);
        var options = new ServiceOptions
        {
            Listeners = [new ListenerOptions { Listen = path, Targets = [new TargetOptions { Address = target.LocalEndPoint! }] }],
        };
        using EventLoop loop = TestLoop.Create(IoBackendKind.Epoll);
        var killed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        killed.Bind(path);
        killed.Listen();
        var error = Assert.Throws<ForwardListenException>(() => new ForwardService(options, loop));
        Assert.Equal($"cannot listen on unix:{path}: Address already in use", error.Message);
        LeaveBehind(killed, path);
        using (var service = new ForwardService(options, loop))
        {
            using Socket client = Sockets.Dial(path);
            loop.RunUntil(() => target.Poll(0, SelectMode.SelectRead), "the connection");
        }

        Assert.False(File.Exists(path.ToString()));
        File.WriteAllText(path.ToString(), string.Empty);
        Assert.Throws<ForwardListenException>(() => new ForwardService(options, loop));
        Assert.True(File.Exists(path.ToString())); // it is no socket, and so not ours to remove
        File.Delete(path.ToString());
    }

    [Fact]
    public void A_record_is_a_line_of_text_and_a_line_of_JSON()
    {
        var record = new ConnectionRecord
        {
            Number = 7,
            Listener = "web",
            Client = IPEndPoint.Parse("192.0.2.1:5000"),
            Target = new DnsEndPoint("db", 5432),
            BytesToTarget = 12,
            BytesToClient = 3456,
            Ended = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
            Duration = TimeSpan.FromMilliseconds(1234),
            Reason = EndReason.ClientReset,
            Detail = "a \"why\"",
        };
        Assert.Equal(
            "2026-01-02T03:04:05.678Z web #7 192.0.2.1:5000 > db:5432 12 B up 3456 B down 1.234 s reset by client (a \"why\")",
            record.ToText());
        using JsonDocument json = JsonDocument.Parse(record.ToJson());
        JsonElement root = json.RootElement;
        Assert.Equal("192.0.2.1:5000", root.GetProperty("client").GetString());
        Assert.Equal("db:5432", root.GetProperty("target").GetString());
        Assert.Equal(12, root.GetProperty("bytesToTarget").GetInt64());
        Assert.Equal(3456, root.GetProperty("bytesToClient").GetInt64());
        Assert.Equal(1.234, root.GetProperty("seconds").GetDouble());
        Assert.Equal("clientReset", root.GetProperty("reason").GetString());
        Assert.Equal("a \"why\"", root.GetProperty("detail").GetString());
        Assert.DoesNotContain('\n', record.ToJson());
    }

    [Fact]
    public void Counters_can_be_collected_by_anybody_on_any_thread()
    {
        using var scene = new ServiceScene(IoBackendKind.Epoll, options => options with { Name = "metered" });
        (Socket client, Socket server) = scene.Connect();
        client.Send("12345"u8);
        server.ReadExactlyWhile(scene.Loop, 5);
        var found = new Dictionary<string, long>();
        Companion.Start(() =>
        {
            using var listener = new MeterListener();
            listener.InstrumentPublished = (instrument, each) =>
            {
                if (instrument.Meter.Name == "Asyncore.Forwarding")
                {
                    each.EnableMeasurementEvents(instrument);
                }
            };
            listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            {
                string[] all = [.. tags.ToArray().Select(tag => $"{tag.Value}")];
                if (all.Contains("metered"))
                {
                    found[string.Join(' ', [instrument.Name, .. all.Skip(1)])] = value;
                }
            });
            listener.Start();
            listener.RecordObservableInstruments();
        }).Join(scene.Loop);
        Assert.Equal(1, found["asyncore.forward.connections"]);
        Assert.Equal(1, found["asyncore.forward.active"]);
        Assert.Equal(5, found["asyncore.forward.bytes to_target"]);
        Assert.Equal(0, found["asyncore.forward.bytes to_client"]);
        Assert.Equal(0, found["asyncore.forward.refused TooMany"]);
        Assert.Equal(1, found[$"asyncore.forward.target.up {scene.Targets[0].LocalEndPoint}"]);
        Assert.Equal(1, found[$"asyncore.forward.target.active {scene.Targets[0].LocalEndPoint}"]);
    }

    // .NET removes the file when a socket is closed; a process that is killed does not.
    private static void LeaveBehind(Socket socket, UnixDomainSocketEndPoint path)
    {
        string file = path.ToString();
        File.Move(file, file + ".kept");
        socket.Dispose();
        File.Move(file + ".kept", file);
    }

    private static void EchoAll(Socket listener)
    {
        try
        {
            while (true)
            {
                Socket server = listener.Accept();
                Companion.Start(() =>
                {
                    byte[] buffer = new byte[64 * 1024];
                    while (server.Receive(buffer) is > 0 and var count)
                    {
                        server.Send(buffer, 0, count, SocketFlags.None);
                    }

                    server.Dispose();
                });
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // the listener has been closed, while this waited or before it asked again
        }
    }

    private static void Ask(EndPoint address, byte[] bytes)
    {
        using Socket client = Sockets.Dial(address);
        Companion sending = Companion.Start(() =>
        {
            client.Send(bytes);
            client.Shutdown(SocketShutdown.Send);
        });
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(client.ReadToEnd()));
        sending.Join();
    }
}
