using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

/// <summary>
/// The dialogues of RFC 5321, appendix D, with the sample Smtpd. Where it knows nobody (every recipient is taken, and
/// nobody is verified) the replies differ from those in the RFC.
/// </summary>
public class SmtpdDialogueTests(SmtpdScene scene) : IClassFixture<SmtpdScene>
{
    [Fact]
    public void D1_ATypicalTransaction()
    {
        Converse(
            "220",
            "EHLO bar.com", "250",
            "MAIL FROM:<Smith@bar.com>", "250",
            "RCPT TO:<Jones@foo.com>", "250",
            "RCPT TO:<Green@foo.com>", "250", // RFC: 550, no such user
            "RCPT TO:<Brown@foo.com>", "250",
            "DATA", "354",
            "Blah blah blah...\r\n...etc. etc. etc.\r\n.", "250",
            "QUIT", "221");
        Assert.Equal(["Blah blah blah...\r\n..etc. etc. etc.\r\n"], scene.TakeMessages());
    }

    [Fact]
    public void D2_AnAbortedTransaction()
    {
        Converse(
            "220",
            "EHLO bar.com", "250",
            "MAIL FROM:<Smith@bar.com>", "250",
            "RCPT TO:<Jones@foo.com>", "250",
            "RCPT TO:<Green@foo.com>", "250", // RFC: 550
            "RSET", "250",
            "QUIT", "221");
        Assert.Empty(scene.TakeMessages());
    }

    // The server is the last in the line, and so is told both: the client's message, and the relay's with its trace.
    [Fact]
    public void D3_ARelayedMessage()
    {
        const string Message = "Date: Thu, 21 May 1998 05:33:29 -0700\r\nFrom: John Q. Public <JQP@bar.com>\r\n"
            + "Subject: The Next Meeting of the Board\r\nTo: Jones@xyz.com\r\n\r\nBill:\r\n"
            + "The next meeting of the board of directors will be\r\non Tuesday.\r\n"
            + "                        John.\r\n";
        const string Trace = "Received: from bar.com by foo.com ; Thu, 21 May 1998\r\n    05:33:29 -0700\r\n";
        foreach ((string name, string message) in
            ((string, string)[])[("bar.com", Message), ("foo.com", Trace + Message)])
        {
            Converse(
                "220",
                $"EHLO {name}", "250",
                "MAIL FROM:<JQP@bar.com>", "250",
                "RCPT TO:<Jones@XYZ.COM>", "250",
                "DATA", "354",
                $"{message}.", "250",
                "QUIT", "221");
            Assert.Equal([message], scene.TakeMessages());
        }
    }

    [Fact]
    public void D4_VerifyingAndSending()
    {
        Converse(
            "220",
            "EHLO bar.com", "250",
            "VRFY Crispin", "252", // RFC: 250 and the address
            "MAIL FROM:<EAK@bar.com>", "250",
            "RCPT TO:<Admin.MRC@foo.com>", "250",
            "DATA", "354",
            "Blah blah blah...\r\n...etc. etc. etc.\r\n.", "250",
            "QUIT", "221");
        Assert.Equal(["Blah blah blah...\r\n..etc. etc. etc.\r\n"], scene.TakeMessages());
    }

    /// <summary>Says each line when the reply to the one before has come, as a client without pipelining.</summary>
    private void Converse(params string[] repliesAndLines)
    {
        using Socket client = scene.Dial();
        for (int i = 0; i < repliesAndLines.Length; i += 2)
        {
            string reply;
            do
            {
                reply = ReadLine(client);
            }
            while (reply[3] == '-');

            Assert.Equal(repliesAndLines[i], reply[..3]);
            if (i + 1 < repliesAndLines.Length)
            {
                client.Send(Encoding.Latin1.GetBytes($"{repliesAndLines[i + 1]}\r\n"));
            }
        }

        Assert.Empty(client.ReadToEnd());
    }

    private static string ReadLine(Socket client)
    {
        var line = new StringBuilder();
        do
        {
            line.Append((char)Assert.Single(client.ReadExactly(1)));
        }
        while (line[^1] != '\n');

        return line.ToString();
    }
}
