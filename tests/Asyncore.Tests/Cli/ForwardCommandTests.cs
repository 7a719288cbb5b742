using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Asyncore.Forwarding;
using Asyncore.Tests.Interop;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

/// <summary>The forwarder as a program: its file, its signals, what it writes.</summary>
public sealed class ForwardCommandTests : IDisposable
{
    private const int HangUp = 1;

    private readonly Socket _target = Sockets.Listen(AddressFamily.InterNetwork);
    private readonly Socket _other = Sockets.Listen(AddressFamily.InterNetwork);
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"asyncore-{Guid.NewGuid():N}.jsonc");

    public void Dispose()
    {
        _target.Dispose();
        _other.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public async Task A_file_is_checked_and_nothing_started()
    {
        Write(_target);
        ToolResult result = await ToolProcess.Run("forward", "--config", _file, "--check");
        Assert.Equal(new ToolResult(0, $"{_file}: 1 listener, 1 target\n", string.Empty), result);
        File.WriteAllText(_file, "{\n  \"listeners\": [ { \"listen\": \"127.0.0.1:0\", \"targets\": [], \"colour\": 1 } ]\n}");
        result = await ToolProcess.Run("forward", "--config", _file);
        Assert.Equal(2, result.Status);
        Assert.StartsWith($"asyncore: {_file}:2:", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    [Fact]
    public async Task SIGHUP_reads_the_file_again_and_one_with_an_error_changes_nothing()
    {
        Write(_target);
        // Where it is ignored by whoever runs the tests, as under nohup(1), a child would ignore it too.
        using ToolProcess tool = ToolProcess.StartByShell(
            string.Empty, "exec env --default-signal=HUP \"$@\"", "forward", "--config", _file);
        IPEndPoint address = await tool.AwaitListening();
        using Socket client = Sockets.Dial(address);
        using Socket server = _target.AcceptSoon();

        Write(_other);
        tool.Signal(HangUp);
        Assert.Equal($"{_file}: read again", await tool.ReadErrorLine());
        using Socket second = Sockets.Dial(address);
        using Socket secondServer = _other.AcceptSoon();
        client.Send("still"u8);
        Assert.Equal("still"u8.ToArray(), server.ReadExactly(5));

        File.WriteAllText(_file, "{ nonsense }");
        tool.Signal(HangUp);
        string line = await tool.ReadErrorLine();
        Assert.StartsWith($"{_file}:1:", line, StringComparison.Ordinal);
        Assert.EndsWith("nothing has changed", line, StringComparison.Ordinal);
        using Socket third = Sockets.Dial(address);
        using Socket thirdServer = _other.AcceptSoon();
        tool.Signal(ToolProcess.Terminate);
        Assert.StartsWith("stopping: 3 connections", await tool.ReadErrorLine(), StringComparison.Ordinal);
        tool.Signal(ToolProcess.Terminate);
        ToolResult end = await tool.End();
        Assert.Equal(0, end.Status);
        Assert.Contains("stopped: 3 connections cut", end.Errors, StringComparison.Ordinal);
        Assert.Equal(3, end.ErrorLines.Count(each => each.EndsWith(" stopped", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task After_SIGTERM_a_connection_goes_on_to_its_end()
    {
        using ToolProcess tool = Start();
        IPEndPoint address = await tool.AwaitListening();
        using Socket client = Sockets.Dial(address);
        using Socket server = _target.AcceptSoon();
        tool.Signal(ToolProcess.Terminate);
        Assert.Equal("stopping: 1 connection may go on for 30s", await tool.ReadErrorLine());
        Sockets.AwaitRefused(address);
        byte[] sent = Sockets.Pattern(3_000_000);
        Companion sending = Companion.Start(() =>
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        Assert.Equal(sent, server.ReadToEnd());
        sending.Join();
        server.Dispose();
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_connection_is_a_line_where_that_is_asked_for(bool json)
    {
        using ToolProcess tool = json ? Start("--log", "all", "--json") : Start("--log", "all");
        using (Socket client = Sockets.Dial(await tool.AwaitListening()))
        {
            client.Send("hello"u8);
            using Socket server = _target.AcceptSoon();
            Assert.Equal(5, server.ReadExactly(5).Length);
            client.Shutdown(SocketShutdown.Send);
        }

        string line = await tool.ReadErrorLine();
        if (json)
        {
            JsonElement root = JsonDocument.Parse(line).RootElement;
            Assert.Equal(5, root.GetProperty("bytesToTarget").GetInt64());
            Assert.Equal("clientClosed", root.GetProperty("reason").GetString());
        }
        else
        {
            Assert.EndsWith("closed by client", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task With_json_every_line_is_an_object()
    {
        string[] dead = [.. Enumerable.Range(0, 2).Select(_ => OwnPorts.Next(IPAddress.Loopback).ToString())];
        using ToolProcess tool = ToolProcess.Start(
            "forward", "--listen", OwnPorts.Next(IPAddress.Loopback).ToString(), "-t", dead[0], "-t", dead[1], "--json", "--log", "all");
        using (Socket client = Sockets.Dial(await tool.AwaitListening()))
        {
            Assert.Empty(client.ReadToEnd());
        }

        foreach (string each in dead)
        {
            string rests = JsonDocument.Parse(await tool.ReadErrorLine()).RootElement.GetProperty("message").GetString()!;
            Assert.Contains($"target {each} rests", rests, StringComparison.Ordinal);
        }

        JsonElement ended = JsonDocument.Parse(await tool.ReadErrorLine()).RootElement;
        Assert.Equal("noTarget", ended.GetProperty("reason").GetString());
        tool.Signal(ToolProcess.Terminate);
        Assert.Equal(0, (await tool.End()).Status);
    }

    // Whatever is taken last, a connection or its target's: the runtime still has what it needs to start a thread, and ends
    // the process where it has not; and what is needed to write lines has been loaded.
    [Theory]
    [InlineData("epoll", 180)]
    [InlineData("epoll", 181)]
    [InlineData("select", 180)]
    [InlineData("select", 181)]
    [InlineData("io_uring", 180)]
    [InlineData("io_uring", 181)]
    public async Task A_signal_is_heard_when_there_are_no_descriptors(string backend, int descriptors)
    {
        if (backend == "io_uring" && !EventLoop.IsSupported(IoBackendKind.IoUring))
        {
            return;
        }

        using ToolProcess tool = ToolProcess.StartByShell(
            string.Empty,
            $"{LimitedChild.CloseOthers}; ulimit -n {descriptors} && exec \"$@\"",
            "forward", "--backend", backend, "--listen", OwnPorts.Next(IPAddress.Loopback).ToString(),
            "--target", EndPointText.Format(_target.LocalEndPoint!), "--drain", "0s", "--json", "--log", "all");
        IPEndPoint address = await tool.AwaitListening();
        Socket[] clients = [.. Enumerable.Range(0, 90).Select(_ => Sockets.Dial(address))];
        Assert.Contains("cannot accept", await tool.ReadErrorLine(), StringComparison.Ordinal);

        tool.Signal(ToolProcess.Terminate);
        ToolResult end = await tool.End();
        Assert.Equal((0, string.Empty), (end.Status, end.Output));
        Assert.All(end.ErrorLines, line => JsonDocument.Parse(line));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task A_listening_socket_that_is_handed_over_is_used()
    {
        // What systemd does: the socket as descriptor 3, and variables that say so; bash opens none, so Python does.
        string script = $"""
            exec {Programs.AnyPython} -c '
            import os, socket, sys
            s = socket.create_server(("127.0.0.1", 0))
            os.dup2(s.fileno(), 3); os.set_inheritable(3, True)
            os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES="web")
            args = [a.replace("PORT", str(s.getsockname()[1])) for a in sys.argv[1:]]
            os.execvp(args[0], args)' "$@"
            """;
        using ToolProcess tool = ToolProcess.StartByShell(
            string.Empty, script, "forward", "--listen", "127.0.0.1:PORT", "--target", _target.LocalEndPoint!.ToString()!);
        using Socket client = Sockets.Dial(await tool.AwaitListening());
        client.Send("x"u8);
        using Socket server = _target.AcceptSoon();
        Assert.Single(server.ReadExactly(1));
    }

    [Theory]
    [InlineData("--check", "forward", "-r", "127.0.0.1", "--check")]
    [InlineData("--target", "forward", "--config", "x", "--target", "127.0.0.1:1")]
    [InlineData("--target", "forward", "--target", "127.0.0.1")]
    [InlineData("--balance", "forward", "-r", "127.0.0.1", "--balance", "best")]
    [InlineData("--delay", "forward", "-r", "127.0.0.1", "--delay", "soon")]
    [InlineData("--jitter", "forward", "-r", "127.0.0.1", "--delay", "10ms", "--jitter", "20ms")]
    [InlineData("--direction", "forward", "-r", "127.0.0.1", "--direction", "to-client")]
    [InlineData("--remote-ip", "forward", "-r", "127.0.0.1", "--target", "127.0.0.1:1")]
    [InlineData("--local-port", "forward", "-r", "127.0.0.1", "-p", "1", "--listen", "127.0.0.1:1")]
    [InlineData("--bandwidth", "forward", "-r", "127.0.0.1", "--bandwidth", "1MB")]
    [InlineData("--slice", "forward", "-r", "127.0.0.1", "--slice", "0B")]
    [InlineData("--max-connections", "forward", "-r", "127.0.0.1", "--max-connections", "0")]
    [InlineData("--allow", "forward", "-r", "127.0.0.1", "--allow", "10.0.0.0/33")]
    [InlineData("--send-proxy", "forward", "-r", "127.0.0.1", "--send-proxy", "v3")]
    [InlineData("--log", "forward", "-r", "127.0.0.1", "--log", "some")]
    [InlineData("--live", "forward", "-r", "127.0.0.1", "--live")]
    [InlineData("no such file", "forward", "--config", "/nowhere/at/all")]
    public async Task What_cannot_be_is_said_and_nothing_started(string named, params string[] line)
    {
        ToolResult result = await ToolProcess.Run(line);
        Assert.Equal(2, result.Status);
        Assert.Empty(result.Output);
        Assert.Contains(named, result.Errors, StringComparison.OrdinalIgnoreCase);
    }

    private ToolProcess Start(params string[] more) => ToolProcess.Start(
        ["forward", "--listen", OwnPorts.Next(IPAddress.Loopback).ToString(), "--target", EndPointText.Format(_target.LocalEndPoint!), .. more]);

    private void Write(Socket target) => File.WriteAllText(_file, $$"""
        {
          // a comment
          "listeners": [
            { "name": "web", "listen": "127.0.0.1:0", "targets": ["{{target.LocalEndPoint}}"] },
          ],
        }
        """);
}
