using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

/// <summary>The sample Smtpd, in front of a maildir of its own. Text is Latin-1: one character is one byte.</summary>
public sealed class SmtpdScene : IDisposable
{
    private readonly ChildProgram _program;

    public SmtpdScene()
        : this("127.0.0.1:0")
    {
    }

    internal SmtpdScene(string listen, params string[] more)
    {
        Maildir = Path.Combine(Path.GetTempPath(), $"asyncore-smtpd-{Guid.NewGuid():N}");
        _program = ChildProgram.Start("Smtpd", ["--listen", listen, "--maildir", Maildir, .. more]);
        Address = _program.ReadAddress();
    }

    private SmtpdScene(string maildir, ChildProgram program)
    {
        Maildir = maildir;
        _program = program;
        Address = program.ReadAddress();
    }

    public static string Greeted { get; } = "EHLO client.example\r\n";

    public static string Addressed { get; } = "MAIL FROM:<from@example.org>\r\nRCPT TO:<to@example.org>\r\n";

    public IPEndPoint Address { get; }

    public string Maildir { get; }

    /// <summary>The same with a maildir of one's own, which goes in the end, and started by a shell, as <c>"$@"</c>.</summary>
    internal static SmtpdScene On(string maildir, string script) =>
        new(maildir, ChildProgram.StartByShell(script, "Smtpd", "--listen", "127.0.0.1:0", "--maildir", maildir));

    public Socket Dial() => Sockets.Dial(Address);

    /// <summary>Sends a whole session at once and ends our side.</summary>
    /// <returns>The replies, the greeting left out. Each is one line: of a longer one the last.</returns>
    public string[] Talk(string session) => Talk([session]);

    /// <summary>The same in pieces, which leave one by one.</summary>
    public string[] Talk(IEnumerable<string> pieces)
    {
        using Socket client = Dial();
        client.NoDelay = true;
        foreach (string piece in pieces)
        {
            client.Send(Encoding.Latin1.GetBytes(piece));
        }

        client.Shutdown(SocketShutdown.Send);
        string[] replies = SmtpReplies.Parse(client.ReadToEnd());
        Assert.StartsWith("220 ", replies[0], StringComparison.Ordinal);
        return replies[1..];
    }

    /// <summary>The codes of the replies to a session, with a blank between them.</summary>
    public string Codes(string session) => SmtpReplies.Codes(Talk(session));

    /// <summary>What is in new, which is empty afterwards; nothing may be in the other folders.</summary>
    public string[] TakeMessages() => TakeMessages(Maildir);

    public static string[] TakeMessages(string maildir)
    {
        Assert.Equal(["cur", "new", "tmp"], Directory.GetFileSystemEntries(maildir).Select(Path.GetFileName).Order());
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(maildir, "tmp")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(maildir, "cur")));
        var messages = new List<string>();
        foreach (string file in Directory.GetFiles(Path.Combine(maildir, "new")))
        {
            messages.Add(File.ReadAllText(file, Encoding.Latin1));
            File.Delete(file);
        }

        return [.. messages];
    }

    /// <inheritdoc cref="ChildProcess.Kill"/>
    public void Kill() => _program.Kill();

    /// <summary>Ends the program by SIGTERM, which it must take well.</summary>
    /// <returns>What it logged.</returns>
    public string Stop() => _program.Stop();

    public void Dispose()
    {
        _program.Dispose();
        if (Directory.Exists(Maildir))
        {
            Directory.Delete(Maildir, recursive: true); // unless another on the same one has ended before
        }
    }
}
