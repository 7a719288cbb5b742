using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

/// <summary>Where <c>asyncore get</c> writes to: files of all sorts, and pipes that nobody reads.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class GetOutputTests : IDisposable
{
    private const int Endless = 64 << 20; // more than any buffers between the two hold
    private const UnixFileMode Unusual = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.OtherWrite;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly Socket _listener = Sockets.Listen(AddressFamily.InterNetwork);
    private readonly string _folder = Directory.CreateTempSubdirectory("asyncore-output-").FullName;

    private string Url => $"http://{_listener.LocalEndPoint}/file";

    [Theory]
    [InlineData("\"$@\" | head -c 10; exit ${PIPESTATUS[0]}")]
    [InlineData("\"$@\" -o /dev/stdout | head -c 10; exit ${PIPESTATUS[0]}")]
    [InlineData("\"$@\" -o >(head -c 10); exit $?")]
    [InlineData("mkfifo fifo; head -c 10 fifo & \"$@\" -o fifo")]
    public async Task It_stops_when_nobody_reads_any_more(string script)
    {
        using ToolProcess tool = ToolProcess.StartByShell(_folder, script, "get", Url);
        using Socket connection = Accept();
        connection.Send(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Endless}\r\n\r\n"));
        int sent = SendUntilItEnds(connection);
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Equal("xxxxxxxxxx", result.Output);
        Assert.Contains("cannot write to ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.InRange(sent, 0, Endless - 1);
    }

    [Fact]
    public async Task What_others_write_to_the_same_file_stays()
    {
        using ToolProcess tool = ToolProcess.StartByShell(
            _folder, "exec >file; echo before; \"$@\"; \"$@\" -o /dev/stdout; echo after", "get", Url);
        Answer("one\n");
        Answer("two\n");
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
        Assert.Equal("before\none\ntwo\nafter\n", File.ReadAllText(Path.Combine(_folder, "file")));
    }

    [Theory]
    [InlineData("fifo")]
    [InlineData("link")]
    public async Task A_FIFO_is_written_to(string name)
    {
        using ToolProcess tool = ToolProcess.StartByShell(
            _folder, "mkfifo fifo; ln -s fifo link; cat fifo & \"$@\" && wait && test -p fifo", "get", Url, "-o", name);
        Answer("hello");
        Assert.Equal(new ToolResult(0, "hello", string.Empty), await tool.End());
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder).Length);
    }

    [Theory]
    [InlineData("/dev/null", "")]
    [InlineData("/dev/stdout", "hello")]
    [InlineData("/proc/self/fd/1", "hello")]
    [InlineData("out", "hello")]
    public async Task A_device_is_written_to(string name, string output)
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "out"), "/dev/stdout");
        using ToolProcess tool = ToolProcess.StartIn(_folder, "get", Url, "-o", name);
        Answer("hello");
        Assert.Equal(new ToolResult(0, output, string.Empty), await tool.End());
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task A_descriptor_that_was_not_given_to_it_is_none_of_its_own()
    {
        // Number 9 is one of the runtime's.
        using ToolProcess tool = ToolProcess.StartByShell(_folder, "exec \"$@\" 9>&-", "get", Url, "-o", "/dev/fd/9");
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Equal("asyncore: /dev/fd/9 is closed", Assert.Single(result.ErrorLines));
    }

    [Fact]
    public async Task A_name_may_be_as_long_as_names_can_be()
    {
        string name = new('n', 255);
        using ToolProcess tool = ToolProcess.StartIn(_folder, "get", Url, "-o", name);
        Answer("hello");
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
        Assert.Equal("hello", File.ReadAllText(Path.Combine(_folder, name)));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("link")]
    [InlineData("far")]
    public async Task A_file_keeps_its_permissions_and_its_links(string name)
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "old");
        File.SetUnixFileMode(file, Unusual);
        Link("link", "file");
        Link("far", Path.Combine(_folder, "link"));
        using ToolProcess tool = ToolProcess.StartIn(_folder, "get", Url, "-o", name);
        using (Socket connection = Accept())
        {
            Say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
            Assert.Equal("old", File.ReadAllText(file));
            Say(connection, "new");
        }

        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
        Assert.Equal("new", File.ReadAllText(file));
        Assert.Equal(Unusual, File.GetUnixFileMode(file));
        Assert.Equal("file", new FileInfo(Path.Combine(_folder, "link")).LinkTarget);
        Assert.Equal(Path.Combine(_folder, "link"), new FileInfo(Path.Combine(_folder, "far")).LinkTarget);
        Assert.Equal(3, Directory.GetFileSystemEntries(_folder).Length);
    }

    [Fact]
    public async Task A_link_to_nothing_makes_the_file()
    {
        Link("link", "file");
        using ToolProcess tool = ToolProcess.StartIn(_folder, "get", Url, "-o", "link");
        Answer("hello");
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
        Assert.Equal("hello", File.ReadAllText(Path.Combine(_folder, "file")));
    }

    [Fact]
    public async Task Links_in_a_circle_are_one_line()
    {
        Link("one", "two");
        Link("two", "one");
        using ToolProcess tool = ToolProcess.StartIn(_folder, "get", Url, "-o", "one");
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Contains("links", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Say(Socket connection, string text) => connection.Send(Encoding.Latin1.GetBytes(text));

    private static int SendUntilItEnds(Socket connection)
    {
        byte[] many = [.. Enumerable.Repeat((byte)'x', 64 * 1024)];
        int sent = 0;
        try
        {
            while (sent < Endless)
            {
                sent += connection.Send(many);
            }
        }
        catch (SocketException)
        {
            // The tool has gone.
        }

        return sent;
    }

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_folder, name), target);

    // The next connection, its request read.
    private Socket Accept()
    {
        Assert.True(_listener.Poll(_patience, SelectMode.SelectRead), "the tool did not connect");
        Socket connection = _listener.AcceptSoon();
        string request = string.Empty;
        while (!request.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            byte[] read = connection.ReadExactly(1);
            Assert.Single(read);
            request += (char)read[0];
        }

        return connection;
    }

    private void Answer(string body)
    {
        using Socket connection = Accept();
        Say(connection, $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
    }
}
