using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Protocols;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>Clients of the sample Smtpd that never end: nothing of them is kept.</summary>
public class SmtpFuzzTests
{
    private const int Limit = SmtpTarget.SizeLimit;
    private const string ToData = "EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n";

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
        (SmtpProbe channel, Socket client) = bench.Connect();
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
        (SmtpProbe channel, Socket client) = bench.Connect();
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
        (SmtpProbe channel, Socket client) = bench.Connect();
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
}
