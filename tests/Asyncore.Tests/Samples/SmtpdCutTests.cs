using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Samples.SmtpdScene;

namespace Asyncore.Tests.Samples;

/// <summary>The sample Smtpd and connections that are cut: into pieces, or off.</summary>
public class SmtpdCutTests(SmtpdScene scene) : IClassFixture<SmtpdScene>
{
    private static readonly string _session =
        $"{Greeted}{Addressed}DATA\r\nSubject: one\r\n\r\n..dots\r\n\n.\r\n.\r\n"
        + $"{new string('x', 600)}\r\nVRFY a\0b\r\n{Addressed}DATA\r\n.\r\nRSET\r\nQUIT\r\nNOOP\r\n";

    private static readonly string[] _messages = ["Subject: one\r\n\r\n.dots\r\n\n.\r\n", ""];

    [Fact]
    public void HoweverASessionIsCutTheRepliesAndFilesAreTheSame()
    {
        string[] replies = scene.Talk(_session);
        Assert.Equal("250 250 250 354 250 500 500 250 250 354 250 250 221", SmtpReplies.Codes(replies));
        Assert.Equal(_messages, scene.TakeMessages().OrderDescending());

        Assert.Equal(replies, scene.Talk(_session.Select(each => $"{each}")));
        Assert.Equal(_messages, scene.TakeMessages().OrderDescending());

        for (int seed = 0; seed < 100; seed++)
        {
            Assert.Equal(replies, scene.Talk(Cut(_session, new Random(seed))));
            Assert.Equal(_messages, scene.TakeMessages().OrderDescending());
        }
    }

    [Fact]
    public void WhatIsCutOffLeavesNothing()
    {
        int[] ends = [.. EndsOf("\r\n.\r\n")];
        for (int length = 0; length < _session.Length; length++)
        {
            scene.Talk(_session[..length]);
            int whole = ends.Count(end => end <= length);
            Assert.Equal(_messages[..whole], scene.TakeMessages().OrderDescending());
        }
    }

    [Fact]
    public void AResetLeavesNothing()
    {
        using var own = new SmtpdScene("127.0.0.1:0");
        for (int length = 0; length < _session.Length; length += 7)
        {
            using Socket client = own.Dial();
            client.Send(Encoding.Latin1.GetBytes(_session[..length]));
            client.ResetOnClose();
        }

        // The program has seen all of it when it takes a session that came later.
        Assert.Equal("250", own.Codes(Greeted));
        own.Stop();
        Assert.All(own.TakeMessages(), message => Assert.Contains(message, _messages));
    }

    [Fact]
    public void AServerThatEndsLeavesNothing()
    {
        using var own = new SmtpdScene("127.0.0.1:0");
        using Socket client = own.Dial();
        client.Send(Encoding.Latin1.GetBytes($"{Greeted}{Addressed}DATA\r\nhalf a mess"));
        Assert.Equal("250", own.Codes(Greeted));
        own.Stop();
        Assert.Empty(own.TakeMessages());
    }

    internal static IEnumerable<string> Cut(string session, Random random)
    {
        int at = 0;
        while (at < session.Length)
        {
            int length = Math.Min(random.Next(1, 1 + random.Next(1, 60)), session.Length - at);
            yield return session.Substring(at, length);
            at += length;
        }
    }

    private static IEnumerable<int> EndsOf(string what)
    {
        for (int at = 0; (at = _session.IndexOf(what, at, StringComparison.Ordinal)) >= 0;)
        {
            at += what.Length;
            yield return at;
        }
    }
}
