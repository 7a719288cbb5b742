using System.Text;
using Xunit;

namespace Asyncore.Tests.Chat;

/// <summary>How a chat cuts a stream into items, fed by <c>Pull</c>: any input, any terminators, any cutting.</summary>
public class SplittingTests
{
    // The stream's seed is in the message of a test that fails; so many of them in every run.
    private const int Seeds = 3000;

    [Fact]
    public void A1_OverlapsOfATerminatorWithItself()
    {
        AssertItems(["a"], "", "aaab", "aab");
        AssertItems([], "aaa", "aaa", "b");
        AssertItems(["aaa"], "", "aaab", "b");
        AssertItems(["x"], "", "xababac", "ababac");
        AssertItems(["ab"], "", "abababac", "ababac");
        AssertItems(["aabaaabaaa"], "", "aabaaabaaaaabaaac", "aabaaac");
    }

    [Fact]
    public void A1_WhateverTheStreamAndTheCuts_TheItemsAreTheSame()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            byte[] stream = Letters(random, random.Next(0, 60), letters: random.Next(1, 4));
            byte[] terminator = Letters(random, random.Next(1, 12), letters: random.Next(1, 4));
            AssertSplits(seed, random, stream, [terminator]);
        }
    }

    [Fact]
    public void A7_WhateverTheTerminatorsAndTheCuts_TheFirstEndWinsAndTheLongestOfThoseThatEndTogether()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            int letters = random.Next(1, 4);
            byte[] stream = Letters(random, random.Next(0, 60), letters);
            byte[][] terminators = new byte[random.Next(1, 6)][];
            for (int i = 0; i < terminators.Length; i++)
            {
                terminators[i] = Letters(random, random.Next(1, 8), letters);
            }

            AssertSplits(seed, random, stream, terminators);
        }
    }

    [Fact]
    public void A7_AnyOfSeveralAcrossReads()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminators("\r\n", "\n", "END");
        foreach (string piece in (string[])["one\r", "\ntwo\nthr", "eeE", "NDfour\r", "\r", "\n"])
        {
            chat.Pull(Encoding.Latin1.GetBytes(piece));
        }

        Assert.Equal(["one", "two", "three", "four\r"], chat.Items);
    }

    [Fact]
    public void A7_ATerminatorThatIsKeptIsPartOfTheData()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop) { StripTerminator = false };
        chat.SetTerminators("\r\n", "\n");
        foreach (string piece in (string[])["one\r", "\ntwo\n", "\r", "\n", "x"])
        {
            chat.Pull(Encoding.Latin1.GetBytes(piece));
        }

        Assert.Equal(["one\r\n", "two\n", "\r\n"], chat.Items);
        Assert.Equal("x", chat.Rest);
    }

    [Fact]
    public void A2_ACountGivesSoManyBytesOnceAndThenEverything()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminator(5);
        Assert.Equal(5L, chat.Terminator);
        chat.Pull("he"u8);
        Assert.Equal(3L, chat.Terminator);
        chat.Pull("lloworld"u8);
        Assert.Equal(["hello"], chat.Items);
        Assert.Equal(0L, chat.Terminator);
        Assert.Equal("world", chat.Rest);
        chat.Pull("more"u8);
        Assert.Equal("worldmore", chat.Rest);
        Assert.Throws<ArgumentOutOfRangeException>(() => chat.SetTerminator(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => chat.SetTerminator(-1L));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("zero")]
    [InlineData("empty")]
    [InlineData("none")]
    [InlineData("clear")]
    public void A2_WithoutATerminatorEverythingIsCollected(string how)
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminator('\n');
        switch (how)
        {
            case "null":
                chat.SetTerminator(null);
                Assert.Null(chat.Terminator);
                break;
            case "zero":
                chat.SetTerminator(0);
                Assert.Equal(0L, chat.Terminator);
                break;
            case "empty":
                chat.SetTerminator(string.Empty);
                Assert.Equal(Array.Empty<byte>(), chat.Terminator);
                break;
            case "none":
                chat.SetTerminators(ReadOnlySpan<byte[]>.Empty);
                Assert.Null(chat.Terminator);
                break;
            default:
                chat.ClearTerminator();
                Assert.Null(chat.Terminator);
                break;
        }

        chat.Pull("a\nb\n"u8);
        Assert.Empty(chat.Items);
        Assert.Equal("a\nb\n", chat.Rest);
    }

    [Fact]
    public void A2_ATerminatorIsReadBackAsItWasSet()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminator('\n');
        Assert.Equal("\n"u8.ToArray(), chat.Terminator);
        chat.SetTerminator((byte)3);
        Assert.Equal(new byte[] { 3 }, chat.Terminator);
        chat.SetTerminator("\r\n"u8);
        Assert.Equal("\r\n"u8.ToArray(), chat.Terminator);
        chat.SetTerminators("\r\n", "\n");
        Assert.Equal(new byte[][] { [13, 10], [10] }, chat.Terminator);
        chat.SetTerminator(7L);
        Assert.Equal(7L, chat.Terminator);
        Assert.Throws<ArgumentException>(() => chat.SetTerminators("a", string.Empty));
        Assert.Throws<ArgumentException>(() => chat.SetTerminators([1], null!));
        Assert.Throws<ArgumentException>(() => chat.SetTerminator('€'));
        Assert.Throws<ArgumentException>(() => chat.SetTerminator('Ａ')); // which Latin-1 takes for an A
        Assert.Equal(7L, chat.Terminator); // what was refused changed nothing
        Assert.Throws<ArgumentException>(() => chat.SetTerminator("€")); // which Latin-1 would make a question mark
        Assert.Throws<ArgumentException>(() => chat.SetTerminators("\n", "€"));
        chat.Encoding = Encoding.UTF8;
        Assert.Throws<ArgumentException>(() => chat.SetTerminator('é'));
        chat.SetTerminator("€");
        Assert.Equal("€"u8.ToArray(), chat.Terminator);
        ((byte[])chat.Terminator!)[0] = 0;
        Assert.Equal("€"u8.ToArray(), chat.Terminator);
    }

    [Fact]
    public void A3_AChangeInsideFoundTerminatorAppliesToWhatFollows()
    {
        const string Stream = "12\r\nhello, worldandthen\r\nthis";
        foreach (int size in (int[])[1, 2, 3, 7, 100])
        {
            using var loop = new EventLoop();
            var chat = new ChatRecorder(loop);
            chat.SetTerminator("\r\n");
            chat.OnItem = item =>
            {
                if (chat.Items.Count == 1)
                {
                    chat.SetTerminator(int.Parse(item));
                }
                else
                {
                    chat.ClearTerminator();
                }
            };
            chat.PullInPieces(Encoding.Latin1.GetBytes(Stream), size);
            Assert.Equal(["12", "hello, world"], chat.Items);
            Assert.Equal("andthen\r\nthis", chat.Rest);
        }
    }

    [Fact]
    public void A3_AScriptOfChangesGivesTheSameItemsHoweverTheStreamIsCut()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            byte[] stream = Letters(random, random.Next(0, 80), letters: 2);
            object[] script = new object[10];
            for (int i = 0; i < script.Length; i++)
            {
                script[i] = random.Next(3) == 0 ? random.Next(1, 6) : Letters(random, random.Next(1, 5), letters: 2);
            }

            List<string> whole = RunScript(stream, script, _ => stream.Length);
            List<string> cut = RunScript(stream, script, _ => random.Next(1, 4));
            Assert.True(whole.SequenceEqual(cut), $"seed {seed}: {string.Join('|', whole)} and {string.Join('|', cut)}");
            Assert.Equal(Encoding.Latin1.GetString(stream), Rebuild(stream, script));
        }
    }

    [Fact]
    public void A3_AChangeOutsideAHandlerAppliesToWhatWasHeldBack()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        chat.SetTerminator("\r\nEND");
        chat.Pull("abc\r\nEN"u8);
        Assert.Equal("abc", chat.Rest);
        chat.SetTerminator("\r\n");
        chat.Pull("x\r\n"u8);
        Assert.Equal(["abc", "ENx"], chat.Items);
    }

    [Fact]
    public void A5_AtFirstThereIsNoTerminator()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        Assert.Null(chat.Terminator);
        chat.Pull("a\nb"u8);
        Assert.Equal("a\nb", chat.Rest);
        Assert.Empty(chat.Items);
    }

    [Fact]
    public void TextThatCannotBeDecodedSpoilsItsItemAlone()
    {
        using var loop = new EventLoop();
        var chat = new StrictChat(loop) { Encoding = new UTF8Encoding(false, throwOnInvalidBytes: true) };
        chat.SetTerminator('\n');
        Assert.Throws<DecoderFallbackException>(() => chat.Pull([0xFF, 10, (byte)'o', (byte)'k', 10]));
        chat.Pull(default);
        Assert.Equal(["ok"], chat.Texts);
    }

    [Fact]
    public void A10_EmptyItemsAreReportedAndNothingIsNeverCollected()
    {
        AssertItems(["a", "", "b", "", ""], "", "a\n\nb\n\n\n", "\n");
        AssertItems(["", "a"], "b", "\r\na\r\nb", "\r\n");
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("qqq")]
    public void A16_LinesInPiecesOfOneTwoAndThreeBytes(string terminator)
    {
        byte[] stream = Encoding.Latin1.GetBytes($"hello world{terminator}I'm not dead yet!{terminator}");
        foreach (int size in (int[])[1, 2, 3, 1000])
        {
            using var loop = new EventLoop();
            var chat = new ChatRecorder(loop);
            chat.SetTerminator(terminator);
            chat.PullInPieces(stream, size);
            Assert.Equal(["hello world", "I'm not dead yet!"], chat.Items);
        }
    }

    [Fact]
    public void A17_ACountThatRepeats()
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop) { RepeatTerminator = true };
        chat.SetTerminator(2);
        chat.Pull("aabbc"u8);
        Assert.Equal(1L, chat.Terminator);
        chat.Pull("cd"u8);
        Assert.Equal(["aa", "bb", "cc"], chat.Items);

        var again = new ChatRecorder(loop);
        again.SetTerminator(1);
        again.OnItem = _ => again.SetTerminator(1);
        again.Pull("xyz"u8);
        Assert.Equal(["x", "y", "z"], again.Items);
    }

    [Fact]
    public void FindPrefixAtEnd_finds_the_longest()
    {
        Assert.Equal(1, AsyncChat.FindPrefixAtEnd("qwerty\r"u8, "\r\n"u8));
        Assert.Equal(0, AsyncChat.FindPrefixAtEnd("qwertydkjf"u8, "\r\n"u8));
        Assert.Equal(3, AsyncChat.FindPrefixAtEnd("xxaba"u8, "abac"u8));
        Assert.Equal(1, AsyncChat.FindPrefixAtEnd("a"u8, "abac"u8));
        Assert.Equal(0, AsyncChat.FindPrefixAtEnd(""u8, "abac"u8));
        Assert.Equal(0, AsyncChat.FindPrefixAtEnd("abc"u8, ""u8));
    }

    private sealed class StrictChat(EventLoop loop) : AsyncChat(null, loop)
    {
        public List<string> Texts { get; } = [];

        protected override void FoundTerminator() => Texts.Add(GetText());
    }

    private static void AssertItems(string[] items, string rest, string stream, string terminator)
    {
        foreach (int size in (int[])[1, 2, 3, 1000])
        {
            using var loop = new EventLoop();
            var chat = new ChatRecorder(loop);
            chat.SetTerminator(terminator);
            chat.PullInPieces(Encoding.Latin1.GetBytes(stream), size);
            Assert.Equal(items, chat.Items);
            if (!terminator.StartsWith(rest, StringComparison.Ordinal))
            {
                Assert.Equal(rest, chat.Rest);
            }
        }
    }

    private static void AssertSplits(int seed, Random random, byte[] stream, byte[][] terminators)
    {
        (List<string> expected, string rest) = ReferenceSplitter.Split(stream, terminators);
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        if (terminators.Length == 1)
        {
            chat.SetTerminator(terminators[0]);
        }
        else
        {
            chat.SetTerminators(terminators);
        }

        for (int at = 0; at < stream.Length;)
        {
            int size = Math.Min(random.Next(0, 9), stream.Length - at);
            chat.Pull(stream.AsSpan(at, size));
            at += size;
        }

        chat.ClearTerminator(); // what is held back comes out
        chat.Pull(default);
        Assert.True(expected.SequenceEqual(chat.Items) && rest == chat.Rest,
            $"seed {seed}: {string.Join('|', expected)}, {rest}; not {string.Join('|', chat.Items)}, {chat.Rest}");
    }

    private static List<string> RunScript(byte[] stream, object[] script, Func<int, int> size)
    {
        using var loop = new EventLoop();
        var chat = new ChatRecorder(loop);
        Set(chat, script[0]);
        chat.OnItem = _ => Set(chat, script[chat.Items.Count % script.Length]);
        for (int at = 0; at < stream.Length;)
        {
            int count = Math.Min(size(at), stream.Length - at);
            chat.Pull(stream.AsSpan(at, count));
            at += count;
        }

        chat.ClearTerminator();
        chat.Pull(default);
        return [.. chat.Items, chat.Rest];
    }

    private static string Rebuild(byte[] stream, object[] script)
    {
        var text = new StringBuilder();
        List<string> items = RunScript(stream, script, _ => 1);
        for (int i = 0; i < items.Count; i++)
        {
            text.Append(items[i]);
            if (i < items.Count - 1 && script[i % script.Length] is byte[] terminator)
            {
                text.Append(Encoding.Latin1.GetString(terminator));
            }
        }

        return text.ToString();
    }

    private static void Set(ChatRecorder chat, object terminator)
    {
        if (terminator is int count)
        {
            chat.SetTerminator(count);
        }
        else
        {
            chat.SetTerminator((byte[])terminator);
        }
    }

    private static byte[] Letters(Random random, int count, int letters)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++)
        {
            bytes[i] = (byte)('a' + random.Next(letters));
        }

        return bytes;
    }
}
