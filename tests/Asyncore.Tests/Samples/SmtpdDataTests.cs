using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Samples.SmtpdScene;

namespace Asyncore.Tests.Samples;

/// <summary>What the sample Smtpd makes of messages: the data, its size, its file.</summary>
public class SmtpdDataTests(SmtpdScene scene) : IClassFixture<SmtpdScene>
{
    // What is sent behind DATA, up to the end that it must be taken to have, and what the file holds.
    public static TheoryData<string, string> Messages => new()
    {
        { ".\r\n", "" },
        { "\r\n.\r\n", "\r\n" },
        { "a\r\n.\r\n", "a\r\n" },
        { "..\r\n.\r\n", ".\r\n" },
        { "..a\r\n...\r\n.\r\n", ".a\r\n..\r\n" },
        { ".a\r\n.\r\n", "a\r\n" },
        { "a..b.\r\n.\r\n", "a..b.\r\n" },
        { "a\n.\n.\r\n.\r\n", "a\n.\n.\r\n" },
        { "a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n" },
        { "a\r.\r.\r\n.\r\n", "a\r.\r.\r\n" },
        { "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n" },
        { "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n" },
        { "a\r\r\n.\r\n", "a\r\r\n" },
        { "\r\r\n\n\r\n.\r\n", "\r\r\n\n\r\n" },
        { "a\r\n\r\n\r\n.\r\n", "a\r\n\r\n\r\n" },
        { "\0\u0080\u00FF\u001B\r\n.\r\n", "\0\u0080\u00FF\u001B\r\n" },
        { "QUIT\r\n.\r\n", "QUIT\r\n" },
    };

    [Theory, MemberData(nameof(Messages))]
    public void TheFileHoldsTheMessageAsItWasSent(string sent, string stored)
    {
        foreach (string greeting in (string[])["HELO a\r\n", Greeted])
        {
            string session = $"{greeting}{Addressed}DATA\r\n{sent}NOOP\r\n";
            Assert.Equal("250 250 250 354 250 250", scene.Codes(session));
            Assert.Equal([stored], scene.TakeMessages());
        }
    }

    [Theory, MemberData(nameof(Messages))]
    public void AlsoByteByByte(string sent, string stored)
    {
        string session = $"{Greeted}{Addressed}DATA\r\n{sent}NOOP\r\n";
        Assert.Equal("250 250 250 354 250 250", SmtpReplies.Codes(scene.Talk(session.Select(each => $"{each}"))));
        Assert.Equal([stored], scene.TakeMessages());
    }

    [Fact]
    public void EveryOctet()
    {
        string all = string.Concat(Enumerable.Range(0, 256).Select(i => $"{(char)i}a"));
        Assert.Equal("250 250 250 354 250", scene.Codes($"{Greeted}{Addressed}DATA\r\n{all}\r\n.\r\n"));
        Assert.Equal([$"{all}\r\n"], scene.TakeMessages());
    }

    [Fact]
    public void OneFileWhateverTheNumberOfRecipients()
    {
        string recipients = string.Concat(Enumerable.Range(0, 9).Select(i => $"RCPT TO:<to{i}@example.org>\r\n"));
        scene.Talk($"{Greeted}{Addressed}{recipients}DATA\r\nonce\r\n.\r\n");
        Assert.Equal(["once\r\n"], scene.TakeMessages());
    }

    [Fact]
    public void TheFileIsThereBeforeTheReply()
    {
        using Socket client = scene.Dial();
        for (int i = 1; i <= 20; i++)
        {
            client.Send(Encoding.Latin1.GetBytes($"{(i == 1 ? Greeted : "")}{Addressed}DATA\r\n{i}\r\n.\r\n"));
            var replies = new StringBuilder();
            while (!Regex.IsMatch($"{replies}", @"^354 [^\n]*\n250 OK\r\n\z", RegexOptions.Multiline))
            {
                replies.Append((char)Assert.Single(client.ReadExactly(1)));
            }

            Assert.Equal([$"{i}\r\n"], scene.TakeMessages());
        }
    }

    [Fact]
    public void ASessionHasManyMessagesAndEachItsOwnRecipients()
    {
        string message = $"{Addressed}DATA\r\nhello\r\n.\r\n";
        Assert.Equal(
            "250 250 250 354 250 503 503 250 250 354 250 221",
            scene.Codes($"{Greeted}{message}RCPT TO:<a@b.c>\r\nDATA\r\n{message}QUIT\r\n"));
        Assert.Equal(["hello\r\n", "hello\r\n"], scene.TakeMessages());
    }

    [Fact]
    public void SizeIsWhatItIsInRfc1870()
    {
        const int Limit = 1000;

        using var small = new SmtpdScene("127.0.0.1:0", "--size", $"{Limit}");
        string[] fitting =
        [
            new string('a', Limit - 2) + "\r\n",
            string.Concat(Enumerable.Repeat("\r\n", Limit / 2)),
            "..." + new string('a', Limit - 4) + "\r\n", // a doubled dot counts once
            new string('\n', Limit - 2) + "\r\n",
        ];
        foreach (string message in fitting)
        {
            string more = message[..^2] + "a\r\n";
            Assert.Equal(
                "250 250 250 354 250 250 250 354 552 503 250 250 354 250",
                small.Codes(
                    $"{Greeted}{Addressed}DATA\r\n{message}.\r\n{Addressed}DATA\r\n{more}.\r\n"
                    + $"DATA\r\n{Addressed}DATA\r\nagain\r\n.\r\n"));
            string stored = message.StartsWith('.') ? message[1..] : message;
            Assert.Equal([stored, "again\r\n"], small.TakeMessages().OrderByDescending(each => each.Length));
        }

        Assert.Equal("250 552 250", small.Codes($"{Greeted}MAIL FROM:<> SIZE=1001\r\nMAIL FROM:<> SIZE=1000\r\n"));
    }

    [Fact]
    public void AMessageOfTheDefaultLimitAndOneMore()
    {
        const int Limit = 33_554_432;

        string line = new string('x', 62) + "\r\n";
        string message = string.Concat(Enumerable.Repeat(line, Limit / line.Length));
        Assert.Equal(
            "250 250 250 354 250 250 250 354 552",
            scene.Codes($"{Greeted}{Addressed}DATA\r\n{message}.\r\n{Addressed}DATA\r\n{message[..^2]}y\r\n.\r\n"));
        Assert.True(Assert.Single(scene.TakeMessages()) == message, "the message is another one");
    }
}
