using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Samples.SmtpdScene;

namespace Asyncore.Tests.Samples;

/// <summary>What the sample Smtpd answers to commands.</summary>
public class SmtpdTests(SmtpdScene scene) : IClassFixture<SmtpdScene>
{
    [Theory]
    [InlineData("HELO a", "HELO b", "250 503")]
    [InlineData("HELO a", "EHLO b", "250 503")]
    [InlineData("EHLO a", "HELO b", "250 503")]
    [InlineData("EHLO a", "EHLO b", "250 503")]
    [InlineData("HELO", "EHLO ", "501 501")]
    [InlineData("helo a", "nOOp", "250 250")]
    [InlineData("NOOP", "NOOP x", "250 501")]
    [InlineData("RSET", "RSET x", "250 501")]
    [InlineData("HELP", "help", "250 250")]
    [InlineData("HELP HELO", "HELP EHLO", "250 250")]
    [InlineData("HELP MAIL", "HELP RCPT", "250 250")]
    [InlineData("HELP DATA", "HELP RSET", "250 250")]
    [InlineData("HELP NOOP", "HELP QUIT", "250 250")]
    [InlineData("HELP VRFY", "HELP help", "250 250")]
    [InlineData("HELP EXPN", "HELP x", "501 501")]
    [InlineData("EXPN", "EXPN list", "502 502")]
    [InlineData("VRFY", "VRFY someone", "501 252")]
    [InlineData("VRFY <a@b.c>", "VRFY <a@", "252 501")]
    [InlineData("FROB", "", "500 500")]
    [InlineData(" NOOP", "NOOP ", "500 250")]
    [InlineData("QUIT x", "NOOP", "221")]
    [InlineData("MAIL FROM:<a@b.c>", "RCPT TO:<a@b.c>", "503 503")]
    [InlineData("DATA", "HELO a", "503 250")]
    public void Commands(string first, string second, string codes) =>
        Assert.Equal(codes, scene.Codes($"{first}\r\n{second}\r\n"));

