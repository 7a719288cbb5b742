using System.Text;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Samples.SmtpdScene;

namespace Asyncore.Tests.RealFaults;

/// <summary>A disk with no room left, under what is received and under what is logged.</summary>
public class FullDiskTests
{
    private const int Small = 10_000;
    private const int Large = 200_000;
    private const string NoRoom = "No space left on device";
    private const string Accepted = "250 250 250 354 250 221";

    [Fact]
    public void A_message_that_there_is_no_room_for_is_refused_for_now_and_leaves_nothing()
    {
        using var disk = new SmallDisk();
        using SmtpdScene scene = SmtpdScene.On(Path.Combine(disk.Folder, "mail"), ForwardProgram.Plainly);
        disk.Fill(left: 2 * Small);
        Assert.Equal("250 250 250 354 451 221", scene.Codes(Session(Large)));
        Assert.Empty(scene.TakeMessages());
        Assert.Equal(Accepted, scene.Codes(Session(Small)));
        Assert.Equal([Message(Small)], scene.TakeMessages());
        disk.Clear();
        Assert.Equal(Accepted, scene.Codes(Session(Large)));
        Assert.Equal([Message(Large)], scene.TakeMessages());
        Assert.Contains(NoRoom, scene.Stop(), StringComparison.Ordinal);
    }

    // Who is told that it was not stored sends it again.
    [Fact]
    public void A_message_that_was_stored_is_accepted_though_the_log_is_on_a_full_disk()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's");
        string maildir = Path.Combine(Path.GetTempPath(), $"asyncore-smtpd-{Guid.NewGuid():N}");
        using SmtpdScene scene = SmtpdScene.On(maildir, "exec \"$@\" 2>/dev/full");
        Assert.Equal(Accepted, scene.Codes(Session(Small)));
        Assert.Equal([Message(Small)], scene.TakeMessages());
        scene.Stop();
    }

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task A_file_that_there_is_no_room_for_is_one_line_and_the_old_one_stays(string backend)
    {
        using var disk = new SmallDisk();
        string file = Path.Combine(disk.Folder, "file");
        File.WriteAllText(file, "old");
        disk.Fill(left: Small);
        ToolResult result = await Get(backend, file);
        Assert.Equal(1, result.Status);
        Assert.StartsWith($"asyncore: cannot write to {file}: {NoRoom}", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(file));
        disk.Clear();
        Assert.Equal([file], Directory.GetFileSystemEntries(disk.Folder));
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await Get(backend, file));
        Assert.Equal(Message(Large), File.ReadAllText(file, Encoding.Latin1));
    }

    [Fact]
    public async Task A_full_device_is_one_line()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's");
        ToolResult result = await Get("auto", "/dev/full");
        Assert.Equal(1, result.Status);
        Assert.Contains(NoRoom, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task The_forwarder_goes_on_though_its_log_is_on_a_full_disk(string backend)
    {
        using ForwardProgram forwarder = await ForwardProgram.Start(backend, "exec \"$@\" 2>/dev/full");
        forwarder.AssertServes();
        forwarder.AssertServes();
        await forwarder.End();
    }

    private static async Task<ToolResult> Get(string backend, string file)
    {
        using var server = new PlainHttpServer($"HTTP/1.1 200 OK\r\nContent-Length: {Large}\r\n\r\n{Message(Large)}");
        return await ToolProcess.Run("get", server.Uri("/"), "-o", file, "--backend", backend);
    }

    private static string Session(int size) => $"{Greeted}{Addressed}DATA\r\n{Message(size)}.\r\nQUIT\r\n";

    // Lines that are all different, of so many bytes in all.
    private static string Message(int size)
    {
        var text = new StringBuilder();
        while (text.Length < size - 100)
        {
            text.Append($"line {text.Length}\r\n");
        }

        return text.Append('x', size - 2 - text.Length).Append("\r\n").ToString();
    }
}
