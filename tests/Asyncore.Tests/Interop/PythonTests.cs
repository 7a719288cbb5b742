using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Asyncore.Protocols;
using Asyncore.Tests.Http;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Interop.InteropAsserts;

namespace Asyncore.Tests.Interop;

/// <summary>Python's own asyncore on the other side, in both directions; its programs are in Python/.</summary>
public class PythonTests
{
    private const int Size = 320_000;

    /// <summary>Seconds from 1900 to 1970 (RFC 868).</summary>
    private const long UnixEpoch = 2_208_988_800;

    /// <summary>What a server of asyncore prints that had nothing to complain of.</summary>
    private const string OnlyListening = @"^listening on \S+\n$";

    private static readonly DateTimeOffset _noon = new(2024, 2, 29, 12, 0, 0, TimeSpan.Zero);

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Our_client_talks_to_its_echo_server(IoBackendKind kind, AddressFamily family)
    {
        EndPoint where = Backends.AnyAddress(family);
        byte[] data = Sockets.Pattern(Size);
        using EventLoop loop = TestLoop.Create(kind);
        using Peer server = PythonPeer.Start("echo_server", where.ToString()!, "3");
        EndPoint address = server.ReadAddress(family, where);
        Talker[] talkers = [.. Enumerable.Range(0, 3).Select(_ => new Talker(address, data, Manners.Echoed, loop))];
        loop.Run();
        Assert.All(talkers, talker =>
        {
            Assert.Null(talker.Error);
            AssertSame(data, talker.Received);
        });
        Assert.Matches(OnlyListening, server.WaitForText());
        where.Remove();
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Its_client_talks_to_our_echo_server(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using var server = new EchoServer(Backends.AnyAddress(family), loop);
        using Peer client = PythonPeer.Start("echo_client", server.Address!.ToString()!, $"{Size}", "3");
        Assert.Equal("same same same\n", client.WaitForText(loop));
        loop.End(server);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Its_client_talks_to_its_server_through_our_forwarder(IoBackendKind kind, AddressFamily family)
    {
        EndPoint where = Backends.AnyAddress(family);
        using EventLoop loop = TestLoop.Create(kind);
        using Peer server = PythonPeer.Start("echo_server", where.ToString()!, "3");
        EndPoint address = server.ReadAddress(family, where);
        var forwarder = new Forwarder(Backends.AnyAddress(family), address, loop: loop);
        using Peer client = PythonPeer.Start("echo_client", forwarder.Address!.ToString()!, $"{Size}", "3");
        Assert.Equal("same same same\n", client.WaitForText(loop));
        Assert.Matches(OnlyListening, server.WaitForText(loop));
        loop.End(forwarder);
        where.Remove();
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void Our_client_asks_its_time_server(IoBackendKind kind, AddressFamily family)
    {
        EndPoint where = Backends.AnyAddress(family);
        string count = (_noon.ToUnixTimeSeconds() + UnixEpoch - 100).ToString(CultureInfo.InvariantCulture);
        using EventLoop loop = TestLoop.Create(kind, new FakeClock { TimeOfDay = _noon });
        using Peer server = PythonPeer.Start("time_server", where.ToString()!, count);
        var request = new Asked(server.ReadAddress(family, where), loop);
        loop.RunUntil(() => request.Delta is not null || request.Error is not null, "the time");
        Assert.Null(request.Error);
        Assert.Equal(100, request.Delta);
        loop.Run();
        Assert.Matches(OnlyListening, server.WaitForText());
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void Its_client_asks_our_time_server(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind, new FakeClock { TimeOfDay = _noon });
        var server = new TimeServer(Backends.AnyAddress(family), loop);
        using Peer client = PythonPeer.Start("time_client", server.Address!.ToString()!);
        Assert.Equal($"{_noon.ToUnixTimeSeconds() + UnixEpoch}\n", client.WaitForText(loop));
        loop.End(server);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void Our_client_gets_from_its_http_server(IoBackendKind kind, AddressFamily family)
    {
        EndPoint where = Backends.AnyAddress(family);
        using Peer server = PythonPeer.Start("http_server", where.ToString()!, $"{Size}");
        EndPoint address = server.ReadAddress(family, where);
        using var scene = new HttpScene(kind);
        RecordingConsumer[] all =
        [
            .. ((string[])["sized", "chunked", "close"]).Select(path => scene.Get(new Uri($"http://{address}/{path}"))),
        ];
        var redirected = new RecordingConsumer();
        scene.Start(new Uri($"http://{address}/redirect"), new RedirectingConsumer(redirected), redirected);
        scene.Run();
        byte[] body = Body();
        Assert.All([.. all, redirected], consumer =>
        {
            Assert.Equal("header 200, feed, close", consumer.Told);
            AssertSame(body, consumer.BodyBytes);
        });
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void Its_http_client_gets_from_a_server_on_our_loop(IoBackendKind kind, AddressFamily family)
    {
        byte[] body = Body();
        using var scene = new HttpScene(kind, family: family);
        scene.Server.On("/body", connection =>
        {
            connection.Send($"HTTP/1.0 200 OK\r\n\r\n");
            connection.Send(body);
            connection.ShutdownSend();
        });
        using Peer client = PythonPeer.Start("http_client", scene.Server.Address!.ToString()!, "/body");
        AssertSame([.. "HTTP/1.0 200 OK\r\n\r\n"u8, .. body], client.WaitForExit(scene.Loop));
        scene.End();
    }

    // As http_server.py makes it.
    private static byte[] Body() =>
    [
        .. Enumerable.Range(0, Size / SHA256.HashSizeInBytes).SelectMany(
            i => SHA256.HashData(Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture)))),
    ];

    private sealed class Asked(EndPoint server, EventLoop loop) : TimeRequest(server, loop)
    {
        public long? Delta { get; private set; }

        public Exception? Error { get; private set; }

        protected internal override void AdjustTime(long delta) => Delta = delta;

        protected internal override void HandleFailure(Exception error) => Error = error;
    }
}
