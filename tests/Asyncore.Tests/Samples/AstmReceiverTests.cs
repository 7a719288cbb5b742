using System.Globalization;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Samples.AstmText;

namespace Asyncore.Tests.Samples;

public class AstmReceiverTests
{
    private const string Ack = "<ACK>";
    private const string Nak = "<NAK>";

    public static TheoryData<IoBackendKind> All => Backends.All;

    [Theory, MemberData(nameof(All))]
    public void AMessageIsPutTogetherFromItsFrames(IoBackendKind kind)
    {
        using var scene = new AstmReceiverScene(kind);
        Assert.Equal(Ack, scene.Say("<ENQ>"));
        Assert.True(scene.Receiver.IsReceiving);
        for (int i = 1; i <= 20; i++)
        {
            Assert.Equal(Ack, scene.Say(Frame(i % 8, $"{i},", last: false)));
        }

        Assert.Empty(scene.Stored);
        Assert.Equal(Ack, scene.Say(Frame(5, "end<CR>")));
        Assert.Equal("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,end<CR>", Assert.Single(scene.Stored));
        Assert.Equal(string.Empty, scene.Say("<EOT>"));
        Assert.False(scene.Receiver.IsReceiving);
    }

    [Fact]
    public void SeveralMessagesInASessionAndSeveralSessions()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        for (int i = 0; i < 3; i++)
        {
            scene.Say("<ENQ>");
            Assert.Equal(Ack, scene.Say(Frame(1, "a", last: false)));
            Assert.Equal(Ack, scene.Say(Frame(2, "b")));
            Assert.Equal(Ack, scene.Say(Frame(3, "")));
            Assert.Equal(string.Empty, scene.Say("<EOT>"));
        }

