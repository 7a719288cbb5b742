using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Protocols;

public class TimeRequestTests
{
    private static readonly DateTimeOffset _wrap = new(2036, 2, 7, 6, 28, 16, TimeSpan.Zero);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Both_sides_agree_on_one_clock(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind, new FakeClock { TimeOfDay = _wrap });
        var server = new TimeServer(Backends.AnyAddress(AddressFamily.InterNetwork), loop);
        var request = new Asking(server.Address!, loop);
        loop.RunUntil(() => request.IsDone, "the answer");
        Assert.Equal([0L], request.Deltas);
        Assert.Null(request.Error);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_server_is_found_by_name(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var server = new TimeServer(Backends.AnyAddress(AddressFamily.InterNetwork), loop);
        var request = new Asking(new DnsEndPoint("127.0.0.1", ((IPEndPoint)server.Address!).Port), loop);
        loop.RunUntil(() => request.IsDone, "the answer");
        Assert.InRange(Assert.Single(request.Deltas), -1, 1);
    }

    [Theory]
    [InlineData(0, -100, 100)]
    [InlineData(0, 100, -100)]
    [InlineData(100, -100, 200)] // local in the new era, the server in the old one
    [InlineData(-100, 100, -200)] // and the other way about
    [InlineData(-1, 0, -1)]
    [InlineData(0, -1, 1)]
    [InlineData(2_000_000_000, 1_999_999_000, 1000)]
    [InlineData(0, 2_147_483_647, -2_147_483_647)] // 68 years are as far as it goes
    public void The_era_is_the_one_that_puts_the_server_nearest(long local, long server, long expected)
    {
        var clock = new FakeClock { TimeOfDay = _wrap.AddSeconds(local).AddMilliseconds(999) };
        using var scene = new Scene(IoBackendKind.Epoll, clock);
        byte[] answer = BitConverter.GetBytes(IPAddress.HostToNetworkOrder(unchecked((int)(uint)server)));
        Asking request = scene.Ask(connection => connection.Send(answer));
        scene.Loop.RunUntil(() => request.IsDone, "the answer");
        Assert.Equal([expected], request.Deltas);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_bytes_may_come_one_at_a_time(IoBackendKind kind)
    {
        using var scene = new Scene(kind, new FakeClock { TimeOfDay = _wrap });
        Asking request = scene.Ask();
        scene.Loop.RunUntil(() => scene.Peer is { Connected: true }, "the connection");
        foreach (byte each in new byte[] { 0, 0, 1, 2 })
        {
            Assert.Empty(request.Deltas);
            scene.Peer!.Send([each]);
            scene.Loop.Passes(5);
        }

        scene.Loop.RunUntil(() => request.IsDone, "the answer");
        Assert.Equal([-258L], request.Deltas);
        Assert.Single(scene.Loop.Channels); // the listener: nothing of the request is left
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_server_that_leaves_the_connection_open_is_believed_after_a_second(IoBackendKind kind)
    {
        var clock = new FakeClock { TimeOfDay = _wrap };
        using var scene = new Scene(kind, clock) { KeepsOpen = true };
        Asking request = scene.Ask(connection => connection.Send([0, 0, 0, 1]));
        scene.Loop.RunUntil(() => scene.Peer is { HasEnded: true }, "the end of the request's own side");
        Assert.False(request.IsDone);
        clock.Advance(TimeSpan.FromSeconds(1));
        scene.Loop.RunUntil(() => request.IsDone, "the answer");
        Assert.Equal([-1L], request.Deltas);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Fewer_than_four_bytes_are_a_failure(IoBackendKind kind)
    {
        using var scene = new Scene(kind);
        Asking request = scene.Ask(connection =>
        {
            connection.Send([1, 2, 3]);
            connection.Close();
        });
        scene.Loop.RunUntil(() => request.IsDone, "the failure");
        var error = Assert.IsType<EndOfStreamException>(request.Error);
        Assert.Contains("3 of four", error.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_server_that_closes_without_a_word_is_a_failure(IoBackendKind kind)
    {
        using var scene = new Scene(kind);
        Asking request = scene.Ask(connection => connection.Close());
        scene.Loop.RunUntil(() => request.IsDone, "the failure");
        Assert.IsType<EndOfStreamException>(request.Error);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_fifth_byte_is_a_failure(IoBackendKind kind)
    {
        using var scene = new Scene(kind);
        Asking request = scene.Ask(connection => connection.Send([1, 2, 3, 4, 5]));
        scene.Loop.RunUntil(() => request.IsDone, "the failure");
        Assert.IsType<InvalidDataException>(request.Error);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_fifth_byte_that_comes_later_is_a_failure(IoBackendKind kind)
    {
        using var scene = new Scene(kind) { KeepsOpen = true };
        Asking request = scene.Ask(connection => connection.Send([1, 2, 3, 4]));
        scene.Loop.RunUntil(() => scene.Peer is { HasEnded: true }, "the end of the request's own side");
        scene.Peer!.Send([5]);
        scene.Loop.RunUntil(() => request.IsDone, "the failure");
        Assert.IsType<InvalidDataException>(request.Error);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_reset_is_a_failure(IoBackendKind kind)
    {
        using var scene = new Scene(kind);
        Asking request = scene.Ask(connection => connection.Abort());
        scene.Loop.RunUntil(() => request.IsDone, "the failure");
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(request.Error).SocketErrorCode);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_refused_connection_is_a_failure(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        var request = new Asking(nobody.LocalEndPoint!, loop);
        loop.Run(); // nothing is left of it in the loop
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(request.Error).SocketErrorCode);
        Assert.Equal(1, request.Told);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_silent_server_is_a_failure_when_the_time_is_up(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new Scene(kind, clock);
        Asking request = scene.Ask(connection => connection.Send([1]));
        request.Timeout = TimeSpan.FromSeconds(3);
        scene.Loop.RunUntil(() => scene.Peer is not null, "the connection");
        scene.Loop.Passes(10); // the byte has come, and the wait starts again
        clock.Advance(TimeSpan.FromSeconds(2.9));
        scene.Loop.Passes(5);
        Assert.False(request.IsDone);
        clock.Advance(TimeSpan.FromSeconds(0.1));
        scene.Loop.RunUntil(() => request.IsDone, "the failure");
        Assert.IsType<TimeoutException>(request.Error);
        Assert.Equal(1, request.Told);
    }

    [Fact]
    public void A_request_that_is_closed_tells_nothing_more()
    {
        using var scene = new Scene(IoBackendKind.Epoll);
        Asking request = scene.Ask(connection => connection.Send([1, 2, 3, 4]));
        request.Close();
        request.Close();
        scene.Loop.Passes(10);
        Assert.Equal(0, request.Told);
    }

    [Fact]
    public void A_timeout_must_be_above_zero()
    {
        using var scene = new Scene(IoBackendKind.Epoll);
        Asking request = scene.Ask();
        Assert.Throws<ArgumentOutOfRangeException>(() => request.Timeout = TimeSpan.Zero);
    }

    private sealed class Asking(EndPoint address, EventLoop loop) : TimeRequest(address, loop)
    {
        public List<long> Deltas { get; } = [];

        public Exception? Error { get; private set; }

        public int Told { get; private set; }

        public bool IsDone => Told > 0;

        protected internal override void AdjustTime(long delta)
        {
            Told++;
            Deltas.Add(delta);
        }

        protected internal override void HandleFailure(Exception error)
        {
            Told++;
            Error = error;
        }
    }

    /// <summary>A server that does as it is told, in the loop of the request.</summary>
    private sealed class Scene : IDisposable
    {
        private readonly Listener _listener;

        public Scene(IoBackendKind kind, TimeProvider? clock = null)
        {
            Loop = TestLoop.Create(kind, clock);
            _listener = new Listener(this).ListenOn(AddressFamily.InterNetwork);
        }

        public EventLoop Loop { get; }

        public bool KeepsOpen { get; init; }

        public Connection? Peer { get; private set; }

        private Action<Connection>? Script { get; set; }

        public Asking Ask(Action<Connection>? script = null)
        {
            Script = script;
            return new Asking(_listener.Address!, Loop);
        }

        public void Dispose() => Loop.Dispose();

        private sealed class Listener(Scene scene) : Dispatcher(null, scene.Loop)
        {
            protected override void HandleAccepted(AcceptedChannel accepted)
            {
                scene.Peer = new Connection(accepted, scene.KeepsOpen);
                scene.Script?.Invoke(scene.Peer);
            }
        }
    }

    private sealed class Connection : DispatcherWithSend
    {
        private readonly bool _keepsOpen;

        public Connection(AcceptedChannel accepted, bool keepsOpen)
            : base(accepted)
        {
            _keepsOpen = keepsOpen;
            AllowHalfOpen = true;
        }

        public bool HasEnded { get; private set; }

        protected override void HandleRead() => Receive();

        protected override void HandleEndOfStream()
        {
            HasEnded = true;
            if (!_keepsOpen)
            {
                Close();
            }
        }

        protected override void HandleClose() => Close();
    }
}
