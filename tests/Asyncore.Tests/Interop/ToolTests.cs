using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Interop.InteropAsserts;

namespace Asyncore.Tests.Interop;

/// <summary>The tool <c>asyncore</c>, spoken to by programs that are not ours.</summary>
public sealed class ToolTests : IDisposable
{
    /// <summary>Seconds from 1900 to 1970 (RFC 868).</summary>
    private const long UnixEpoch = 2_208_988_800;

    /// <summary>How far apart two readings of this machine's clock may be, in seconds, however busy it is.</summary>
    private const long Apart = 600;

    private static readonly byte[] _data = Sockets.Pattern(2_000_000);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asyncore-tool-");

    public static TheoryData<string> BackendNames => [.. Backends.Kinds.Select(
        kind => kind == IoBackendKind.IoUring ? "io_uring" : kind.ToString().ToLowerInvariant())];

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Echo_is_spoken_to_by_netcat_socat_and_python(string backend)
    {
        string netcat = Programs.Netcat;
        string socat = Programs.Socat;
        using ToolProcess tool = ToolProcess.Start("echo", "--listen", "127.0.0.1:0", "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        using Peer python = PythonPeer.Start("echo_client", address.ToString(), "320000", "5");
        using Peer one = Peer.Start(netcat, "-N", "127.0.0.1", address.PortOf());
        using Peer two = Peer.Start(socat, "-t", "100", "STDIO", $"TCP:{address}");
        one.Feed(_data);
        two.Feed(_data);
        AssertSame(_data, one.WaitForExit());
        AssertSame(_data, two.WaitForExit());
        Assert.Equal("same same same same same\n", python.WaitForText());
        await AssertStops(tool);
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Time_serve_is_asked_by_netcat_and_python(string backend)
    {
        string netcat = Programs.Netcat;
        using ToolProcess tool = ToolProcess.Start("time", "serve", "--listen", "127.0.0.1:0", "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        using Peer python = PythonPeer.Start("time_client", address.ToString());
        using Peer one = Peer.Start(netcat, "-N", "127.0.0.1", address.PortOf());
        one.Feed();
        byte[] count = one.WaitForExit();
        Assert.Equal(4, count.Length);
        AssertIsNow(BinaryPrimitives.ReadUInt32BigEndian(count));
        AssertIsNow(uint.Parse(python.WaitForText(), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture));
        await AssertStops(tool);
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Time_query_asks_python_and_netcat(string backend)
    {
        const long Ahead = 1_000_000;

        uint count = (uint)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + UnixEpoch + Ahead);
        using Peer python = PythonPeer.Start(
            "time_server", "127.0.0.1:0", count.ToString(CultureInfo.InvariantCulture));
        EndPoint first = python.ReadAddress(AddressFamily.InterNetwork, new IPEndPoint(0, 0));
        AssertDifference(-Ahead, await ToolProcess.Run("time", "query", first.ToString()!, "--backend", backend));
        python.WaitForExit();

        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, count);
        using Peer netcat = Peer.Start(Programs.Netcat, "-N", "-v", "-l", "127.0.0.1", "0");
        netcat.Feed(bytes);
        Match port = await netcat.Errors.Find(@"Listening on \S+ (?<port>\d+)\n");
        string second = $"127.0.0.1:{port.Groups["port"].Value}";
        AssertDifference(-Ahead, await ToolProcess.Run("time", "query", second, "--backend", backend));
        Assert.Empty(netcat.WaitForExit());
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Get_fetches_from_nginx(string backend)
    {
        using var nginx = new Nginx();
        nginx.Write("file", _data);
        string file = Path.Combine(_folder.FullName, "file");
        foreach (string target in (string[])["/file", "/chunked/file", "/close/file", "/301"])
        {
            ToolResult result = await ToolProcess.Run(
                "get", nginx.Uri(target).AbsoluteUri, "-o", file, "--backend", backend);
            Assert.Equal(new ToolResult(0, string.Empty, string.Empty), result);
            AssertSame(_data, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
            File.Delete(file);
        }
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Get_says_in_one_line_what_nginx_would_not_give(string backend)
    {
        using var nginx = new Nginx();
        string file = Path.Combine(_folder.FullName, "file");
        foreach (string target in (string[])["/missing", "/secret", "/loop", "/endless", "/https"])
        {
            ToolResult result = await ToolProcess.Run(
                "get", nginx.Uri(target).AbsoluteUri, "-o", file, "--backend", backend);
            Assert.Equal(1, result.Status);
            Assert.Single(result.ErrorLines);
            Assert.Empty(Directory.EnumerateFiles(_folder.FullName));
        }
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Get_does_not_keep_what_nginx_did_not_finish(string backend)
    {
        using var nginx = new Nginx();
        nginx.Write("large", Sockets.Pattern(24 * 1024 * 1024));
        string file = Path.Combine(_folder.FullName, "file");
        using ToolProcess tool = ToolProcess.Start(
            "get", nginx.Uri("/slow/large").AbsoluteUri, "-o", file, "--backend", backend);
        await nginx.Serving();
        nginx.Kill();
        ToolResult result = await tool.End();
        Assert.Equal(1, result.Status);
        Assert.Single(result.ErrorLines);
        Assert.Empty(Directory.EnumerateFiles(_folder.FullName));
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Forward_joins_curl_and_nginx(string backend)
    {
        string curl = Programs.Curl;
        using var nginx = new Nginx();
        nginx.Write("file", _data);
        using ToolProcess tool = ToolProcess.Start(
            "forward", "-p", "0", "-r", "127.0.0.1", "-P", nginx.Address.PortOf(), "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        using (Peer peer = Peer.Start(
            curl, "--silent", "--show-error", "--fail", $"http://{address}/file", $"http://{address}/chunked/file",
            $"http://{address}/close/file"))
        {
            peer.Feed();
            AssertSame([.. _data, .. _data, .. _data], peer.WaitForExit());
        }

        using Peer many = Peer.Start(
            curl, "--silent", "--show-error", "--fail", "--parallel", "--write-out", "%{size_download}\n", "--output",
            "/dev/null", $"http://{address}/file?[1-20]");
        many.Feed();
        Assert.Equal(Enumerable.Repeat($"{_data.Length}", 20), many.WaitForText().TrimEnd().Split('\n'));
        await AssertStops(tool);
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Forward_passes_on_half_closes_between_netcat_and_socat(string backend)
    {
        string netcat = Programs.Netcat;
        string socat = Programs.Socat;
        using Peer server = Peer.Start(
            socat, "-d", "-d", "-t", "100", "TCP-LISTEN:0,bind=127.0.0.1", "SYSTEM:cat; echo that was all");
        server.Feed();
        Match port = await server.Errors.Find(@"listening on AF=\d+ .*?:(?<port>\d+)\n");
        using ToolProcess tool = ToolProcess.Start(
            "forward", "--local-port", "0", "--remote-ip", "127.0.0.1", "--remote-port", port.Groups["port"].Value,
            "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        using Peer client = Peer.Start(netcat, "-N", "127.0.0.1", address.PortOf());
        client.Feed(_data);
        AssertSame([.. _data, .. "that was all\n"u8], client.WaitForExit());
        server.WaitForExit();
        await AssertStops(tool);
    }

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Forward_joins_python_and_python(string backend)
    {
        using Peer server = PythonPeer.Start("echo_server", "127.0.0.1:0", "5");
        EndPoint remote = server.ReadAddress(AddressFamily.InterNetwork, new IPEndPoint(0, 0));
        using ToolProcess tool = ToolProcess.Start(
            "forward", "-l", "127.0.0.1", "-p", "0", "-r", "localhost", "-P", remote.PortOf(), "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        using Peer client = PythonPeer.Start("echo_client", address.ToString(), "320000", "5");
        Assert.Equal("same same same same same\n", client.WaitForText());
        server.WaitForExit();
        await AssertStops(tool);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task AssertStops(ToolProcess tool)
    {
        tool.Signal(ToolProcess.Terminate);
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
    }

    private static void AssertIsNow(uint count) =>
        Assert.InRange(count - UnixEpoch - DateTimeOffset.UtcNow.ToUnixTimeSeconds(), -Apart, Apart);

    private static void AssertDifference(long expected, ToolResult result)
    {
        Assert.Equal((0, string.Empty), (result.Status, result.Errors));
        Match match = Regex.Match(result.Output, @"^time difference is (-?\d+)\n$");
        Assert.True(match.Success, result.Output);
        Assert.InRange(long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) - expected, -Apart, Apart);
    }
}
