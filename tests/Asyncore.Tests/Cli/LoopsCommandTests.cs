using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

/// <summary><c>--loops</c> and <c>--spin</c>.</summary>
public class LoopsCommandTests
{
    public static TheoryData<string> BackendNames => ServerCommandTests.BackendNames;

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Several_loops_serve_one_port_and_end_with_SIGINT(string backend)
    {
        using ToolProcess tool = ToolProcess.Start(
            "echo", "--listen", "127.0.0.1:0", "--loops", "3", "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        Socket[] clients = [.. Enumerable.Range(0, 60).Select(_ => Sockets.Dial(address))];
        Array.ForEach(clients, client => client.Send("x"u8));
        Assert.All(clients, client => Assert.Single(client.ReadExactly(1)));

        // Nobody else gets the port, however many loops he has.
        foreach (string loops in (string[])["1", "2"])
        {
            ToolResult second = await ToolProcess.Run("echo", "--listen", address.ToString(), "--loops", loops);
            Assert.Equal(1, second.Status);
            Assert.Contains($"cannot listen on {address}: ", Assert.Single(second.ErrorLines), StringComparison.Ordinal);
        }

        tool.Signal(ToolProcess.Interrupt);
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
        Assert.All(clients, client => Assert.Empty(client.ReadToEnd()));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task Several_loops_serve_IPv6_and_end_with_SIGTERM()
    {
        using ToolProcess tool = ToolProcess.Start("echo", "--listen", "[::1]:0", "--loops", "2");
        using Socket client = Sockets.Dial(await tool.AwaitListening());
        client.Send("x"u8);
        Assert.Single(client.ReadExactly(1));
        tool.Signal(ToolProcess.Terminate);
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
    }

    [Fact]
    public async Task A_loop_that_cannot_run_is_one_line()
    {
        // Each needs descriptors, of which there are not enough for all.
        using ToolProcess tool = ToolProcess.StartByShell(
            string.Empty, "ulimit -n 300 && exec \"$@\"", "echo", "--listen", "127.0.0.1:0", "--loops", "400");
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Single(result.ErrorLines);
        Assert.Empty(result.Output);
    }

    // The runtime ends the process where it finds none, with a stack trace.
    [Fact]
    public async Task Too_few_descriptors_for_anything_are_one_line()
    {
        using ToolProcess tool = ToolProcess.StartByShell(
            string.Empty, $"{LimitedChild.CloseOthers}; ulimit -n 100 && exec \"$@\"", "echo", "--listen", "127.0.0.1:0");
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Equal(["asyncore: at least 128 descriptors are needed, and there may be 100 (ulimit -n)"], result.ErrorLines);
        Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData("echo", "1")]
    [InlineData("echo", "2")]
    [InlineData("time serve", null)]
    public async Task Servers_spin(string command, string? loops)
    {
        string[] arguments = [.. command.Split(' '), "--listen", "127.0.0.1:0", "--spin", "200"];
        using ToolProcess tool = ToolProcess.Start(loops is null ? arguments : [.. arguments, "--loops", loops]);
        using Socket client = Sockets.Dial(await tool.AwaitListening());
        client.Send("x"u8);
        Assert.Single(client.ReadExactly(1));
        tool.Signal(ToolProcess.Terminate);
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
    }
}
