using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Loop;

/// <summary>Bytes that go from one channel to another without being looked at.</summary>
public class TransferTests
{
    private const int Much = 20 << 20; // far more reads than make a stream of it

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void A_stream_arrives_whole_at_a_slow_reader_and_so_does_its_end(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new Scene(kind, family);
        byte[] sent = Sockets.Pattern(Much);
        Companion sending = Companion.Start(() =>
        {
            scene.From.Send(sent);
            scene.From.Shutdown(SocketShutdown.Send);
        });
        byte[] got = scene.ReadSlowly();
        sending.Join(scene.Loop);
        Assert.True(sent.AsSpan().SequenceEqual(got));
        Assert.Equal(Much, scene.Source.Moved);
        scene.Loop.AssertIdle();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Small_pieces_and_large_ones_keep_their_order(IoBackendKind kind)
    {
        using var scene = new Scene(kind, AddressFamily.InterNetwork);
        byte[] sent = Sockets.Pattern(Much);
        var random = new Random(5);
        Companion sending = Companion.Start(() =>
        {
            for (int done = 0; done < sent.Length;)
            {
                int piece = random.Next(3) == 0 ? random.Next(1, 100) : random.Next(1, 1 << 20);
                done += scene.From.Send(sent, done, Math.Min(piece, sent.Length - done), SocketFlags.None);
            }

            scene.From.Shutdown(SocketShutdown.Send);
        });
        byte[] got = scene.ReadSlowly();
        sending.Join(scene.Loop);
        Assert.True(sent.AsSpan().SequenceEqual(got));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_is_sent_behind_a_stream_that_is_stuck_comes_behind_it(IoBackendKind kind)
    {
        using var scene = new Scene(kind, AddressFamily.InterNetwork);
        byte[] sent = Sockets.Pattern(Much);
        Companion sending = scene.Stick(sent);
        scene.Target.Send("tail"u8);
        scene.Source.Close(); // what it has moved stays the target's
        scene.Target.ShutdownSend();
        int moved = (int)scene.Source.Moved;
        byte[] got = scene.ReadSlowly();
        Assert.Equal([.. sent.AsSpan(0, moved), .. "tail"u8], got);
        scene.From.Dispose();
        sending.Join();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_target_that_closes_still_delivers_what_it_may_hold(IoBackendKind kind)
    {
        using var scene = new Scene(kind, AddressFamily.InterNetwork);
        byte[] sent = Sockets.Pattern(Much);
        Companion sending = scene.Stick(sent);
        long left = scene.Target.OutBufferLength;
        scene.Target.SendBound = 8 << 20; // what a close keeps
        scene.Target.Close();
        int moved = (int)scene.Source.Moved;
        Assert.True(left > 0);
        Assert.True(sent.AsSpan(0, moved).SequenceEqual(scene.ReadSlowly()));
        scene.From.Dispose();
        sending.Join();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_target_whose_peer_resets_in_the_middle_leaves_nothing_behind(IoBackendKind kind)
    {
        using var scene = new Scene(kind, AddressFamily.InterNetwork);
        Companion sending = scene.Stick(Sockets.Pattern(Much));
        scene.To.ResetOnClose();
        scene.To.Dispose();
        scene.Loop.RunUntil(() => !scene.Target.Connected, "the reset");
        Assert.Equal(0, scene.Target.OutBufferLength);
        scene.From.Dispose();
        sending.Join();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_class_that_overrides_Send_is_given_every_byte(IoBackendKind kind)
    {
        using var scene = new Scene(kind, AddressFamily.InterNetwork, (socket, loop) => new Counting(socket, loop));
        byte[] sent = Sockets.Pattern(Much);
        Companion sending = Companion.Start(() =>
        {
            scene.From.Send(sent);
            scene.From.Shutdown(SocketShutdown.Send);
        });
        Assert.True(sent.AsSpan().SequenceEqual(scene.ReadSlowly()));
        sending.Join(scene.Loop);
        Assert.Equal(Much, ((Counting)scene.Target).Sent);
    }

    [Fact]
    public void Channels_of_two_loops_are_refused()
    {
        using var scene = new Scene(IoBackendKind.Epoll, AddressFamily.InterNetwork);
        using EventLoop other = TestLoop.Create(IoBackendKind.Epoll);
        using var stranger = new DispatcherWithSend(null, other);
        Assert.Throws<InvalidOperationException>(() => scene.Source.TransferTo(stranger));
        Assert.Throws<ArgumentOutOfRangeException>(() => scene.Source.TransferTo(scene.Target, 0));
    }

    private sealed class Scene : IDisposable
    {
        public Scene(IoBackendKind kind, AddressFamily family, Func<Socket, EventLoop, DispatcherWithSend>? make = null)
        {
            Loop = TestLoop.Create(kind);
            (Target, To) = Loop.Join(family, make ?? ((socket, loop) => new Back(socket, loop)));
            (Source, From) = Loop.Join(family, (socket, loop) => new Pump(socket, loop, Target));
            if (Target is Back back)
            {
                back.Source = Source;
            }

            Target.HighWaterMark = 1;
        }

        public EventLoop Loop { get; }

        public Pump Source { get; }

        public DispatcherWithSend Target { get; }

        /// <summary>Where the bytes come from, and where they go to.</summary>
        public Socket From { get; }

        public Socket To { get; }

        /// <summary>Sends until nothing moves any more.</summary>
        public Companion Stick(byte[] bytes)
        {
            Companion sending = Companion.Start(() =>
            {
                try
                {
                    From.Send(bytes);
                }
                catch (Exception error) when (error is SocketException or ObjectDisposedException)
                {
                    // closed before it was through
                }
            });
            long moved;
            do
            {
                moved = Source.Moved;
                Loop.RunUntil(() => Target.OutBufferLength > 0, "a full target");
                Loop.Passes(50); // the system may take more yet
            }
            while (Source.Moved != moved || Target.OutBufferLength == 0);
            Loop.AssertIdle();
            return sending;
        }

        /// <summary>All there is to the end, in small pieces.</summary>
        public byte[] ReadSlowly()
        {
            var all = new MemoryStream();
            Companion.Start(() =>
            {
                byte[] buffer = new byte[30_000];
                while (To.Receive(buffer) is > 0 and var count)
                {
                    all.Write(buffer, 0, count);
                }
            }).Join(Loop);
            return all.ToArray();
        }

        public void Dispose()
        {
            From.Dispose();
            To.Dispose();
            Loop.Dispose();
        }
    }

    private sealed class Pump(Socket socket, EventLoop loop, DispatcherWithSend target) : Dispatching(socket, loop)
    {
        public long Moved { get; private set; }

        protected override void HandleRead() => Moved += TransferTo(target);

        protected override void HandleEndOfStream() => target.ShutdownSend();
    }

    // Its water marks are the source's brake.
    private sealed class Back(Socket socket, EventLoop loop) : Dispatching(socket, loop)
    {
        public Pump? Source { get; set; }

        protected override void HandleHighWater() => Source!.PauseReading();

        protected override void HandleLowWater()
        {
            if (Source!.Connected)
            {
                Source.ResumeReading();
            }
        }
    }

    private sealed class Counting(Socket socket, EventLoop loop) : Dispatching(socket, loop)
    {
        public long Sent { get; private set; }

        public override int Send(ReadOnlySpan<byte> data)
        {
            Sent += data.Length;
            return base.Send(data);
        }
    }

    private class Dispatching : DispatcherWithSend
    {
        protected Dispatching(Socket socket, EventLoop loop)
            : base(socket, loop) => AllowHalfOpen = true;

        protected override void HandleClose() => Close();
    }
}
