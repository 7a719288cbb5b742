using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Chat;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Regressions;

/// <summary>All that chats do at once, at random, in both directions.</summary>
public class ChatStressTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Every_line_comes_once_and_in_order_whatever_the_handlers_do(IoBackendKind kind)
    {
        // Pauses, moves and exceptions in one stream: each was right by itself before they were right together.
        for (int seed = 0; seed < 12; seed++)
        {
            RunLines(kind, seed);
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Everything_leaves_in_the_order_it_was_pushed_whatever_it_is(IoBackendKind kind)
    {
        // Pushes, producers, files and moves in one stream: each was right by itself before they were right together.
        byte[] file = Sockets.Pattern(200_000);
        string path = Path.Combine(Path.GetTempPath(), $"asyncore-{Guid.NewGuid():N}");
        File.WriteAllBytes(path, file);
        try
        {
            for (int seed = 0; seed < 12; seed++)
            {
                new RandomOutput(seed, path, file).Run(kind);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void RunLines(IoBackendKind kind, int seed)
    {
        var random = new Random(seed);
        using EventLoop loop = TestLoop.Create(kind);
        using EventLoop other = TestLoop.Create(kind);
        (ChatRecorder chat, FarEnd peer) =
            loop.JoinChat(random.Next(2) == 0 ? AddressFamily.Unix : AddressFamily.InterNetwork);
        using FarEnd _ = peer;
        chat.InBufferSize = random.Next(2) == 0 ? 7 : 100_000;
        chat.SetTerminators("\r\n", "\n");
        chat.OnError = _ => true;
        chat.HighWaterMark = 5000;
        chat.OnItem = _ => Act(chat, random, loop, other);
        var expected = new List<string>();
        for (int i = 0; i < 200; i++)
        {
            string line = new string((char)('a' + (i % 26)), random.Next(30)) + i;
            expected.Add(line);
            peer.Send(Encoding.ASCII.GetBytes(line + (random.Next(2) == 0 ? "\r\n" : "\n")));
            if (random.Next(20) == 0)
            {
                loop.Passes(1);
                other.Passes(1);
            }
        }

        Companion drain = Companion.Start(((Socket)peer).Drain);
        peer.Shutdown();
        for (int i = 0; i < 10_000 && !chat.HasEnded; i++)
        {
            (chat.Loop == loop ? other : loop).RunOnce(TimeSpan.Zero);
            chat.Loop.RunOnce(TimeSpan.FromMilliseconds(1));
        }

        Assert.True(chat.HasEnded, $"seed {seed}: no end after {chat.Items.Count} items");
        Assert.True(expected.SequenceEqual(chat.Items), $"seed {seed}: {string.Join('|', chat.Items)}");
        drain.Join(chat.Loop);
    }

    private static void Act(ChatRecorder chat, Random random, EventLoop loop, EventLoop other)
    {
        switch (random.Next(14))
        {
            case 0:
                throw new InvalidOperationException("at random");
            case 1:
                chat.PauseReading();
                chat.Loop.CallLater(TimeSpan.Zero, () => IfConnected(chat.ResumeReading));
                break;
            case 2:
                chat.DelChannel();
                chat.AddChannel(chat.Loop == loop ? other : loop);
                break;
            case 3:
                chat.DelChannel();
                chat.Loop.CallLater(TimeSpan.Zero, () => IfConnected(() => chat.AddChannel()));
                break;
            case 4:
                chat.Push(new byte[random.Next(20_000)]);
                break;
            case 5:
                chat.SetTerminator("\r\n\r\n");
                chat.SetTerminators("\r\n", "\n");
                break;
            case 6:
                chat.PauseReading();
                chat.ResumeReading();
                break;
            default:
                break;
        }

        void IfConnected(Action action)
        {
            if (chat.Connected)
            {
                action();
            }
        }
    }

    /// <summary>Pushes at random, and what is to arrive.</summary>
    private sealed class RandomOutput(int seed, string path, byte[] file)
    {
        private readonly Random _random = new(seed);
        private readonly MemoryStream _expected = new();
        private byte _next;

        public void Run(IoBackendKind kind)
        {
            using EventLoop loop = TestLoop.Create(kind);
            using EventLoop other = TestLoop.Create(kind);
            (ChatRecorder chat, FarEnd peer) =
                loop.JoinChat(_random.Next(2) == 0 ? AddressFamily.Unix : AddressFamily.InterNetwork);
            using FarEnd _ = peer;
            chat.OutBufferSize = _random.Next(3) switch { 0 => 1000, 1 => 40_000, _ => 256 * 1024 };
            byte[]? got = null;
            Companion reader = Companion.Start(() => got = peer.ReadToEnd());
            for (int i = 0; i < 150; i++)
            {
                switch (_random.Next(11))
                {
                    case 0:
                        chat.DelChannel();
                        chat.AddChannel(chat.Loop == loop ? other : loop);
                        break;
                    case 1:
                        loop.RunOnce(TimeSpan.Zero);
                        other.RunOnce(TimeSpan.Zero);
                        break;
                    case var what:
                        Push(chat, what);
                        break;
                }
            }

            chat.CloseWhenDone();
            for (int i = 0; i < 10_000 && !chat.HasEnded; i++)
            {
                (chat.Loop == loop ? other : loop).RunOnce(TimeSpan.Zero);
                chat.Loop.RunOnce(TimeSpan.FromMilliseconds(1));
            }

            Assert.True(chat.HasEnded, $"seed {seed}: no end, and {chat.OutBufferLength} bytes are left");
            reader.Join(chat.Loop);
            Assert.True(_expected.ToArray().AsSpan().SequenceEqual(got), $"seed {seed}: other bytes have come");
        }

        private void Push(ChatRecorder chat, int what)
        {
            switch (what)
            {
                case 2:
                    chat.Push(Make(50_000).AsSpan());
                    break;
                case 3:
                    chat.Push(Make(100).AsSpan());
                    break;
                case 4:
                    chat.Push((ReadOnlyMemory<byte>)Make(20_000));
                    break;
                case 5:
                    chat.PushWithProducer(new SimpleProducer(Make(5000), _random.Next(1, 2000)));
                    break;
                case 6:
                    int from = _random.Next(file.Length);
                    int count = _random.Next(file.Length - from);
                    chat.PushWithProducer(new FileProducer(path, from, count));
                    _expected.Write(file, from, count);
                    break;
                case 7:
                    PushDeferred(chat);
                    break;
                case 8:
                    var stream = new StreamProducer(new MemoryStream(Make(5000)), 100);
                    chat.PushWithProducer(new CompositeProducer(stream, new SimpleProducer(Make(100), 7)));
                    break;
                case 9:
                    chat.Flush();
                    break;
                default:
                    byte[] sent = Make(100);
                    Assert.Equal(sent.Length, chat.Send(sent));
                    break;
            }
        }

        private void PushDeferred(ChatRecorder chat)
        {
            var deferred = new DeferredProducer();
            chat.PushWithProducer(deferred);
            byte[] first = Make(3000);
            byte[] second = Make(3000);
            EventLoop loop = chat.Loop;
            loop.CallLater(TimeSpan.Zero, () =>
            {
                deferred.Add(first);
                loop.CallLater(TimeSpan.Zero, () =>
                {
                    deferred.Add(second);
                    deferred.Complete();
                });
            });
        }

        private byte[] Make(int limit)
        {
            byte[] bytes = new byte[_random.Next(1, limit)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = _next++;
            }

            _expected.Write(bytes);
            return bytes;
        }
    }
}