    [Theory]
    [InlineData("HELO", "MAIL FROM:<a@b.c> SIZE=3", "501")]
    [InlineData("HELO", "MAIL FROM:<a@b.c> FROB", "501")]
    [InlineData("HELO", "MAIL FROM:<>|RCPT TO:<a@b.c> FROB", "250 501")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> FROB", "555")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> X-FROB=x SIZE=3", "555")]
    [InlineData("EHLO", "MAIL FROM:<>|RCPT TO:<a@b.c> NOTIFY=NEVER", "250 555")]
    [InlineData("EHLO", "MAIL FROM:<>|RCPT TO:<a@b.c> =", "250 501")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> BODY=8BITMIME SMTPUTF8 SIZE=33554432", "250")]
    [InlineData("EHLO", "mail from:<a@b.c> body=7bit  size=00000000000000000001", "250")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> BODY=BINARYMIME", "501")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> BODY", "501")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> SMTPUTF8=1", "501")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> SIZE", "501")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> SIZE=", "501")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> SIZE=-1", "501")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> SIZE=33554433", "552")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c> SIZE=18446744073709551616|MAIL FROM:<>", "552 250")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c>|MAIL FROM:<a@b.c>", "250 503")]
    [InlineData("EHLO", "MAIL FROM:<a@b.c>|RSET|MAIL FROM:<a@b.c>", "250 250 250")]
    [InlineData("EHLO", "MAIL|MAIL FROM|MAIL <a@b.c>|MAIL TO:<a@b.c>", "501 501 501 501")]
    [InlineData("EHLO", "MAIL FROM:<>|DATA|RCPT TO:<a@b.c>|DATA x", "250 503 250 501")]
    public void Parameters(string greeting, string commands, string codes) =>
        Assert.Equal($"250 {codes}", scene.Codes($"{greeting} a\r\n{commands.Replace("|", "\r\n")}\r\n"));

    [Theory]
    [InlineData("a@b.c")]
    [InlineData("<Postmaster>")]
    [InlineData("postmaster")]
    [InlineData(" <a@b.c>")]
    [InlineData("\ta@b.c")]
    [InlineData("< a@b.c >")]
    [InlineData("\"a b\"@c")]
    [InlineData("<\"a \\\" > b\"@c>")]
    [InlineData("<@one.example,@two.example:a@b.c>")]
    [InlineData("<a@[127.0.0.1]>")]
    [InlineData("<a@[IPv6:::1]>")]
    [InlineData("<a+b=c/d'e@b-c.d_e>")]
    [InlineData("<j\u00C3\u00B6rg@b\u00C3\u00BCcher.example>")] // UTF-8
    public void Addresses(string path) =>
        Assert.Equal("250 250 250", scene.Codes($"{Greeted}MAIL FROM:{path}\r\nRCPT TO:{path}\r\n"));

    [Fact]
    public void AddressesOfAnyLengthThatALineHas()
    {
        string local = $"<{new string('a', 300)}@b.c>";
        string domain = $"<a@{string.Join('.', Enumerable.Repeat(new string('b', 90), 5))}>";
        Assert.Equal(
            "250 250 250 250", scene.Codes($"{Greeted}MAIL FROM:{local}\r\nRCPT TO:{local}\r\nRCPT TO:{domain}\r\n"));
    }

    [Theory]
    [InlineData("<a@")]
    [InlineData("<a@b")]
    [InlineData("<a b@c>")]
    [InlineData("<@>")]
    [InlineData("<a@>")]
    [InlineData("<@b>")]
    [InlineData("<")]
    [InlineData("<a@b@c>")]
    [InlineData("<a@b..c>")]
    [InlineData("<a@[1.2.3.4>")]
    [InlineData("<\"a@b>")]
    [InlineData("<@a:>")]
    [InlineData("a@")]
    [InlineData("a@b@c")]
    [InlineData("")]
    public void MalformedAddressesAreRefusedAndTheSessionGoesOn(string path) => Assert.Equal(
        "250 501 250 501 250", scene.Codes($"{Greeted}MAIL FROM:{path}\r\nMAIL FROM:<>\r\nRCPT TO:{path}\r\nNOOP\r\n"));

    [Fact]
    public void NobodyIsASenderAndNoRecipient() =>
        Assert.Equal("250 250 553 250", scene.Codes($"{Greeted}MAIL FROM:<>\r\nRCPT TO:<>\r\nNOOP\r\n"));

    [Theory]
    [InlineData("NOOP\0")]
    [InlineData("NOOP \u00FF")]
    [InlineData("\u00C3")]
    [InlineData("MAIL FROM:<a\0@b.c>")]
    [InlineData("MAIL FROM:<a\u00E9@b.c>")]
    [InlineData("NOOP\nNOOP")]
    [InlineData("NOOP\rNOOP")]
    [InlineData("NOOP\n")]
    [InlineData("MAIL FROM:<a@b.c>\nRCPT TO:<a@b.c>")]
    [InlineData("VRFY \u001B[2J")]
    public void OddOctetsAreRefusedAndTheSessionGoesOn(string line) =>
        Assert.Equal("250 500 250", scene.Codes($"{Greeted}{line}\r\nNOOP\r\n"));

    [Theory]
    [InlineData("HELO a", "VRFY ", 512)]
    [InlineData("EHLO a", "VRFY ", 512)]
    [InlineData("HELO a", "MAIL FROM:", 512)]
    [InlineData("EHLO a", "MAIL FROM:", 548)]
    [InlineData("EHLO a", "mail from:", 548)]
    public void LinesHaveALimit(string greeting, string command, int limit)
    {
        string longest = command.PadRight(limit, 'a');
        string ok = command[0] == 'V' ? "252" : "250";
        string session = $"{greeting}\r\n{longest}a\r\nNOOP\r\n{longest}\r\nNOOP\r\n";
        Assert.Equal($"250 500 250 {ok} 250", scene.Codes(session));
        string endless = new('a', 1_000_000);
        Assert.Equal($"250 500 {ok} 221", scene.Codes($"{greeting}\r\n{endless}\r\n{longest}\r\nQUIT\r\n"));
    }

    [Fact]
    public void TheLimitsAreEachSessionsOwn()
    {
        using Socket extended = scene.Dial();
        extended.Send("EHLO a\r\nRSET\r\n"u8);
        extended.Shutdown(SocketShutdown.Send);
        string mail = "MAIL FROM:".PadRight(513, 'a');
        Assert.Equal("250 500", scene.Codes($"HELO a\r\n{mail}\r\n"));
        Assert.Equal("220 250 250", SmtpReplies.Codes(SmtpReplies.Parse(extended.ReadToEnd())));
    }

    [Fact]
    public void EhloAnnouncesWhatThereIs()
    {
        using Socket client = scene.Dial();
        client.Send("EHLO a\r\nQUIT\r\n"u8);
        string[] lines = Encoding.Latin1.GetString(client.ReadToEnd()).Split("\r\n");
        Assert.Matches("^220 [!-~]+ [ -~]*$", lines[0]);
        Assert.Matches("^250-[!-~]+$", lines[1]);
        Assert.Equal(["250-SIZE 33554432", "250-8BITMIME", "250-SMTPUTF8", "250 HELP", "221 Bye", ""], lines[2..]);
    }

    [Fact]
    public void AfterQuitNothingIsHandled()
    {
        string late = $"NOOP\r\n{Addressed}DATA\r\nlate\r\n.\r\n{new string('x', 300_000)}";
        Assert.Equal("250 221", scene.Codes($"{Greeted}QUIT\r\n{late}"));
        Assert.Empty(scene.TakeMessages());
    }

    [Fact]
    public void AfterQuitTheServerEndsWithoutWaitingForTheClient()
    {
        using Socket client = scene.Dial();
        client.Send("QUIT\r\n"u8);
        Assert.Equal("220 221", SmtpReplies.Codes(SmtpReplies.Parse(client.ReadToEnd())));
        client.Send("NOOP\r\n"u8);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketError.Success, client.ReadToError());
    }

    [Fact]
    public void AHundredRecipientsAndOneMore()
    {
        var session = new StringBuilder($"{Greeted}MAIL FROM:<>\r\n");
        for (int i = 0; i < 102; i++)
        {
            session.Append(CultureInfo.InvariantCulture, $"RCPT TO:<to{i}@example.org>\r\n");
        }

        session.Append("DATA\r\nfor all of them\r\n.\r\n");
        string[] replies = scene.Talk(session.ToString());
        string accepted = string.Join(' ', Enumerable.Repeat("250", 102));
        Assert.Equal($"{accepted} 452 452 354 250", SmtpReplies.Codes(replies));
        Assert.Equal(["for all of them\r\n"], scene.TakeMessages());
    }

    [Fact]
    public void ManySessionsAtOnce()
    {
        Socket[] clients = [.. Enumerable.Range(0, 50).Select(_ => scene.Dial())];
        foreach (string part in (string[])[Greeted, Addressed, "DATA\r\nSubject: ", "hello\r\n", ".\r\nQU", "IT\r\n"])
        {
            Array.ForEach(clients, client => client.Send(Encoding.Latin1.GetBytes(part)));
        }

        foreach (Socket client in clients)
        {
            using (client)
            {
                string[] replies = SmtpReplies.Parse(client.ReadToEnd());
                Assert.Equal("220 250 250 250 354 250 221", SmtpReplies.Codes(replies));
            }
        }

        Assert.Equal(Enumerable.Repeat("Subject: hello\r\n", clients.Length), scene.TakeMessages());
    }

    [Fact]
    public void WhoeverDoesNotReadRepliesIsNotRead()
    {
        // More replies than all buffers along the way hold; every one comes once they are read.
        const int Count = 400_000;
        using Socket client = scene.Dial();
        client.ShrinkBuffers();
        byte[] commands = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("HELP\r\n", Count)));
        var sender = Companion.Start(() =>
        {
            client.Send(commands);
            client.Shutdown(SocketShutdown.Send);
        });
        string[] replies = SmtpReplies.Parse(client.ReadToEnd());
        sender.Join();
        Assert.Equal(Count + 1, replies.Length);
        Assert.All(replies[1..], reply => Assert.StartsWith("250 Supported", reply, StringComparison.Ordinal));
    }

    [Fact]
    public void IPv6()
    {
        using var six = new SmtpdScene("[::1]:0");
        Assert.Equal(IPAddress.IPv6Loopback, six.Address.Address);
        Assert.Equal("250 250 250 354 250 221", six.Codes($"{Greeted}{Addressed}DATA\r\nx\r\n.\r\nQUIT\r\n"));
        Assert.Equal(["x\r\n"], six.TakeMessages());
        Assert.Contains("3 octets from <from@example.org> for 1\n", six.Stop(), StringComparison.Ordinal);
    }
}
