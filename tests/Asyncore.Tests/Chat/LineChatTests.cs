using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Chat;

/// <summary>A line chat: what a line is, how it is cut up, and what is sent back.</summary>
public class LineChatTests
{
    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly int[] _sizes = [1, 2, 3, 1000];

    [Fact]
    public void ALineEndsWithLfWithOrWithoutCr()
    {
        AssertLines("one\r\ntwo\nthree\r\n\nfour\nfive", "one", "two", "three", "", "four");
        AssertLines("\n\r\n\n", "", "", "");
    }

    [Fact]
    public void ACrThatIsNotBeforeALfIsData()
    {
        AssertLines("a\rb\n\rc\r\nd\r\r\ne\r", "a\rb", "\rc", "d\r");
        AssertLines("\r\r\r\n\r\n", "\r\r", "");
    }

    [Fact]
    public void ALineIsCutIntoAWordAndItsArguments()
    {
        AssertCommands("quit\n", "quit|");
        AssertCommands("send bob some text\n", "send|bob some text");
        AssertCommands("  \t SEND\t \tbob  some \ttext \t\r\n", "SEND|bob  some \ttext");
        AssertCommands("a\nb c\n\n \t \n\r\nd\n", "a|", "b|c", "d|");
        AssertCommands("\u00a0x y\n", "\u00a0x|y"); // a blank is a space or a tab, and nothing else
        AssertCommands("a\u000bb c\n", "a\u000bb|c");
        AssertCommands("a\0b \0\n", "a\0b|\0");
    }

    [Fact]
    public void WithoutAHandlerNothingHappens()
    {
        using var loop = new EventLoop();
        var chat = new Silent(loop);
        chat.Pull("a command\n\nanother"u8);
        Assert.Equal("another", chat.GetText());
    }

    [Fact]
    public void TheLimitsOfALine()
    {
        foreach (int size in _sizes)
        {
            using var loop = new EventLoop();
            LineRecorder chat = Lines(loop);
            Assert.Equal(8192, chat.MaxLineLength);
            chat.OnOverflow = () => { };
            chat.MaxLineLength = 4;
            chat.PullInPieces("1234\r\n12345\r\n1234\n12345\n\r\n123\r\n1234\r\r\n12\r\r\n"u8, size);
            Assert.Equal(
                ["line 1234", "overflow", "line 1234", "overflow", "line ", "line 123", "overflow", "line 12\r"],
                chat.Events);
            Assert.Empty(chat.GetData());
        }
    }

    [Fact]
    public void ALineThatIsTooLongIsReportedBeforeItEnds()
    {
        using var loop = new EventLoop();
        LineRecorder chat = Lines(loop);
        chat.OnOverflow = () => { };
        chat.Pull(new byte[8192]);
        Assert.Empty(chat.Events);
        chat.Pull("\r"u8); // may be the end
        Assert.Empty(chat.Events);
        chat.Pull("x"u8);
        Assert.Equal(["overflow"], chat.Events);
        Assert.Empty(chat.GetData());
        chat.Pull(new byte[100_000]);
        Assert.Empty(chat.GetData()); // nothing is kept of it
        chat.Pull("\r\nnext\n"u8);
        Assert.Equal(["overflow", "line next"], chat.Events);
    }

    [Fact]
    public void ByDefaultALineThatIsTooLongClosesAndSaysWhy()
    {
        using var loop = new EventLoop();
        LineRecorder chat = Lines(loop);
        chat.Pull([.. "first\n"u8, .. new byte[8193], .. "\nnever\n"u8]);
        Assert.Equal(["line first", "overflow", "close"], chat.Events);
        Assert.Contains("8192 bytes", Assert.IsType<InvalidDataException>(chat.CloseReason).Message);
        chat.Pull("never\n"u8);
        Assert.Equal("close", chat.Events[^1]);
    }

