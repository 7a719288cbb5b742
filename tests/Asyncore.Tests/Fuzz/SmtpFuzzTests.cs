using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Protocols;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>What no client would send, for the sample Smtpd's sessions. A test that fails tells the seed.</summary>
public class SmtpFuzzTests
{
    private const string Corpus = "tests/Asyncore.Tests/Fuzz/Corpus/Smtp";
    private const int Limit = 1000;
    private const int Seeds = 1500;

    private const string ToData = "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n";

    [Fact]
    public void WhateverComes_RepliesAreReplies_MessagesWhole_AndCutsMakeNoDifference()
    {
        byte[][] corpus =
            [.. Directory.GetFiles(Repository.PathOf(Corpus)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        Assert.NotEmpty(corpus);
        using var bench = new SmtpBench(Limit);
        int stored = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            byte[] input = seed < corpus.Length
                ? corpus[seed]
                : Mutator.Mutate(corpus[random.Next(corpus.Length)], random, corpus);
            try
            {
                (string[] replies, string[] messages) = bench.Talk([input]);
                AssertPlausible(replies, messages);
                stored += messages.Length;

                (string[] cutReplies, string[] cutMessages) = bench.Talk(Cut(input, random));
                Assert.Equal(replies, cutReplies);
                Assert.Equal(messages, cutMessages);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}: '{Encoding.Latin1.GetString(input)}'", error);
            }
        }

        // Or else nothing much has been tried.
        Assert.InRange(stored, Seeds / 10, Seeds * 10);
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("MAIL FROM:<", ".")]
    [InlineData("HELO a\r\n", "\n")]
    [InlineData(ToData, "x")]
    [InlineData(ToData, ".")]
    [InlineData(ToData, "\r\n")]
    [InlineData(ToData, "..\r\n")]
    public void NothingThatIsTooLongIsKept(string before, string endless)
    {
        const int Blocks = 512;
        const long Most = 1024 * 1024;

        using var bench = new SmtpBench(Limit);
        (SmtpBench.Channel channel, Socket client) = bench.Connect();
        using (client)
        {
            channel.Pull(Encoding.Latin1.GetBytes(before));
            string text = string.Concat(Enumerable.Repeat(endless, 64 * 1024 / endless.Length));
            byte[] block = Encoding.Latin1.GetBytes(text);
            long allocated = Allocations.Of(() =>
            {
                for (int i = 0; i < Blocks; i++)
                {
                    channel.Pull(block);
                }
            });
            Assert.InRange(allocated, 0, Most);
            Assert.Null(channel.Error);
            channel.Abort();
        }
    }

    [Fact]
    public void RepliesThatNobodyReadsAreBounded()
    {
        // What one read of commands, 256 KiB, is answered with at most, and what may wait before reading stops.
        const int Most = 8 * 1024 * 1024;

        using var bench = new SmtpBench(Limit);
        (SmtpBench.Channel channel, Socket client) = bench.Connect();
        using (client)
        {
            byte[] commands = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("HELP\r\n", 10_000_000)));
            int taken = bench.Loop.SendUntilStuck(client, commands);
            Assert.InRange(taken, 1, commands.Length - 1);
            Assert.InRange(channel.OutBufferLength, 1, Most);
            channel.Abort();
        }
    }

    [Fact]
    public void WhoeverKeepsSilentForFiveMinutesIsToldAndLeft()
    {
        var clock = new FakeClock();
        using var bench = new SmtpBench(Limit, clock);
        (SmtpBench.Channel channel, Socket client) = bench.Connect();
        using (client)
        {
            foreach (byte each in "EHLO a\r\n"u8.ToArray())
            {
                clock.Advance(SmtpChannel.Patience - TimeSpan.FromSeconds(1));
                client.Send([each]);
                int read = channel.Reads;
                bench.Loop.RunUntil(() => channel.Reads > read, "the byte");
                Assert.False(channel.IsGone);
            }

            clock.Advance(SmtpChannel.Patience);
            bench.Loop.RunUntil(() => channel.IsGone, "the end of the session");
            byte[] replies = bench.ReadToEnd(client);
            Assert.Equal("220 250 421", SmtpReplies.Codes(SmtpReplies.Parse(replies)));
            Assert.Null(channel.Error);
        }
    }

    private static void AssertPlausible(string[] replies, string[] messages)
    {
        Assert.StartsWith("220 ", replies[0], StringComparison.Ordinal);
        Assert.All(messages, message =>
        {
            Assert.InRange(message.Length, 0, Limit);
            Assert.True(message.Length == 0 || message.EndsWith("\r\n", StringComparison.Ordinal), "cut short");
        });

        // Each message was announced by 354 and acknowledged by 250, which is the next reply.
        int acknowledged = 0;
        for (int i = 1; i < replies.Length; i++)
        {
            bool afterData = replies[i - 1].StartsWith("354", StringComparison.Ordinal);
            Assert.True(!afterData || replies[i][..3] is "250" or "552", replies[i]);
            acknowledged += afterData && replies[i].StartsWith("250", StringComparison.Ordinal) ? 1 : 0;
            Assert.False(replies[i - 1].StartsWith("221", StringComparison.Ordinal), "a reply after QUIT's");
        }

        Assert.Equal(acknowledged, messages.Length);
    }

    private static IEnumerable<byte[]> Cut(byte[] input, Random random)
    {
        int most = random.Next(1, 40);
        for (int at = 0; at < input.Length;)
        {
            int length = Math.Min(random.Next(1, most + 1), input.Length - at);
            yield return input[at..(at + length)];
            at += length;
        }
    }
}
