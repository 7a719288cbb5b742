using Xunit;
using static Asyncore.Tests.Samples.AstmText;

namespace Asyncore.Tests.Samples;

public class AstmFrameTests
{
    [Theory]
    [InlineData(1, "", true, "<STX>1<ETX>34<CR><LF>")]
    [InlineData(2, "", false, "<STX>2<ETB>49<CR><LF>")]
    [InlineData(0, "A", true, "<STX>0A<ETX>74<CR><LF>")]
    [InlineData(3, "L|1|N<CR>", true, "<STX>3L|1|N<CR><ETX>06<CR><LF>")]
    [InlineData(7, "\u00FF\u00FE<NUL>", true, "<STX>7\u00FF\u00FE<NUL><ETX>37<CR><LF>")]
    public void AFrameIsWrittenAndReadAsTheStandardSays(int number, string text, bool isLast, string expected)
    {
        byte[] bytes = new AstmFrame(number, Bytes(text), isLast).Encode();
        Assert.Equal(expected, Show(bytes));
        Assert.Equal(expected, Frame(number, text, isLast));
        Assert.Null(AstmFrame.Decode(bytes, Astm.MaxText, out AstmFrame frame));
        Assert.Equal((number, Show(Bytes(text)), isLast), (frame.Number, Show(frame.Text.Span), frame.IsLast));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<CR><LF>")]
    [InlineData("<STX><CR><LF>")]
    [InlineData("<STX><ETX>03<CR><LF>")] // no number
    [InlineData("<STX>8<ETX>3B<CR><LF>")]
    [InlineData("<STX>/<ETX>32<CR><LF>")]
    [InlineData("<STX>1A<ETX>74<CR><LF>")] // another's checksum
    [InlineData("<STX>3L|1|N<CR><ETX>6<CR><LF>")]
    [InlineData("<STX>1M<ETX>81<CR><LF><LF>")]
    [InlineData("<STX>1I<ETX>7d<CR><LF>")] // 7D is right
    [InlineData("<STX>1A75<CR><LF>")]
    [InlineData("1A<ETX>75<CR><LF>")]
    [InlineData("x<STX>1A<ETX>75<CR><LF>")]
    [InlineData("<STX>1A<ETX>75<CR>")]
    [InlineData("<STX>1A<ETX>75<LF>")]
    public void WhatIsNoFrameIsRefused(string text) =>
        Assert.NotNull(AstmFrame.Decode(Bytes(text), Astm.MaxText, out _));

    [Fact]
    public void TheTestsAboveAreAboutOneFaultEach()
    {
        string[] all = ["<STX>1A<ETX>75<CR><LF>", "<STX>1I<ETX>7D<CR><LF>", "<STX>1M<ETX>81<CR><LF>"];
        foreach (string good in all)
        {
            Assert.Null(AstmFrame.Decode(Bytes(good), Astm.MaxText, out _));
        }
    }

    [Fact]
    public void WhateverByteOfAFrameChangesItIsRefused()
    {
        byte[] good = Bytes(Frame(1, "P|1<CR>"));
        for (int i = 0; i < good.Length; i++)
        {
            for (int value = 0; value <= byte.MaxValue; value++)
            {
                byte[] bad = [.. good];
                bad[i] = (byte)value;
                Assert.Equal(value == good[i], AstmFrame.Decode(bad, Astm.MaxText, out _) is null);
            }
        }
    }

    [Fact]
    public void SomeCharactersMustNotBeInAText()
    {
        const string Restricted =
            "<SOH><STX><ETX><EOT><ENQ><ACK><LF><DLE><DC1><DC2><DC3><DC4><NAK><SYN><ETB>";
        byte[] restricted = Bytes(Restricted);
        for (int value = 0; value <= byte.MaxValue; value++)
        {
            byte[] text = [.. "ab"u8, (byte)value, .. "c"u8];
            byte[] bytes = new AstmFrame(1, text, IsLast: true).Encode();
            bool isRestricted = restricted.Contains((byte)value);
            Assert.Equal(isRestricted ? 2 : -1, AstmFrame.IndexOfRestricted(text));
            Assert.Equal(!isRestricted, AstmFrame.Decode(bytes, Astm.MaxText, out _) is null);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Astm.MaxText)]
    [InlineData(Astm.MaxTextOfLis1)]
    public void ATextHasALongestLength(int maxText)
    {
        byte[] longest = Bytes(Frame(5, new string('x', maxText)));
        byte[] longer = Bytes(Frame(5, new string('x', maxText + 1)));
        Assert.Equal(maxText + AstmFrame.Overhead, longest.Length);
        Assert.Null(AstmFrame.Decode(longest, maxText, out _));
        Assert.Equal("it is too long", AstmFrame.Decode(longer, maxText, out _));
    }

    [Fact]
    public void NumbersGoRound()
    {
        int number = 0;
        var numbers = new List<int>();
        for (int i = 0; i < 10; i++)
        {
            number = AstmFrame.Next(number);
            numbers.Add(number);
        }

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 0, 1, 2], numbers);
    }
}