    [Fact]
    public void WithoutALimitALineMayBeAnyLength()
    {
        using var loop = new EventLoop();
        LineRecorder chat = Lines(loop);
        chat.MaxLineLength = 0;
        byte[] half = new byte[1_000_000];
        half.AsSpan().Fill((byte)'x');
        chat.Pull(half);
        chat.Pull(half);
        chat.Pull("\n"u8);
        Assert.Equal("line ".Length + (2 * half.Length), Assert.Single(chat.Events).Length);
    }

    [Fact]
    public void EncodingDecodesWholeLinesHoweverTheyCome()
    {
        foreach (int size in _sizes)
        {
            using var loop = new EventLoop();
            var chat = new LineRecorder(loop) { Encoding = Encoding.UTF8 };
            chat.PullInPieces("sag grüße, 世界 😀\r\nπ é\n"u8, size);
            Assert.Equal(["sag|grüße, 世界 😀", "π|é"], chat.Events);
        }
    }

    [Fact]
    public void AnEncodingMayChangeBetweenLines()
    {
        using var loop = new EventLoop();
        var chat = new LineRecorder(loop);
        chat.OnCommand = (command, _) => chat.Encoding = command == "utf8" ? Encoding.UTF8 : Encoding.Latin1;
        chat.Pull("é\nutf8\né\né\n"u8);
        Assert.Equal(["Ã©|", "utf8|", "é|", "Ã©|"], chat.Events);
    }

    [Fact]
    public void ALineThatTheEncodingRefusesIsTheOnlyOneLost()
    {
        foreach (int size in _sizes)
        {
            using var loop = new EventLoop();
            var chat = new LineRecorder(loop) { Encoding = _strict };
            int refused = 0;
            byte[] stream = [.. "one\n"u8, 0xFF, 10, .. "two\n"u8, 0xC3, 13, 10, .. "three\n"u8];
            for (int at = 0; at < stream.Length; at += size)
            {
                byte[] piece = stream[at..Math.Min(at + size, stream.Length)];
                while (Record.Exception(() => chat.Pull(piece)) is { } error)
                {
                    Assert.IsType<DecoderFallbackException>(error);
                    refused++;
                    piece = []; // what was behind the line has been kept
                }
            }

            Assert.Equal(["one|", "two|", "three|"], chat.Events);
            Assert.Equal(2, refused);
        }
    }

    [Fact]
    public void ReplyRefusesALineThatWouldBeMoreThanOne()
    {
        using var loop = new EventLoop();
        var chat = new LineRecorder(loop);
        foreach (string bad in (string[])["\r", "\n", "\r\n", "a\r\nb", "end\n", "\rstart"])
        {
            Assert.Equal("line", Assert.Throws<ArgumentException>(() => chat.Reply(bad)).ParamName);
        }

        Assert.Throws<ArgumentNullException>(() => chat.Reply(null!));
        Assert.Equal(0, chat.OutBufferLength); // nothing of them was sent
    }

    [Fact]
    public void NoLetterIsEncodedAsALineEnd()
    {
        using var loop = new EventLoop();
        var chat = new LineRecorder(loop);
        foreach (Encoding encoding in (Encoding[])[Encoding.Latin1, Encoding.ASCII, Encoding.UTF8])
        {
            chat.Encoding = encoding;
            for (int letter = 0; letter <= char.MaxValue; letter++)
            {
                string line = ((char)letter).ToString();
                if (encoding.GetBytes(line).AsSpan().ContainsAny((byte)13, (byte)10))
                {
                    Assert.Throws<ArgumentException>(() => chat.Reply(line));
                }
            }
        }
    }

    [Fact]
    public void WhatTheEncodingCannotSayIsNotSentInPart()
    {
        using var loop = new EventLoop();
        var chat = new LineRecorder(loop) { Encoding = _strict };
        Assert.Throws<EncoderFallbackException>(() => chat.Reply("half a pair: \ud83d"));
        Assert.Equal(0, chat.OutBufferLength);
    }

