using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

public class ServerCommandTests
{
    public static TheoryData<string> BackendNames => [.. Backends.Kinds.Select(Name)];

    private static string Name(IoBackendKind kind) =>
        kind == IoBackendKind.IoUring ? "io_uring" : kind.ToString().ToLowerInvariant();

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Echo_serves_and_ends_with_SIGINT(string backend)
    {
        using ToolProcess tool = ToolProcess.Start("echo", "--listen", "127.0.0.1:0", "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        byte[] sent = Sockets.Pattern(100_000);
        using (Socket client = Sockets.Dial(address))
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal(sent, client.ReadToEnd());
        }

        tool.Signal(ToolProcess.Interrupt);
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
    }

    [Fact]
    public async Task Echo_ends_with_SIGTERM_though_clients_are_there()
    {
        using ToolProcess tool = ToolProcess.Start("echo", "--listen", "localhost:0", "--loops", "1");
        using Socket client = Sockets.Dial(await tool.AwaitListening());
        client.Send("x"u8);
        Assert.Single(client.ReadExactly(1));
        tool.Signal(ToolProcess.Terminate);
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
    }

    [Fact]
    public async Task An_IPv6_address_is_taken_and_announced_in_brackets()
    {
        using ToolProcess tool = ToolProcess.Start("echo", "--listen", "[::1]:0");
        IPEndPoint address = await tool.AwaitListening();
        Assert.Equal(IPAddress.IPv6Loopback, address.Address);
        Assert.NotEqual(0, address.Port);
        using Socket client = Sockets.Dial(address);
        client.Send("x"u8);
        Assert.Single(client.ReadExactly(1));
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Time_is_served_and_queried(string backend)
    {
        using ToolProcess tool = ToolProcess.Start("time", "serve", "--listen", "127.0.0.1:0", "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        ToolResult query = await ToolProcess.Run("time", "query", address.ToString(), "--backend", backend);
        Assert.Equal(0, query.Status);
        Assert.Matches("^time difference is (0|1|-1)\n$", query.Output);
        Assert.Empty(query.Errors);
        tool.Signal(ToolProcess.Terminate);
        Assert.Equal(0, (await tool.End()).Status);
    }

    [Fact]
    public async Task A_time_that_cannot_be_had_is_one_line()
    {
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        ToolResult result = await ToolProcess.Run("time", "query", nobody.LocalEndPoint!.ToString()!);
        Assert.Equal(1, result.Status);
        Assert.Contains(nobody.LocalEndPoint!.ToString()!, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Forward_joins_two_ports(string backend)
    {
        using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
        string port = ((IPEndPoint)listener.LocalEndPoint!).Port.ToString();
        using ToolProcess tool = ToolProcess.Start(
            "forward", "-l", "127.0.0.1", "-p", "0", "-r", "127.0.0.1", "-P", port, "--backend", backend);
        using Socket client = Sockets.Dial(await tool.AwaitListening());
        using Socket server = listener.Accept();
        client.Send("question"u8);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("question"u8.ToArray(), server.ReadToEnd());
        server.Send("answer"u8);
        server.Shutdown(SocketShutdown.Both);
        Assert.Equal("answer"u8.ToArray(), client.ReadToEnd());
        tool.Signal(ToolProcess.Interrupt);
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
    }

    [Fact]
    public async Task Forward_logs_a_server_that_is_not_there_and_goes_on()
    {
        using Socket nobody = Sockets.Bound(AddressFamily.InterNetwork);
        string port = ((IPEndPoint)nobody.LocalEndPoint!).Port.ToString();
        using ToolProcess tool = ToolProcess.Start(
            "forward", "--local-port", "0", "--remote-ip", "localhost", "--remote-port", port);
        IPEndPoint address = await tool.AwaitListening();
        for (int i = 0; i < 2; i++)
        {
            using Socket client = Sockets.Dial(address);
            Assert.Empty(client.ReadToEnd());
        }

        tool.Signal(ToolProcess.Terminate);
        ToolResult result = await tool.End();
        Assert.Equal(0, result.Status);
        Assert.Equal(2, result.ErrorLines.Length);
        Assert.All(result.ErrorLines, line => Assert.Contains($"localhost:{port}", line, StringComparison.Ordinal));
    }
}
