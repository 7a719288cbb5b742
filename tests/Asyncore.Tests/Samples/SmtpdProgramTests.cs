using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

/// <summary>How the sample Smtpd starts and ends. Wrong usage is in <see cref="SampleUsageTests"/>.</summary>
public class SmtpdProgramTests
{
    [Theory]
    [InlineData(ChildProgram.Interrupt)]
    [InlineData(ChildProgram.Terminate)]
    public void ASignalEndsItAlsoWithClientsThere(int signal)
    {
        Assert.SkipWhen(ChildProgram.IsIgnored(signal), "the signal is ignored where the tests run");
        string folder = NewFolder();
        using var program = ChildProgram.Start("Smtpd", "--maildir", folder, "--listen", "localhost:0");
        using Socket client = Sockets.Dial(program.ReadAddress());
        Assert.Equal("220 "u8.ToArray(), client.ReadExactly(4));
        program.Signal(signal);
        Assert.Equal((0, string.Empty, string.Empty), program.WaitForExit());
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void APortInUseIsOneLine()
    {
        string folder = NewFolder();
        using Socket owner = Sockets.Listen(AddressFamily.InterNetwork);
        using var program = ChildProgram.Start("Smtpd", "--listen", $"{owner.LocalEndPoint}", "--maildir", folder);
        Assert.Equal((1, string.Empty, "Smtpd: Address already in use\n"), program.WaitForExit());
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void AMaildirThatCannotBeIsOneLine()
    {
        string file = Path.GetTempFileName();
        using var program = ChildProgram.Start("Smtpd", "--listen", "127.0.0.1:0", "--maildir", $"{file}/mail");
        (int status, string output, string errors) = program.WaitForExit();
        Assert.Equal((1, string.Empty), (status, output));
        Assert.Matches(@"^Smtpd: [^\n]+\n\z", errors);
        File.Delete(file);
    }

    [Fact]
    public void AMessageThatCannotBeStoredIsRefusedAndTheSessionGoesOn()
    {
        using var scene = new SmtpdScene("127.0.0.1:0");
        string session = $"{SmtpdScene.Greeted}{SmtpdScene.Addressed}DATA\r\nhello\r\n.\r\nNOOP\r\n";
        Directory.Delete(Path.Combine(scene.Maildir, "new"));
        Assert.Equal("250 250 250 354 451 250", scene.Codes(session));
        Directory.CreateDirectory(Path.Combine(scene.Maildir, "new"));
        Assert.Empty(scene.TakeMessages());
        Assert.Equal("250 250 250 354 250 250", scene.Codes(session));
        Assert.Equal(["hello\r\n"], scene.TakeMessages());
        Assert.StartsWith("error: a message cannot be stored", scene.Stop(), StringComparison.Ordinal);
    }

    private static string NewFolder() => Path.Combine(Path.GetTempPath(), $"asyncore-smtpd-{Guid.NewGuid():N}");
}