    [Fact]
    public void AHandlerMayCloseDiscardOrFeed()
    {
        using var loop = new EventLoop();
        LineRecorder closes = Lines(loop);
        closes.OnLine = line => closes.Close();
        closes.Pull("one\ntwo\n"u8);
        Assert.Equal(["line one"], closes.Events);

        LineRecorder discards = Lines(loop);
        discards.OnLine = line => discards.DiscardInputBuffers();
        discards.Pull("one\ntwo\nthr"u8);
        discards.Pull("four\n"u8);
        Assert.Equal(["line one", "line four"], discards.Events);

        LineRecorder feeds = Lines(loop);
        feeds.OnLine = line => Assert.Throws<InvalidOperationException>(() => feeds.Pull("in between\n"u8));
        feeds.Pull("one\ntwo\n"u8);
        Assert.Equal(["line one", "line two"], feeds.Events);
    }

    [Fact]
    public void AHandlerMayTakeABodyByItsLength()
    {
        foreach (int size in _sizes)
        {
            using var loop = new EventLoop();
            var chat = new BodyTaker(loop);
            chat.PullInPieces("body 5\r\na\r\nb\nbody 0\nbody 3\nxyzbody 1\n\nend\n"u8, size);
            Assert.Equal(["body a\r\nb\n", "body ", "body xyz", "body \n", "end"], chat.Events);
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AnswersEndWithCrLf(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (LineRecorder chat, FarEnd peer) = loop.JoinLines(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        chat.Encoding = Encoding.UTF8;
        chat.OnCommand = (command, arguments) =>
        {
            chat.Reply($"{command}: {arguments}");
            chat.Reply(string.Empty);
        };
        peer.Send("greet 世界\nbye\n"u8);
        loop.RunUntil(() => chat.Events.Count == 2);
        chat.Reply(new string('é', 100_000));
        chat.CloseWhenDone();
        chat.Reply("never");
        Assert.Equal(
            $"greet: 世界\r\n\r\nbye: \r\n\r\n{new string('é', 100_000)}\r\n",
            Encoding.UTF8.GetString(peer.ReadToEnd(loop)));
        Assert.Equal(["greet|世界", "bye|", "close"], chat.Events);
        Assert.Null(chat.CloseReason);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AnAcceptedConnectionAndACutCharacter(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using var server = new Server(loop);
        server.ListenOn(AddressFamily.InterNetwork);
        using FarEnd peer = loop.Dial((EndPoint)server.Address!);
        loop.RunUntil(() => server.Chat is not null, "the connection");
        LineRecorder chat = server.Chat!;
        chat.Encoding = Encoding.UTF8;
        foreach (byte each in "say é😀\r\n"u8.ToArray())
        {
            Assert.Empty(chat.Events);
            peer.Send([each]);
            chat.Await(Kernel.In);
            loop.Passes(1);
        }

        loop.RunUntil(() => chat.Events.Count == 1, "the line");
        Assert.Equal(["say|é😀"], chat.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AHandlersExceptionClosesByDefault(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (LineRecorder chat, FarEnd peer) = loop.JoinLines(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        var error = new FormatException("bad");
        chat.OnCommand = (command, _) =>
        {
            chat.Reply($"got {command}");
            if (command == "bad")
            {
                throw error;
            }
        };
        peer.Send("good\nbad\nnever\n"u8);
        loop.RunUntil(() => chat.Events.Contains("close"), "the close");
        Assert.Equal(["good|", "bad|", "error bad", "close"], chat.Events);
        Assert.Same(error, chat.CloseReason);
        Assert.Contains("bad", Assert.Single(chat.Logged));
        loop.Passes(2);
        Assert.Equal("got good\r\ngot bad\r\n"u8.ToArray(), peer.ReadToEnd());
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AHandlersExceptionThatIsDealtWithCostsNoOtherLine(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (LineRecorder chat, FarEnd peer) = loop.JoinLines(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        chat.OnError = _ => true;
        chat.OnCommand = (command, _) =>
        {
            if (command.StartsWith("bad", StringComparison.Ordinal))
            {
                throw new FormatException(command);
            }
        };
        peer.Send("one\nbad1\nbad2\ntwo\nbad3\nthr"u8);
        loop.RunUntil(() => chat.Events.Contains("error bad3"));
        peer.Send("ee\n"u8);
        peer.Shutdown();
        loop.RunUntil(() => chat.Events.Contains("close"), "the close");
        Assert.Equal(
            [
                "one|", "bad1|", "error bad1", "bad2|", "error bad2", "two|", "bad3|", "error bad3", "three|", "close",
            ],
            chat.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void LinesWaitWhileReadingIsPausedAndComeInOrder(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (LineRecorder chat, FarEnd peer) = loop.JoinLines(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        chat.OnCommand = (_, _) => chat.PauseReading();
        peer.Send("one\ntwo\nthree\n"u8);
        foreach (string next in (string[])["one|", "two|", "three|"])
        {
            loop.RunUntil(() => chat.Events.Contains(next), next);
            loop.Passes(3);
            Assert.Equal(next, chat.Events[^1]); // and none after it
            chat.ResumeReading();
        }
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void ALineThatThePeerDidNotEndIsNone(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (LineRecorder chat, FarEnd peer) = loop.JoinLines(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        peer.Send("whole\ncut off\r"u8);
        peer.Shutdown();
        loop.RunUntil(() => chat.Events.Contains("close"), "the close");
        Assert.Equal(["whole|", "close"], chat.Events);
        Assert.Equal("cut off\r", chat.GetText()); // for whoever wants it
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void AnswersPastTheLimitCloseForThatReason(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (LineRecorder chat, FarEnd peer) = loop.JoinLines(AddressFamily.InterNetwork);
        using FarEnd owned = peer;
        chat.OutBufferLimit = 20;
        chat.Reply("0123456789"); // 12 bytes with its end
        chat.Reply("0123456789");
        chat.Reply("x"); // though there would be room
        Assert.Empty(chat.Events); // told by the loop
        loop.RunUntil(() => chat.Events.Contains("close"), "the close");
        Assert.IsType<IOException>(chat.CloseReason);
        loop.Passes(2);
        Assert.Equal("0123456789\r\n"u8.ToArray(), peer.ReadToEnd());
    }

    private static LineRecorder Lines(EventLoop loop) => new(loop) { OnLine = _ => { } };

    private static void AssertLines(string stream, params string[] lines)
    {
        foreach (int size in _sizes)
        {
            using var loop = new EventLoop();
            LineRecorder chat = Lines(loop);
            chat.PullInPieces(Encoding.Latin1.GetBytes(stream), size);
            Assert.Equal(lines.Select(line => $"line {line}"), chat.Events);
        }
    }

    private static void AssertCommands(string stream, params string[] commands)
    {
        foreach (int size in _sizes)
        {
            using var loop = new EventLoop();
            var chat = new LineRecorder(loop);
            chat.PullInPieces(Encoding.Latin1.GetBytes(stream), size);
            Assert.Equal(commands, chat.Events);
        }
    }

    private sealed class Silent(EventLoop loop) : LineChat(null, loop);

    private sealed class Server(EventLoop loop) : Dispatcher(null, loop)
    {
        public LineRecorder? Chat { get; private set; }

        protected override void HandleAccepted(AcceptedChannel accepted) => Chat = new LineRecorder(accepted);
    }

    // A line says how long a body follows it, as in SMTP's BDAT: lines again after it.
    private sealed class BodyTaker(EventLoop loop) : LineChat(null, loop)
    {
        private bool _inBody;

        public List<string> Events { get; } = [];

        protected override void HandleCommand(string command, string arguments)
        {
            if (command != "body")
            {
                Events.Add(command);
            }
            else if (arguments == "0")
            {
                Events.Add("body ");
            }
            else
            {
                _inBody = true;
                SetTerminator(int.Parse(arguments, System.Globalization.CultureInfo.InvariantCulture));
            }
        }

        protected override void FoundTerminator()
        {
            if (!_inBody)
            {
                base.FoundTerminator();
                return;
            }

            _inBody = false;
            Events.Add($"body {GetText()}");
            SetTerminators("\r\n", "\n");
        }
    }
}
