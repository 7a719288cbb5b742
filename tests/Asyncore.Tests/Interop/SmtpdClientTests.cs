using System.Text;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>Programs that send mail, and the sample Smtpd that gets it.</summary>
public class SmtpdClientTests(SmtpdScene scene) : IClassFixture<SmtpdScene>
{
    private const string Header = "From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\n\r\n";
    private const string Body = "one\r\n.\r\n..\r\n.dot\r\n\r\nlast\r\n";

    [Fact]
    public void Curl_sends()
    {
        string curl = Programs.Curl;
        foreach (string message in (string[])[Header + Body, Header, "x\r\n", Header + Large()])
        {
            using Peer peer = Peer.Start(
                curl, "--silent", "--show-error", $"smtp://{scene.Address}/client.example", "--upload-file", "-",
                "--mail-from", "a@example.org", "--mail-rcpt", "b@example.org", "--mail-rcpt", "c@example.org");
            peer.Feed(Encoding.Latin1.GetBytes(message));
            peer.WaitForExit();
            Assert.True(Assert.Single(scene.TakeMessages()) == message, "the message is another one");
        }
    }

    [Fact]
    public void Curl_verifies_and_asks_for_help()
    {
        string curl = Programs.Curl;
        string url = $"smtp://{scene.Address}";
        using Peer verify = Peer.Start(curl, "--silent", "--show-error", url, "--mail-rcpt", "someone");
        verify.Feed();
        Assert.StartsWith("252 ", verify.WaitForText(), StringComparison.Ordinal);
        using Peer help = Peer.Start(curl, "--silent", "--show-error", url, "--request", "HELP");
        help.Feed();
        Assert.StartsWith("250 Supported commands", help.WaitForText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Curl_is_told_of_a_message_that_is_too_large()
    {
        const int WeirdServerReply = 8;
        const int SendError = 55;

        string curl = Programs.Curl;
        using var small = new SmtpdScene("127.0.0.1:0", "--size", "1000");
        string file = Path.GetTempFileName();
        File.WriteAllText(file, Header + Large());

        // A file's size is known and goes with MAIL; what comes through a pipe is only too large once it is there.
        foreach ((string from, int status) in (((string, int)[])[(file, SendError), ("-", WeirdServerReply)]))
        {
            using Peer peer = Peer.Start(
                curl, "--silent", "--verbose", $"smtp://{small.Address}", "--upload-file", from,
                "--mail-from", "a@example.org", "--mail-rcpt", "b@example.org");
            peer.Feed(Encoding.Latin1.GetBytes(Header + Large()));
            peer.WaitForExit(status: status);
            Assert.Contains("< 552 ", peer.Errors.Text, StringComparison.Ordinal);
        }

        File.Delete(file);
        Assert.Empty(small.TakeMessages());
    }

    [Theory]
    [InlineData("--protocol", "SMTP")]
    [InlineData("--protocol", "ESMTP")]
    [InlineData("--protocol", "ESMTP", "--pipeline")]
    public void Swaks_sends(params string[] options)
    {
        string swaks = Programs.Swaks;
        using Peer peer = Peer.Start(
            swaks,
            [
                "--server", $"{scene.Address.Address}", "--port", $"{scene.Address.Port}", "--helo", "client.example",
                "--from", "a@example.org", "--to", "b@example.org,c@example.org", "--data", "-", .. options,
            ]);
        peer.Feed(Encoding.Latin1.GetBytes((Header + Body).Replace("\r\n", "\n")));
        peer.WaitForExit();

        // It makes CR LF of each LF, and adds one more.
        Assert.Equal(Header + Body + "\r\n", Assert.Single(scene.TakeMessages()));
    }

    [Fact]
    public void Swaks_stops_halfway()
    {
        string swaks = Programs.Swaks;
        foreach (string last in (string[])["CONNECT", "FIRST-HELO", "MAIL", "RCPT"])
        {
            foreach (string how in (string[])["--quit-after", "--drop-after"])
            {
                using Peer peer = Peer.Start(
                    swaks, "--server", $"{scene.Address.Address}", "--port", $"{scene.Address.Port}",
                    "--from", "a@example.org", "--to", "b@example.org", how, last);
                peer.Feed();
                peer.WaitForExit();
            }
        }

        Assert.Empty(scene.TakeMessages());
    }

    [Fact]
    public void Smtplib_sends_and_is_refused_where_it_should_be()
    {
        using Peer peer = PythonPeer.Start("smtp_client", scene.Address.ToString());
        Assert.Equal("done\n", peer.WaitForText());
        string[] messages = [.. scene.TakeMessages().Order(StringComparer.Ordinal)];
        Assert.Equal(5, messages.Length);
        Assert.Equal(["..two\r\n.\r\n", "1\r\n", "2\r\n", "3\r\n"], messages[..4]);
        Assert.Contains("Subject: gr\u00C3\u00BC\u00C3\u009Fe\r\n", messages[4], StringComparison.Ordinal); // UTF-8
    }

    private static string Large() =>
        string.Concat(Enumerable.Range(0, 100_000).Select(i => $"{new string('.', i % 4)} line {i}\r\n"));
}
