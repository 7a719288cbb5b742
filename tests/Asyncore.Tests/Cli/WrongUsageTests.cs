using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

public class WrongUsageTests
{
    /// <summary>What must be named, and the command line.</summary>
    public static TheoryData<string, string[]> NotUnderstood => new()
    {
        { "command", [] },
        { "frobnicate", ["frobnicate"] },
        { "--listen", ["echo"] },
        { "--listen", ["echo", "--listen"] },
        { "--listen", ["echo", "--listen", "7"] },
        { "--listen", ["echo", "--listen", "::1:7"] },
        { "--listen", ["echo", "--listen", "[::1]"] },
        { "--listen", ["echo", "--listen", "127.0.0.1:65536"] },
        { "--listen", ["echo", "--listen", "127.0.0.1:-1"] },
        { "--listen", ["time", "serve"] },
        { "--loops", ["echo", "--listen", "127.0.0.1:0", "--loops", "0"] },
        { "--loops", ["echo", "--listen", "127.0.0.1:0", "--loops", "many"] },
        { "--loops", ["echo", "--listen", "127.0.0.1:0", "--loops", "-1"] },
        { "--spin", ["echo", "--listen", "127.0.0.1:0", "--spin", "-1"] },
        { "--spin", ["time", "serve", "--listen", "127.0.0.1:0", "--spin", "long"] },
        { "--backend", ["echo", "--listen", "127.0.0.1:0", "--backend", "iocp"] },
        { "--backend", ["demo", "--backend"] },
        { "--sideways", ["demo", "--sideways"] },
        { "command", ["time"] },
        { "HOST", ["time", "query"] },
        { "HOST", ["time", "query", "127.0.0.1:x"] },
        { "--remote-ip", ["forward"] },
        { "--remote-ip", ["forward", "-r", ""] },
        { "--local-port", ["forward", "-r", "127.0.0.1", "-p", "x"] },
        { "--remote-port", ["forward", "-r", "127.0.0.1", "-P", "65536"] },
        { "URL", ["get"] },
        { "URL", ["get", "example.org/file"] },
        { "-o", ["get", "http://example.org/", "-o"] },
        { "extra", ["get", "http://example.org/", "extra"] },
    };

    [Theory, MemberData(nameof(NotUnderstood))]
    public async Task What_is_not_understood_is_named_and_nothing_starts(string named, string[] arguments)
    {
        ToolResult result = await ToolProcess.Run(arguments);
        Assert.Equal(2, result.Status);
        Assert.Contains(named, result.Errors, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    /// <summary>What must be said, and the command line.</summary>
    public static TheoryData<string, string[]> CannotBeDone => new()
    {
        { "cannot listen on 192.0.2.1:7: ", ["echo", "--listen", "192.0.2.1:7"] },
        { "cannot listen on 192.0.2.1:7: ", ["echo", "--listen", "192.0.2.1:7", "--loops", "2"] },
        { "cannot listen on 192.0.2.1:80: ", ["forward", "-l", "192.0.2.1", "-r", "127.0.0.1"] },
        { "would connect to itself", ["forward", "-l", "127.0.0.1", "-p", "27003", "-r", "127.0.0.1", "-P", "27003"] },
        { "would connect to itself", ["forward", "-l", "::", "-p", "27003", "-r", "::1", "-P", "27003"] },
        { "would connect to itself", ["forward", "-l", "localhost", "-p", "27003", "-r", "localhost", "-P", "27003"] },
        { "kqueue", ["echo", "--listen", "127.0.0.1:0", "--backend", "kqueue"] },
        { "kqueue", ["echo", "--listen", "127.0.0.1:0", "--loops", "2", "--backend", "kqueue"] },
        { "kqueue", ["demo", "--backend", "kqueue"] },
        { "kqueue", ["time", "query", "127.0.0.1:1", "--backend", "kqueue"] },
        { "https", ["get", "https://127.0.0.1/"] },
    };

    [Theory, MemberData(nameof(CannotBeDone))]
    public async Task What_cannot_be_done_is_one_line(string said, string[] arguments)
    {
        ToolResult result = await ToolProcess.Run(arguments);
        Assert.Equal(1, result.Status);
        Assert.Contains(said, Assert.Single(result.ErrorLines), StringComparison.OrdinalIgnoreCase);
        Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData("echo", "--listen")]
    [InlineData("time", "serve", "--listen")]
    public async Task A_port_in_use_is_one_line(params string[] command)
    {
        using Socket there = Sockets.Listen(AddressFamily.InterNetwork);
        ToolResult result = await ToolProcess.Run([.. command, there.LocalEndPoint!.ToString()!]);
        Assert.Equal(1, result.Status);
        Assert.Contains(
            $"cannot listen on {there.LocalEndPoint}: ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("forward", "--help")]
    [InlineData("--version")]
    public async Task Help_is_no_error(params string[] arguments)
    {
        ToolResult result = await ToolProcess.Run(arguments);
        Assert.Equal(0, result.Status);
        Assert.NotEmpty(result.Output);
        Assert.Empty(result.Errors);
    }
}
