using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Chat;

/// <summary>Producers: when they are asked, what they do wrong, and the ones that come with the library.</summary>
public class ProducerTests
{
    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A11_AProducerIsAskedAgainWhenWhatItGaveHasLeft(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        int asked = 0;
        byte[] piece = new byte[1000];
        long waiting = -1;
        chat.PushWithProducer(new Scripted(() =>
        {
            waiting = Math.Max(waiting, chat.OutBufferLength);
            return asked++ < 5000 ? piece : default;
        }));
        loop.Passes(200);
        Assert.InRange(asked, 1, 4999); // the kernel is full, and so it is not asked
        int before = asked;
        loop.Passes(10);
        Assert.Equal(before, asked);
        Assert.Equal(5_000_000, peer.ReadExactly(5_000_000, loop).Length);
        loop.RunUntil(() => asked > 5000);
        Assert.Equal((5001, 0), (asked, waiting));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A12_AProducerThatThrowsEndsItsChannelThroughHandleError(IoBackendKind kind)
    {
        foreach (bool flush in (bool[])[false, true])
        {
            foreach (bool survives in (bool[])[false, true])
            {
                using EventLoop loop = TestLoop.Create(kind);
                (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
                using FarEnd _ = peer;
                chat.OnError = _ => survives; // it makes no difference: the stream has a hole in it
                var producer = new Scripted(() => throw new FormatException("no more"));
                chat.Push("before"u8);
                chat.PushWithProducer(producer);
                chat.Push("after"u8);
                if (flush)
                {
                    chat.Flush();
                    Assert.Null(chat.Error); // nobody's handler runs inside Flush
                }

                loop.RunUntil(() => loop.Channels.Count == 0);
                Assert.Equal("no more", Assert.IsType<FormatException>(chat.Error).Message);
                Assert.Same(chat.Error, chat.CloseReason);
                Assert.Equal("before"u8.ToArray(), peer.ReadToEnd());
                Assert.True(producer.IsDisposed);
            }
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A12_ADeferredProducerIsAskedWhenItSaysSoAndNotByPolling(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        var deferred = new DeferredProducer();
        var counted = new Counted(deferred);
        chat.Push("1"u8);
        chat.PushWithProducer(counted);
        chat.Push("4"u8);
        loop.Passes(3);
        Assert.Equal(1, counted.Asked);
        loop.AssertIdle();
        Assert.Equal(1, counted.Asked);
        Assert.Equal("1"u8.ToArray(), peer.ReadExactly(1));

        deferred.Add("2"u8.ToArray());
        deferred.Add("3"u8.ToArray());
        loop.Passes(3);
        Assert.Equal("23"u8.ToArray(), peer.ReadExactly(2));
        loop.AssertIdle();

        loop.CallLater(TimeSpan.Zero, deferred.Complete);
        loop.RunUntil(() => chat.OutBufferLength == 0);
        Assert.Equal("4"u8.ToArray(), peer.ReadExactly(1));
        Assert.Equal(0, counted.Listeners);
        Assert.Throws<InvalidOperationException>(() => deferred.Add("5"u8.ToArray()));
        deferred.Complete();
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void A12_ADeferredProducerMaySayThatItIsReadyWhileItIsAsked(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        var eager = new Eager();
        chat.PushWithProducer(eager);
        loop.RunUntil(() => eager.IsDone);
        loop.Passes(2);
        Assert.Equal("ab"u8.ToArray(), peer.ReadExactly(2));
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AProducerIsDisposedWhereverItEnds(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        var first = new Scripted(() => default);
        var discarded = new Scripted(() => default);
        var closed = new Scripted(() => default);
        var late = new Scripted(() => default);
        chat.PushWithProducer(first);
        loop.Passes(2);
        Assert.True(first.IsDisposed);
        chat.PushWithProducer(new DeferredProducer());
        chat.PushWithProducer(discarded);
        chat.DiscardOutputBuffers();
        Assert.True(discarded.IsDisposed);
        chat.PushWithProducer(new DeferredProducer());
        chat.PushWithProducer(closed);
        chat.Close();
        Assert.True(closed.IsDisposed);
        chat.PushWithProducer(late);
        Assert.True(late.IsDisposed);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AProducerMayCloseOrDiscardOrPush(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        (ChatRecorder other, FarEnd otherPeer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd first = peer;
        using FarEnd second = otherPeer;
        int asked = 0;
        chat.PushWithProducer(new Scripted(() =>
        {
            other.Push("hello"u8);
            chat.Push("behind"u8);
            return asked++ == 0 ? "mine "u8.ToArray() : default;
        }));
        loop.Passes(4);
        Assert.Equal("mine behindbehind"u8.ToArray(), peer.ReadExactly(17));
        Assert.Equal("hellohello"u8.ToArray(), otherPeer.ReadExactly(10));
        chat.PushWithProducer(new Scripted(() =>
        {
            chat.DiscardOutputBuffers();
            return "not sent"u8.ToArray();
        }));
        loop.Passes(3);
        chat.PushWithProducer(new Scripted(() =>
        {
            chat.Close();
            return "not sent"u8.ToArray();
        }));
        loop.RunUntil(() => !chat.Connected);
        loop.Passes(2);
        Assert.Empty(peer.ReadToEnd());
        Assert.Null(chat.Error);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L6_ExitNowFromAProducerComesOutOfRunAndLosesNothing(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        int asked = 0;
        chat.PushWithProducer(new Scripted(() => asked++ switch
        {
            0 => throw new ExitNowException("out"),
            1 => "sent"u8.ToArray(),
            _ => default,
        }));
        Assert.Throws<ExitNowException>(() => loop.Run());
        loop.Passes(3);
        Assert.Equal("sent"u8.ToArray(), peer.ReadExactly(4));
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void AFileIsSentWholeOrInPart(IoBackendKind kind, AddressFamily family)
    {
        byte[] all = Sockets.Pattern(3_000_000);
        string path = Path.Combine(Path.GetTempPath(), $"asyncore-{Guid.NewGuid():N}");
        File.WriteAllBytes(path, all);
        try
        {
            using EventLoop loop = TestLoop.Create(kind);
            (Socket ours, Socket peer) = TestLoop.Pair(family);
            using Socket _ = peer;
            var chat = new ChatRecorder(ours, loop);
            using Microsoft.Win32.SafeHandles.SafeFileHandle open = File.OpenHandle(path);
            chat.Push("<"u8);
            chat.PushWithProducer(new FileProducer(path));
            chat.Push("|"u8);
            chat.PushWithProducer(new FileProducer(open, 1_000_000, 500_000));
            chat.PushWithProducer(new FileProducer(open, all.Length));
            chat.PushWithProducer(new FileProducer(open, 10, 0));
            chat.Push(">"u8);
            chat.CloseWhenDone();
            Companion reader = Companion.Start(() =>
            {
                byte[] expected = [(byte)'<', .. all, (byte)'|', .. all[1_000_000..1_500_000], (byte)'>'];
                Assert.Equal(expected, peer.ReadToEnd());
                peer.Dispose();
            });
            reader.Join(loop);
            Assert.False(open.IsClosed);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AFileThatIsShorterThanPromisedEndsTheChannel(IoBackendKind kind)
    {
        string path = Path.Combine(Path.GetTempPath(), $"asyncore-{Guid.NewGuid():N}");
        File.WriteAllBytes(path, new byte[100]);
        try
        {
            using EventLoop loop = TestLoop.Create(kind);
            (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
            using FarEnd _ = peer;
            chat.PushWithProducer(new FileProducer(path, 0, 150));
            loop.RunUntil(() => loop.Channels.Count == 0);
            Assert.Contains("50 bytes", Assert.IsType<EndOfStreamException>(chat.CloseReason).Message);
            Assert.Equal(100, peer.ReadToEnd().Length);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void ADeferredProducerThatIsTouchedOnAnotherThreadIsAsBefore(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) = loop.JoinChat(AddressFamily.Unix);
        using FarEnd _ = peer;
        var deferred = new DeferredProducer();
        chat.PushWithProducer(deferred);
        loop.Passes(2);
        loop.Post(() => Companion.Start(() =>
        {
            Assert.Throws<InvalidOperationException>(() => deferred.Add("wrong"u8.ToArray()));
            Assert.Throws<InvalidOperationException>(deferred.Complete);
        }).Join());
        loop.Passes(2);
        deferred.Add("right"u8.ToArray());
        deferred.Complete();
        loop.Passes(3);
        Assert.Equal("right"u8.ToArray(), peer.ReadExactly(5));
    }

    [Fact]
    public void LinesAreGatheredInPieces()
    {
        using var lines = new LinesProducer(Enumerable.Range(0, 5000).Select(i => $"line {i}"));
        var text = new StringBuilder();
        int pieces = 0;
        while (lines.More() is { IsEmpty: false } piece)
        {
            pieces++;
            text.Append(Encoding.Latin1.GetString(piece.Span));
        }

        Assert.Equal(string.Concat(Enumerable.Range(0, 5000).Select(i => $"line {i}\r\n")), text.ToString());
        Assert.InRange(pieces, 2, 10);
    }

    [Fact]
    public void ACompositeEndsWithItsLastAndDisposesEach()
    {
        var first = new Scripted(() => default);
        var deferred = new DeferredProducer();
        var last = new Scripted(() => default);
        using var all = new CompositeProducer(first, deferred, last);
        int ready = 0;
        all.Ready += () => ready++;
        Assert.True(all.More().IsEmpty);
        Assert.True(first.IsDisposed);
        Assert.False(all.IsDone);
        deferred.Add("x"u8.ToArray());
        deferred.Complete();
        Assert.Equal(2, ready);
        Assert.Equal("x"u8.ToArray(), all.More());
        Assert.True(all.More().IsEmpty);
        Assert.True(all.IsDone && last.IsDisposed);
        Assert.Throws<ArgumentException>(() => new CompositeProducer(first, null!));
    }

    [Fact]
    public void ProducersRefuseWhatCannotBe()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SimpleProducer(default, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new StreamProducer(new MemoryStream(), 0));
        Assert.Throws<FileNotFoundException>(() => new FileProducer("/no/such/../file-of-asyncore".Replace("/no/such/..", "/tmp")));
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle("/dev/null");
        Assert.Throws<ArgumentOutOfRangeException>(() => new FileProducer(file, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FileProducer(file, 0, -1));
        var stream = new MemoryStream();
        stream.Dispose();
        Assert.Throws<ArgumentException>(() => new StreamProducer(stream));
    }

    private sealed class Scripted(Func<ReadOnlyMemory<byte>> more) : IProducer, IDisposable
    {
        public bool IsDisposed { get; private set; }

        public ReadOnlyMemory<byte> More() => more();

        public void Dispose() => IsDisposed = true;
    }

    private sealed class Counted(DeferredProducer inner) : IDeferredProducer
    {
        public event Action? Ready
        {
            add
            {
                Listeners++;
                inner.Ready += value;
            }

            remove
            {
                Listeners--;
                inner.Ready -= value;
            }
        }

        public int Listeners { get; private set; }

        public int Asked { get; private set; }

        public bool IsDone => inner.IsDone;

        public ReadOnlyMemory<byte> More()
        {
            Asked++;
            return inner.More();
        }
    }

    private sealed class Eager : IDeferredProducer
    {
        private int _asked;

        public event Action? Ready;

        public bool IsDone => _asked >= 5;

        public ReadOnlyMemory<byte> More()
        {
            switch (_asked++)
            {
                case 0:
                case 2:
                    Ready!();
                    return default;
                case 1:
                    return "a"u8.ToArray();
                case 3:
                    return "b"u8.ToArray();
                default:
                    return default;
            }
        }
    }
}
