using Xunit;

namespace Asyncore.Tests.Chat;

/// <summary>Items that a terminator of bytes ends and that are too long, fed by <c>Pull</c>.</summary>
public class LineLengthTests
{
    [Fact]
    public void A8_ExactlyTheMaximumIsAllowedAndOneMoreIsNot()
    {
        foreach (int size in (int[])[1, 2, 3, 100])
        {
            using var loop = new EventLoop();
            var chat = new ChatRecorder(loop) { MaxLineLength = 5 };
            chat.SetTerminator("\r\n");
            chat.OnOverflow = () => { };
            chat.PullInPieces("12345\r\n123456\r\n1234567890\r\n\r\nabc\r\n"u8.ToArray(), size);
            Assert.Equal(["item 12345", "overflow", "overflow", "item ", "item abc"], chat.Events);
        }
    }

    [Fact]
    public void A8_ByDefaultTheChannelClosesAndSaysWhy()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop) { MaxLineLength = 5 };
        chat.SetTerminator('\n');
        chat.Pull("ab\n123456789\nnot told"u8);
        Assert.Equal(["item ab", "overflow", "rest 12345", "close"], chat.Events);
        Assert.Contains("5 bytes", Assert.IsType<InvalidDataException>(chat.CloseReason).Message);
    }

    [Fact]
    public void A8_TheLimitIsForTerminatorsOfBytesAlone()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop) { MaxLineLength = 5 };
        chat.Pull("0123456789"u8);
        chat.SetTerminator(10);
        chat.Pull("0123456789"u8);
        Assert.Equal(["item 01234567890123456789"], chat.Events);
        Assert.Throws<ArgumentOutOfRangeException>(() => chat.MaxLineLength = -1);
    }

    [Fact]
    public void A8_AKeptTerminatorDoesNotCount()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop) { MaxLineLength = 3, StripTerminator = false };
        chat.SetTerminator("\r\n");
        chat.Pull("abc\r\n"u8);
        Assert.Equal(["abc\r\n"], chat.Items);
    }

    [Fact]
    public void A8_AHandlerThatThrowsCostsItsLineAlone()
    {
        foreach (int size in (int[])[1, 2, 3, 100])
        {
            using var loop = new EventLoop();
            var chat = new ChatRecorder(loop) { MaxLineLength = 3 };
            chat.SetTerminator('\n');
            chat.OnOverflow = () => throw new FormatException();
            foreach (byte[] piece in "toolong\nok\nab\n"u8.ToArray().Chunk(size))
            {
                PullThrough(chat, piece);
            }

            Assert.Equal(["overflow", "item ok", "item ab"], chat.Events);
        }

        static void PullThrough(ChatRecorder chat, byte[] piece)
        {
            for (ReadOnlyMemory<byte> rest = piece; ; rest = default)
            {
                try
                {
                    chat.Pull(rest.Span);
                    return;
                }
                catch (FormatException)
                {
                    // What was behind it waits for the next pull, or for the loop.
                }
            }
        }
    }

    [Fact]
    public void A8_AnOverlongStateDoesNotOutliveItsLine()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop) { MaxLineLength = 5 };
        chat.SetTerminator('\n');
        bool thrown = false;
        chat.OnData = _ =>
        {
            if (!thrown)
            {
                thrown = true;
                throw new FormatException();
            }
        };
        Assert.Throws<FormatException>(() => chat.Pull("abc\ndefg\nhi\n"u8));
        chat.TakeRest();
        chat.Pull(default);
        Assert.Equal(["item defg", "item hi"], chat.Events);
    }
}
