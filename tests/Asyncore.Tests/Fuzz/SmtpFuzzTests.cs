using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>Input that no client would send, for the sample Smtpd's sessions. The seed is in a failing test's message.</summary>
public class SmtpFuzzTests
{
    private const string Corpus = "tests/Asyncore.Tests/Fuzz/Corpus/Smtp";
    private const int Limit = 1000;
    private const int Seeds = 1500;

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

    [Fact]
    public void NothingThatIsTooLongIsKept()
    {
        const int Block = 64 * 1024;
        const long Most = 1024 * 1024;

        using var bench = new SmtpBench(Limit);
        foreach (string begin in (string[])
            ["", "MAIL FROM:<", "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n"])
        {
            foreach (string block in (string[])
                [new('x', Block), new('.', Block), string.Concat(Enumerable.Repeat("..\r\n", Block / 4))])
            {
                (SmtpBench.Channel channel, System.Net.Sockets.Socket client) = bench.Connect();
                channel.Pull(Encoding.Latin1.GetBytes(begin));
                byte[] bytes = Encoding.Latin1.GetBytes(begin.Length > 20 || block[^1] != '\n' ? block : new('\n', Block));
                long allocated = Allocations.Of(() =>
                {
                    for (int i = 0; i < 512; i++)
                    {
                        channel.Pull(bytes);
                    }
                });
                Assert.InRange(allocated, 0, Most);
                Assert.Null(channel.Error);
                channel.Abort();
                client.Dispose();
            }
        }
    }

    [Fact]
    public void WhoeverKeepsSilentForFiveMinutesIsToldAndLeft()
    {
        var clock = new FakeClock();
        using var bench = new SmtpBench(Limit, clock);
        (SmtpBench.Channel channel, System.Net.Sockets.Socket client) = bench.Connect();
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
            Assert.Equal("220 250 421", Samples.SmtpReplies.Codes(Samples.SmtpReplies.Parse(replies)));
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