        Assert.Equal(["ab", "", "ab", "", "ab", ""], scene.Stored);
    }

    [Fact]
    public void ABadFrameIsRefusedAndTakenWhenItComesAgain()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll, maxText: 5);
        scene.Say("<ENQ>");
        Assert.Equal(Nak, scene.Say("<STX>1a<ETX>00<CR><LF>"));
        Assert.Equal(Nak, scene.Say("noise<CR><LF>"));
        Assert.Equal(Nak, scene.Say(Frame(1, "123456")));
        Assert.Equal(Nak, scene.Say(Frame(1, "a<LF>b")));
        Assert.Equal(Nak, scene.Say(Frame(1, new string('x', 100_000))));
        Assert.Equal(Ack, scene.Say(Frame(1, "12345", last: false)));
        Assert.Equal(Nak, scene.Say("<STX>" + Frame(2, "a")));
        Assert.Equal(Ack, scene.Say(Frame(2, "6")));
        Assert.Equal(["123456"], scene.Stored);
    }

    [Fact]
    public void TheFirstFrameOfASessionIsNumberOne()
    {
        foreach (int number in (int[])[0, 2, 3, 4, 5, 6, 7])
        {
            using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
            scene.Say("<ENQ>");
            Assert.Equal(Nak, scene.Say(Frame(number, "a")));
            Assert.Equal(Ack, scene.Say(Frame(1, "b")));
            Assert.Equal(["b"], scene.Stored);
        }
    }

    [Fact]
    public void AFrameThatIsNeitherTheNextNorTheLastIsRefused()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        scene.Say("<ENQ>");
        for (int last = 1; last <= 17; last++)
        {
            Assert.Equal(Ack, scene.Say(Frame(last % 8, "x", last: false)));
            for (int number = 0; number < 8; number++)
            {
                bool isLast = number == last % 8;
                if (number != (last + 1) % 8)
                {
                    Assert.Equal(isLast ? Ack : Nak, scene.Say(Frame(number, "y")));
                }
            }
        }

        Assert.Equal(Ack, scene.Say(Frame(2, "z")));
        Assert.Equal([new string('x', 17) + "z"], scene.Stored);
    }

    [Fact]
    public void ARepeatedFrameIsAcknowledgedAndIgnored()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        scene.Say("<ENQ>");
        Assert.Equal(Ack, scene.Say(Frame(1, "a", last: false)));
        Assert.Equal(Ack, scene.Say(Frame(1, "a", last: false)));
        Assert.Equal(Ack, scene.Say(Frame(2, "b")));
        Assert.Equal(Ack, scene.Say(Frame(2, "b")));
        Assert.Equal(Nak, scene.Say("<STX>2b<ETX>00<CR><LF>")); // what cannot be read is no repetition
        Assert.Equal(Ack, scene.Say(Frame(3, "b")));
        Assert.Equal(["ab", "b"], scene.Stored);
    }

    [Theory, MemberData(nameof(All))]
    public void AfterThirtySecondsOfSilenceTheSessionIsOver(IoBackendKind kind)
    {
        using var scene = new AstmReceiverScene(kind);
        scene.Say("<ENQ>");
        scene.Pass(29.9);
        Assert.Equal(Ack, scene.Say(Frame(1, "a", last: false)));
        scene.Pass(29.9);
        Assert.True(scene.Receiver.IsReceiving);
        Assert.Equal(string.Empty, scene.Pass(0.1));
        Assert.False(scene.Receiver.IsReceiving);
        Assert.Equal(string.Empty, scene.Say(Frame(2, "b"))); // nobody has asked for the line
        Assert.Equal(Ack, scene.Say("<ENQ>"));
        Assert.Equal(Ack, scene.Say(Frame(1, "c")));
        Assert.Equal(["c"], scene.Stored);
    }

    [Fact]
    public void TheTimeBeginsAnewWithEveryByte()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        scene.Say("<ENQ>");
        string said = string.Empty;
        foreach (byte each in Bytes(Frame(1, "slowly")))
        {
            scene.Pass(29.9);
            said += scene.Say([each]);
        }

        Assert.Equal(Ack, said);
        Assert.Equal(["slowly"], scene.Stored);
    }

    [Fact]
    public void HalfAFrameIsForgottenAfterThirtySeconds()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        scene.Say("<ENQ>");
        scene.Say("<STX>1half<CR>");
        scene.Pass(30);
        Assert.Equal(Ack, scene.Say("<LF><ENQ>"));
        Assert.Equal(Ack, scene.Say(Frame(1, "whole")));
        Assert.Equal(["whole"], scene.Stored);
    }

    [Fact]
    public void TheLineIsSilentWhileNobodyHasIt()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        Assert.Equal(string.Empty, scene.Say(Frame(1, "a") + "<EOT><ACK><NAK>noise"));
        scene.Pass(1000);
        Assert.Equal(Ack, scene.Say("more<ENQ>"));
        Assert.Equal(Ack, scene.Say(Frame(1, "b")));
        Assert.Equal(["b"], scene.Stored);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<STX>2 and half")]
    public void AnEndBeforeTheLastFrameLeavesNothing(string half)
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        scene.Say("<ENQ>");
        scene.Say(Frame(1, "a", last: false));
        Assert.Equal(string.Empty, scene.Say(half + "<EOT>"));
        Assert.False(scene.Receiver.IsReceiving);
        Assert.Equal(Ack, scene.Say("<ENQ>"));
        Assert.Equal(Ack, scene.Say(Frame(1, "b")));
        scene.Say(Frame(2, "c", last: false));
        scene.HangUp();
        scene.AssertClosed();
        Assert.False(scene.Receiver.IsReceiving);
        Assert.Equal(["b"], scene.Stored);
        Assert.False(scene.Loop.RunOnce(TimeSpan.Zero)); // no timer is left, either
    }

    [Theory]
    [InlineData("")]
    [InlineData("<STX>2 and half")]
    public void ASenderThatAsksAnewHasGivenTheSessionUp(string half)
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        scene.Say("<ENQ>");
        scene.Say(Frame(1, "a", last: false));
        Assert.Equal(Ack, scene.Say(half + "<ENQ>"));
        Assert.Equal(Ack, scene.Say(Frame(1, "b")));
        Assert.Equal(["b"], scene.Stored);
    }

    [Fact]
    public void AReceiverMayAskForTheLine()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        scene.Say("<ENQ>");
        scene.Receiver.Interrupt();
        Assert.Equal(Nak, scene.Say(Frame(2, "a")));
        Assert.Equal("<EOT>", scene.Say(Frame(1, "a", last: false)));
        Assert.Equal(Ack, scene.Say(Frame(2, "b")));
        Assert.Equal(["ab"], scene.Stored);
    }

    [Fact]
    public void AMessageThatCannotBeStoredIsNotAcknowledged()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
        scene.Say("<ENQ>");
        scene.Say(Frame(1, "a", last: false));
        scene.Trouble = new IOException("the disk is full");
        Assert.Equal(Nak, scene.Say(Frame(2, "b")));
        scene.Trouble = new UnauthorizedAccessException();
        Assert.Equal(Nak, scene.Say(Frame(2, "b")));
        scene.Trouble = null;
        Assert.Equal(Ack, scene.Say(Frame(2, "b")));
        Assert.Equal(Ack, scene.Say(Frame(2, "b")));
        Assert.Equal(["ab"], scene.Stored);
    }

    [Fact]
    public void AMessageHasALongestLength()
    {
        using var scene = new AstmReceiverScene(IoBackendKind.Epoll, maxMessage: 10);
        scene.Say("<ENQ>");
        Assert.Equal(Ack, scene.Say(Frame(1, "123456", last: false)));
        Assert.Equal(Nak, scene.Say(Frame(2, "78901", last: false)));
        Assert.Equal(Ack, scene.Say(Frame(2, "7890")));
        Assert.Equal(["1234567890"], scene.Stored);
    }

    [Fact]
    public void HoweverTheStreamIsCutTheMessagesAndAnswersAreTheSame()
    {
        string whole = "x<EOT><ENQ>" + Frame(1, "one<CR>", last: false) + Frame(2, "two<CR>") + Frame(2, "two<CR>")
            + "<STX>3<ETX>00<CR><LF>" + Frame(3, "<CR>") + Frame(4, "lost", last: false) + "<EOT>junk<ENQ>"
            + Frame(1, "lost", last: false) + "<STX>2ha<ENQ>" + Frame(1, "<CR>end<CR>") + "<EOT>";
        const string Answers = "<ACK><ACK><ACK><ACK><NAK><ACK><ACK><ACK><ACK><ACK><ACK>";
        string[] messages = ["one<CR>two<CR>", "<CR>", "<CR>end<CR>"];
        byte[] bytes = Bytes(whole);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            using var scene = new AstmReceiverScene(IoBackendKind.Epoll);
            string answers = cut > 0 ? scene.Say(bytes.AsSpan(0, cut)) : string.Empty;
            answers += cut < bytes.Length ? scene.Say(bytes.AsSpan(cut)) : string.Empty;
            Assert.Equal((cut, Answers), (cut, answers));
            Assert.Equal(messages, scene.Stored);
        }

        using var slow = new AstmReceiverScene(IoBackendKind.Epoll);
        string said = string.Empty;
        foreach (byte each in bytes)
        {
            said += slow.Say([each]);
        }

        Assert.Equal(Answers, said);
        Assert.Equal(messages, slow.Stored);
    }

    [Fact]
    public void ALongMessageOfLongFrames()
    {
        using var scene = new AstmReceiverScene(
            IoBackendKind.Epoll, Astm.MaxTextOfLis1, maxMessage: 3 * Astm.MaxTextOfLis1);
        string text = new('x', Astm.MaxTextOfLis1);
        scene.Say("<ENQ>");
        for (int number = 1; number <= 3; number++)
        {
            Assert.Equal(Ack, scene.Say(Frame(number, text, last: number == 3)));
        }

        Assert.Equal(text.Length * 3, Assert.Single(scene.Stored).Length);
        Assert.Equal("191979", (3 * Astm.MaxTextOfLis1).ToString(CultureInfo.InvariantCulture));
    }
}
