using System.Net.Sockets;
using Asyncore.Tests.Chat;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Regressions;

/// <summary>What once went wrong with producers.</summary>
public class ProducerRegressionTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_producer_that_becomes_ready_while_it_is_asked_is_asked_before_the_loop_waits(IoBackendKind kind)
    {
        // Asked before the wait, it was asked again after it only, whenever that was.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        loop.Post(() => chat.PushWithProducer(new Eager()));
        Companion reader = Companion.Start(() =>
        {
            try
            {
                Assert.Equal("ab"u8.ToArray(), peer.ReadExactly(2));
            }
            finally
            {
                loop.Stop();
            }
        });
        loop.Run(); // nothing else happens in it
        reader.Join();
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_part_of_a_composite_may_discard_what_is_to_be_sent(IoBackendKind kind)
    {
        // The composite, disposed by that, looked for the part that it had just asked.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        chat.PushWithProducer(new CompositeProducer(new ScriptedProducer(() =>
        {
            chat.DiscardOutputBuffers();
            return default;
        })));
        loop.Passes(5);
        Assert.Null(chat.Error);
        Assert.True(chat.Connected);
        chat.Push("on"u8);
        loop.Passes(2);
        Assert.Equal("on"u8.ToArray(), peer.ReadExactly(2));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_producer_that_has_failed_is_not_asked_again(IoBackendKind kind)
    {
        // It was where it said that it is ready before its failure was told.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        var producer = new Waiting { Fails = true };
        chat.PushWithProducer(producer);
        chat.Flush();
        producer.Raise();
        loop.RunUntil(() => chat.Error is not null);
        loop.Passes(3);
        Assert.Equal(1, producer.Asked);
        Assert.IsType<FormatException>(chat.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_producer_is_not_asked_because_one_behind_it_is_ready(IoBackendKind kind)
    {
        // Whichever of them was ready, the one in front was asked.
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
        using FarEnd _ = peer;
        var first = new Waiting();
        var second = new DeferredProducer();
        chat.PushWithProducer(first);
        chat.PushWithProducer(second);
        loop.Passes(3);
        Assert.Equal(1, first.Asked);
        second.Add("behind"u8.ToArray());
        loop.Passes(3);
        Assert.Equal(1, first.Asked);
        first.Raise();
        loop.Passes(3);
        Assert.Equal(2, first.Asked);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A_count_past_the_largest_position_sends_what_the_file_has(IoBackendKind kind)
    {
        // The sum of offset and count was below zero, so that the file seemed to have been sent.
        string path = Path.Combine(Path.GetTempPath(), $"asyncore-{Guid.NewGuid():N}");
        File.WriteAllText(path, "hello");
        try
        {
            using EventLoop loop = TestLoop.Create(kind);
            (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
            using FarEnd _ = peer;
            chat.PushWithProducer(new FileProducer(path, 1, long.MaxValue));
            loop.RunUntil(() => loop.Channels.Count == 0);
            Assert.IsType<EndOfStreamException>(chat.CloseReason);
            Assert.Equal("ello"u8.ToArray(), peer.ReadExactly(4));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Files_that_the_kernel_makes_up_are_sent_like_others(IoBackendKind kind)
    {
        // The system refuses to send from some of them, which ended the channel; those have to be read.
        foreach (string path in (string[])
            ["/proc/self/status", "/proc/cpuinfo", "/sys/devices/system/cpu/online", "/dev/zero", "/dev/urandom",
            "/dev/null"])
        {
            using EventLoop loop = TestLoop.Create(kind);
            (ChatRecorder chat, FarEnd peer) = loop.JoinChat();
            using FarEnd _ = peer;
            long? count = path is "/dev/zero" or "/dev/urandom" ? 1000 : null;
            chat.PushWithProducer(new FileProducer(path, 0, count));
            chat.CloseWhenDone();
            Companion reader = Companion.Start(() =>
            {
                int length = peer.ReadToEnd().Length;
                bool isRight = count is { } all ? length == all : length > 0 == (path != "/dev/null");
                Assert.True(isRight, $"{path}: {length}");
            });
            reader.Join(loop);
            loop.RunUntil(() => chat.HasEnded);
            Assert.True(chat.Error is null, $"{path}: {chat.Error}");
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_log_that_throws_does_not_keep_others_from_sending(IoBackendKind kind)
    {
        // It threw out of the walk over the channels that send, and out of the loop.
        using EventLoop loop = TestLoop.Create(kind);
        (ThrowingLog chat, FarEnd peer) = Join(loop);
        using FarEnd _ = peer;
        (ChatRecorder other, FarEnd otherPeer) = loop.JoinChat();
        using FarEnd __ = otherPeer;
        chat.PushWithProducer(new ScriptedProducer(() =>
        {
            chat.Close();
            throw new FormatException("no more");
        }));
        other.Push("on"u8);
        loop.Passes(3);
        Assert.Equal("on"u8.ToArray(), otherPeer.ReadExactly(2));
        Assert.NotEqual(0, chat.Thrown);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_log_that_throws_does_not_end_a_chat_whose_producer_cannot_be_disposed(IoBackendKind kind)
    {
        // It was taken for the producer's own failure.
        using EventLoop loop = TestLoop.Create(kind);
        (ThrowingLog chat, FarEnd peer) = Join(loop);
        using FarEnd _ = peer;
        chat.PushWithProducer(new Undisposable());
        chat.Push("on"u8);
        loop.Passes(3);
        Assert.Equal("on"u8.ToArray(), peer.ReadExactly(2));
        Assert.True(chat.Connected);
        Assert.NotEqual(0, chat.Thrown);
    }

    private static (ThrowingLog Chat, FarEnd Peer) Join(EventLoop loop) =>
        loop.Join(AddressFamily.InterNetwork, (socket, owner) => new ThrowingLog(socket, owner));

    private sealed class ThrowingLog(Socket socket, EventLoop loop) : ChatRecorder(socket, loop)
    {
        public int Thrown { get; private set; }

        protected override void LogInfo(string message, string type = "info")
        {
            Thrown++;
            throw new InvalidOperationException("the log is full");
        }
    }

    private sealed class Undisposable : IProducer, IDisposable
    {
        public ReadOnlyMemory<byte> More() => default;

        public void Dispose() => throw new FormatException("cannot be disposed");
    }

    private sealed class Eager : IDeferredProducer
    {
        private int _asked;

        public event Action? Ready;

        public bool IsDone => _asked > 2;

        public ReadOnlyMemory<byte> More()
        {
            switch (_asked++)
            {
                case 0:
                    Ready!();
                    return default;
                case 1:
                    return "ab"u8.ToArray();
                default:
                    return default;
            }
        }
    }

    private sealed class Waiting : IDeferredProducer
    {
        public event Action? Ready;

        public bool Fails { get; init; }

        public int Asked { get; private set; }

        public bool IsDone => false;

        public void Raise() => Ready?.Invoke();

        public ReadOnlyMemory<byte> More()
        {
            Asked++;
            return Fails ? throw new FormatException("no more") : default;
        }
    }
}
