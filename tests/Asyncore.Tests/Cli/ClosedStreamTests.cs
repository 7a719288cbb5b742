using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

/// <summary>
/// The tool started with standard input, output or error closed: their numbers are given to whatever is opened next,
/// and what is printed must not go there.
/// </summary>
public class ClosedStreamTests
{
    // More than a pipe of the runtime's takes, which is what the numbers are given to.
    private static readonly string _body = new('x', 1 << 20);

    [Theory]
    [InlineData(">&-", "asyncore: standard output is closed")]
    [InlineData("<&- >&-", "asyncore: standard output is closed")]
    [InlineData("<&- >&- 2>&-", null)]
    public async Task A_body_without_an_output_is_a_failure(string closed, string? said)
    {
        using var server = new PlainHttpServer($"HTTP/1.1 200 OK\r\nContent-Length: {_body.Length}\r\n\r\n{_body}");
        using ToolProcess tool = ToolProcess.StartByShell(
            Path.GetTempPath(), $"exec \"$@\" {closed}", "get", server.Uri("/"));
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Equal(said is null ? [] : [said], result.ErrorLines);
    }

    [Theory]
    [InlineData("<&-", "time difference is")]
    [InlineData(">&-", "")]
    [InlineData("2>&-", "time difference is")]
    [InlineData("<&- >&- 2>&-", "")]
    public async Task What_is_printed_reaches_no_connection(string closed, string printed)
    {
        using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
        using ToolProcess tool = ToolProcess.StartByShell(
            Path.GetTempPath(), $"exec \"$@\" {closed}", "time", "query", listener.LocalEndPoint!.ToString()!);
        using (Socket connection = listener.AcceptSoon())
        {
            connection.Send(new byte[4]);
            connection.Shutdown(SocketShutdown.Send);
            Assert.Equal(string.Empty, Encoding.Latin1.GetString(connection.ReadToEnd()));
        }

        ToolResult result = await tool.End();
        Assert.Equal(0, result.Status);
        Assert.StartsWith(printed, result.Output, StringComparison.Ordinal);
        Assert.Empty(result.Errors);
    }
}
