using System.Net.Sockets;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

public sealed class GetCommandTests : IDisposable
{
    private readonly Socket _listener = Sockets.Listen(AddressFamily.InterNetwork);
    private readonly string _folder = Directory.CreateTempSubdirectory("asyncore-get-").FullName;

    private string Url => $"http://{_listener.LocalEndPoint}/file";

    [Fact]
    public async Task A_body_goes_to_standard_output()
    {
        using ToolProcess tool = ToolProcess.Start("get", Url);
        Answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
        Assert.Equal(new ToolResult(0, "hello\n", string.Empty), await tool.End());
    }

    [Fact]
    public async Task A_file_appears_when_it_is_whole()
    {
        using ToolProcess tool = ToolProcess.StartIn(_folder, "get", Url, "-o", "file");
        using (Socket connection = Accept())
        {
            Say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            Assert.Empty(Directory.GetFiles(_folder, "file"));
            Say(connection, "1\r\n\n\r\n0\r\n\r\n");
        }

        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
        string file = Assert.Single(Directory.GetFiles(_folder));
        Assert.Equal("file", Path.GetFileName(file));
        Assert.Equal("hello\n", File.ReadAllText(file));
    }

    [Fact]
    public async Task A_file_that_was_there_stays_where_the_new_one_is_truncated()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "old");
        using ToolProcess tool = ToolProcess.Start("get", Url, "--output", file);
        Answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Contains(Url, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(Assert.Single(Directory.GetFiles(_folder))));
    }

    [Fact]
    public async Task Redirects_are_followed_and_a_loop_of_them_is_one_line()
    {
        using ToolProcess tool = ToolProcess.Start("get", Url);
        Answer("HTTP/1.1 302 Found\r\nLocation: other\r\nContent-Length: 0\r\n\r\n");
        Answer("HTTP/1.1 302 Found\r\nLocation: file\r\nContent-Length: 0\r\n\r\n");
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Contains("loop", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Theory]
    [InlineData("404 Not Found")]
    [InlineData("500 Oops")]
    public async Task A_status_of_400_or_more_is_one_line_and_no_file(string status)
    {
        using ToolProcess tool = ToolProcess.StartIn(_folder, "get", Url, "-o", "file");
        Answer($"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nsorry");
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Contains(status, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Empty(result.Output);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_signal_leaves_no_file()
    {
        using ToolProcess tool = ToolProcess.StartIn(_folder, "get", Url, "-o", "file");
        using Socket connection = Accept();
        Say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
        tool.Signal(ToolProcess.Interrupt);
        Assert.Equal(130, (await tool.End()).Status);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_one_line()
    {
        ToolResult result = await ToolProcess.Run("get", Url, "-o", Path.Combine(_folder, "no", "file"));
        Assert.Equal(1, result.Status);
        Assert.Single(result.ErrorLines);
    }

    [Fact]
    public async Task A_link_stays_a_link()
    {
        string file = Path.Combine(_folder, "file");
        string link = Path.Combine(_folder, "link");
        File.WriteAllText(file, "old");
        File.CreateSymbolicLink(link, "file");
        using ToolProcess tool = ToolProcess.Start("get", Url, "-o", link);
        Answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew");
        Assert.Equal(0, (await tool.End()).Status);
        Assert.Equal("new", File.ReadAllText(file));
        Assert.Equal("file", new FileInfo(link).LinkTarget);
    }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Say(Socket connection, string text) => connection.Send(Encoding.Latin1.GetBytes(text));

    // The next connection, its request read.
    private Socket Accept()
    {
        Assert.True(_listener.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead), "the tool did not connect");
        Socket connection = _listener.Accept();
        connection.ReceiveTimeout = 20_000;
        string request = string.Empty;
        while (!request.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            byte[] read = connection.ReadExactly(1);
            Assert.Single(read);
            request += (char)read[0];
        }

        return connection;
    }

    private void Answer(string text)
    {
        using Socket connection = Accept();
        Say(connection, text);
    }
}
