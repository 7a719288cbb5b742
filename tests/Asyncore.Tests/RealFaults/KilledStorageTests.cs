using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Samples.SmtpdScene;

namespace Asyncore.Tests.RealFaults;

/// <summary>Programs that store what comes, and are killed (SIGKILL) before all of it is there.</summary>
public class KilledStorageTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);
    private static readonly string _begin = $"{Addressed}DATA\r\n";

    // It may be among what has not been finished, where nobody looks for messages.
    [Fact]
    public void A_killed_Smtpd_has_what_it_has_accepted_and_no_half_message()
    {
        string maildir = Path.Combine(Path.GetTempPath(), $"asyncore-smtpd-{Guid.NewGuid():N}");
        using SmtpdScene scene = SmtpdScene.On(maildir, ForwardProgram.Plainly);
        using Socket client = scene.Dial();
        client.Send(Encoding.ASCII.GetBytes($"{Greeted}{_begin}first\r\n.\r\n{_begin}second, of which there is"));
        AwaitReply(client, "354", times: 2);
        scene.Kill();
        Assert.Equal(["first\r\n"], Directory.GetFiles(Path.Combine(maildir, "new")).Select(File.ReadAllText));

        using SmtpdScene next = SmtpdScene.On(maildir, ForwardProgram.Plainly);
        Assert.Equal("250 250 250 354 250", next.Codes($"{Greeted}{_begin}second, whole\r\n.\r\n"));
        Assert.Equal(["first\r\n", "second, whole\r\n"], next.TakeMessages().Order());
    }

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task A_killed_download_leaves_the_file_that_was_there(string backend)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what is done to processes here is written for Linux");
        string folder = Directory.CreateTempSubdirectory("asyncore-killed-").FullName;
        string file = Path.Combine(folder, "file");
        await File.WriteAllTextAsync(file, "old", TestContext.Current.CancellationToken);
        using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
        string url = $"http://{listener.LocalEndPoint}/";
        using (ToolProcess tool = ToolProcess.Start("get", url, "-o", file, "--backend", backend))
        {
            using Socket connection = listener.AcceptSoon();
            connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"u8);
            connection.Send(Sockets.Pattern(500_000));
            bool read = SpinWait.SpinUntil(() => connection.Unacknowledged() == 0, _patience);
            Assert.True(read, "the body is not read");
            tool.Kill();
        }

        Assert.Equal("old", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        using var whole = new PlainHttpServer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
        Assert.Equal(0, (await ToolProcess.Run("get", whole.Uri("/"), "-o", file, "--backend", backend)).Status);
        Assert.Equal("new", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Directory.Delete(folder, recursive: true);
    }

    private static void AwaitReply(Socket client, string code, int times)
    {
        var said = new StringBuilder();
        byte[] buffer = new byte[1000];
        while (said.ToString().Split($"\r\n{code} ").Length <= times)
        {
            int count = client.Receive(buffer);
            Assert.NotEqual(0, count);
            said.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
    }
}
