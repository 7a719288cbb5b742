using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Servers that do not answer, on a clock that the tests move.</summary>
public class AsyncHttpTimeoutTests
{
    private static readonly TimeSpan _tick = TimeSpan.FromTicks(1);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_connect_that_takes_too_long(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        using var full = new FullListener();
        var consumer = new RecordingConsumer();
        var request = new AsyncHttp(full.Uri, consumer, loop) { ConnectTimeout = TimeSpan.FromSeconds(7) };
        loop.Passes(3);
        Assert.True(request.Connecting);

        clock.Advance(TimeSpan.FromSeconds(7) - _tick);
        loop.Passes(3);
        Assert.Empty(consumer.Events);
        clock.Advance(_tick);
        loop.Passes(1);
        Assert.Equal("failed", consumer.Told);
        HttpTimeoutException error = Assert.IsType<HttpTimeoutException>(consumer.Failure);
        Assert.Equal(HttpTimeoutPhase.Connect, error.Phase);
        Assert.Equal(TimeSpan.FromSeconds(7), error.Timeout);
        Assert.Equal($"127.0.0.1:{full.Uri.Port} could not be connected to for 7 seconds", error.Message);
        Assert.False(request.Connecting);
        loop.Run();
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_connect_timeout_holds_from_the_constructor_on_and_is_thirty_seconds(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        using var full = new FullListener();
        var consumer = new RecordingConsumer();
        var request = new AsyncHttp(full.Uri, consumer, loop);
        Assert.Equal(TimeSpan.FromSeconds(30), request.ConnectTimeout);
        clock.Advance(request.ConnectTimeout);
        loop.Passes(1);
        Assert.Equal("failed", consumer.Told);
        loop.Run();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_server_that_says_nothing(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new HttpScene(kind, clock);
        scene.Server.On("/", _ => { });
        RecordingConsumer consumer = scene.Get(
            "/", request => Assert.Equal(TimeSpan.FromSeconds(60), request.IdleTimeout));
        scene.Loop.RunUntil(() => scene.Server.Requests.Count > 0, "the request");

        clock.Advance(TimeSpan.FromSeconds(60) - _tick);
        scene.Loop.Passes(3);
        Assert.Empty(consumer.Events);
        clock.Advance(_tick);
        scene.Loop.Passes(1);
        Assert.Equal("failed", consumer.Told);
        HttpTimeoutException error = Assert.IsType<HttpTimeoutException>(consumer.Failure);
        Assert.Equal(HttpTimeoutPhase.Idle, error.Phase);
        Assert.Equal(TimeSpan.FromSeconds(60), error.Timeout);
        scene.Run();
        Assert.True(Assert.Single(scene.Server.Connections).ClientLeft);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Every_byte_starts_the_idle_timeout_anew(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new HttpScene(kind, clock);
        ScriptedConnection? server = null;
        scene.Server.On("/", connection =>
        {
            server = connection;
            connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
        });
        RecordingConsumer consumer = scene.Get("/", request => request.IdleTimeout = TimeSpan.FromSeconds(5));
        scene.Loop.RunUntil(() => consumer.Request is not null, "the header");
        for (int received = 1; received <= 8; received++)
        {
            clock.Advance(TimeSpan.FromSeconds(5) - _tick);
            server!.Send("x");
            scene.Loop.RunUntil(() => consumer.Request!.BodyReceived == received, "a byte of the body");
        }

        clock.Advance(TimeSpan.FromSeconds(5));
        scene.Run();
        Assert.Equal("header 200, feed, failed", consumer.Told);
        Assert.Equal(HttpTimeoutPhase.Idle, Assert.IsType<HttpTimeoutException>(consumer.Failure).Phase);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Timeouts_may_be_changed_at_any_time(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new HttpScene(kind, clock);
        scene.Server.On("/", connection => connection.Send("HTTP/1.1 200 OK\r\n\r\n"));
        RecordingConsumer consumer = scene.Get("/", request => request.ConnectTimeout = TimeSpan.MaxValue);
        consumer.OnHeader = request =>
        {
            request.ConnectTimeout = _tick; // too late to matter
            request.IdleTimeout = TimeSpan.FromDays(400);
        };
        clock.Advance(TimeSpan.FromDays(300));
        scene.Loop.RunUntil(() => consumer.Request is not null, "the header");
        clock.Advance(TimeSpan.FromDays(399));
        scene.Loop.Passes(3);
        Assert.Equal("header 200", consumer.Told);
        consumer.Request!.IdleTimeout = TimeSpan.FromSeconds(1);
        clock.Advance(TimeSpan.FromSeconds(1));
        scene.Run();
        Assert.Equal("header 200, failed", consumer.Told);
        consumer.Request.IdleTimeout = _tick; // nothing left to set
        consumer.Request.ConnectTimeout = _tick;
        Assert.False(scene.Loop.RunOnce());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Timeouts_not_above_zero_are_refused(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", "HTTP/1.1 200 OK\r\n\r\n");
        scene.Get("/", request =>
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => request.ConnectTimeout = TimeSpan.Zero);
            Assert.Throws<ArgumentOutOfRangeException>(() => request.IdleTimeout = -_tick);
        });
        scene.Run();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_waiting_loop_is_woken_by_the_timeout(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        using Socket silent = Sockets.Listen(AddressFamily.InterNetwork);
        var consumer = new RecordingConsumer();
        var request = new AsyncHttp(new Uri($"http://{silent.LocalEndPoint}/"), consumer, loop);
        TimeSpan? wait = null;
        clock.OnSet = due =>
        {
            // The loop is about to wait: until then, where there is a connection that nothing comes from.
            if (request.Connected && due > TimeSpan.Zero)
            {
                clock.OnSet = null;
                wait = due;
                ThreadPool.QueueUserWorkItem(_ => clock.Advance(due));
            }
        };
        loop.Run();
        Assert.Equal(TimeSpan.FromSeconds(60), wait);
        Assert.Equal("failed", consumer.Told);
        Assert.Equal(HttpTimeoutPhase.Idle, Assert.IsType<HttpTimeoutException>(consumer.Failure).Phase);
    }

    /// <summary>A listener whose queue is full: Linux answers no further connect.</summary>
    private sealed class FullListener : IDisposable
    {
        private readonly Socket _listener = Sockets.Bound(AddressFamily.InterNetwork);
        private readonly Socket _waiting;

        public FullListener()
        {
            _listener.Listen(0);
            _waiting = Sockets.Dial(_listener.LocalEndPoint!);
        }

        public Uri Uri => new($"http://{_listener.LocalEndPoint}/");

        public void Dispose()
        {
            _waiting.Dispose();
            _listener.Dispose();
        }
    }
}
