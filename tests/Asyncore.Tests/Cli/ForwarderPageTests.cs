using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

/// <summary>The commands of docs/forwarder.md do what the page says, with addresses of this machine put in.</summary>
public sealed partial class ForwarderPageTests : IDisposable
{
    private const string Page = "docs/forwarder.md";

    private static readonly string _text = File.ReadAllText(Repository.PathOf(Page));

    private readonly Socket[] _targets = [.. Enumerable.Range(0, 3).Select(_ => Sockets.Listen(AddressFamily.InterNetwork))];
    private readonly string _folder = Directory.CreateTempSubdirectory("asyncore-").FullName;

    public static TheoryData<string> Commands =>
        [.. Line().Matches(_text).Select(each => each.Groups[1].Value).Where(each => !each.Contains("--check"))];

    public void Dispose()
    {
        Array.ForEach(_targets, each => each.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task It_forwards_and_stops(string command)
    {
        File.WriteAllText(Path.Combine(_folder, "forwarder.jsonc"), Here(Block().Match(_text).Groups[1].Value));
        string[] line = Here(command).Split(' ');
        using ToolProcess tool = command.Contains("--live")
            ? ToolProcess.StartByShell(_folder, "TERM=dumb exec script -qfec \"$(printf '%q ' \"$@\")\" /dev/null", line)
            : ToolProcess.StartIn(_folder, line);
        IPEndPoint address = await tool.AwaitListening();
        int[] found = [.. Enumerable.Range(0, 3).Select(_ => Exchange(address, command.Contains("--send-proxy")))];
        if (command.Contains("--balance"))
        {
            Assert.Equal([0, 1, 2], found.Order());
        }

        if (!command.Contains("--live")) // there the signal would be the terminal's
        {
            tool.Signal(ToolProcess.Terminate);
            ToolResult result = await tool.End();
            Assert.Equal(0, result.Status);
            Assert.Equal(command.Contains("--log all") ? 3 : 0, result.ErrorLines.Length);
        }
    }

    [Fact]
    public async Task The_file_of_the_page_is_right()
    {
        File.WriteAllText(Path.Combine(_folder, "forwarder.jsonc"), Block().Match(_text).Groups[1].Value);
        using ToolProcess tool = ToolProcess.StartIn(_folder, "forward", "--config", "forwarder.jsonc", "--check");
        Assert.Equal(new ToolResult(0, "forwarder.jsonc: 2 listeners, 3 targets\n", string.Empty), await tool.End());
    }

    // Where the forwarder went, having carried bytes both ways.
    private int Exchange(IPEndPoint address, bool hasHeader)
    {
        using Socket client = Sockets.Dial(new IPEndPoint(IPAddress.Loopback, address.Port));
        client.Send("question"u8);
        client.Shutdown(SocketShutdown.Send);
        int index = WhoIsAsked();
        using Socket server = _targets[index].AcceptSoon();
        byte[] got = server.ReadToEnd();
        Assert.True(got.AsSpan().EndsWith("question"u8));
        Assert.Equal(hasHeader ? 28 + 8 : 8, got.Length);
        server.Send("answer"u8);
        server.Dispose();
        Assert.Equal("answer"u8.ToArray(), client.ReadToEnd());
        return index;
    }

    private int WhoIsAsked()
    {
        var asked = new List<Socket>(_targets);
        Socket.Select(asked, null, null, 20_000_000);
        return Array.IndexOf(_targets, Assert.Single(asked));
    }

    // Targets become ours, in turn; whatever listens does at a port that is free.
    private string Here(string text)
    {
        int next = 0;
        text = Listening().Replace(text, "${1}127.0.0.1:0");
        text = Target().Replace(text, match => match.Groups[1].Value + _targets[next++ % 3].LocalEndPoint);
        return text.Replace("-p 8080 -r 10.0.0.1 -P 80", $"-p 0 -r 127.0.0.1 -P {Port(0)}")
            .Replace("asyncore forward", "forward");
    }

    private int Port(int target) => ((IPEndPoint)_targets[target].LocalEndPoint!).Port;

    [GeneratedRegex(@"^    (asyncore forward .*)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"```jsonc\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"(--listen |""listen"": "")(unix:[^""]*|[0-9.]+:\d+)")]
    private static partial Regex Listening();

    [GeneratedRegex(@"(--target |-t |""targets"": \[""|""address"": "")([a-z0-9.]+:\d+)")]
    private static partial Regex Target();
}
