using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Asyncore.Protocols;
using Asyncore.Tests.Http;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Interop.InteropAsserts;

namespace Asyncore.Tests.Interop;

/// <summary>curl, asking servers on our loop, and asking nginx through our forwarder.</summary>
public class CurlTests
{
    private const int TransferClosed = 18;
    private const int ReceiveFailed = 56;

    private static readonly byte[] _body = Sockets.Pattern(1_000_000);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Curl_gets_bodies_of_every_framing(IoBackendKind kind)
    {
        string curl = Programs.Curl;
        using var scene = new HttpScene(kind);
        scene.Server.On("/sized", connection =>
        {
            connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {_body.Length}\r\n\r\n");
            connection.Send(_body);
        });
        scene.Server.On("/chunked", connection =>
        {
            connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            foreach (byte[] chunk in _body.Chunk(77_777))
            {
                connection.Send(chunk.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n");
                connection.Send(chunk);
                connection.Send("\r\n");
            }

            connection.Send("0\r\n\r\n");
        });
        scene.Server.On("/close", connection =>
        {
            connection.Send("HTTP/1.1 200 OK\r\n\r\n");
            connection.Send(_body);
            connection.ShutdownSend();
        });
        foreach (string target in (string[])["/sized", "/chunked", "/close"])
        {
            using Peer peer = Get(curl, scene.Server.Uri(target));
            AssertSame(_body, peer.WaitForExit(scene.Loop));
        }

        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Curl_notices_what_is_cut_short_and_what_is_reset(IoBackendKind kind)
    {
        string curl = Programs.Curl;
        using var scene = new HttpScene(kind);
        scene.Server.On("/short", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
        scene.Server.On("/reset", connection => connection.Abort());
        using Peer cut = Get(curl, scene.Server.Uri("/short"));
        Assert.Equal("hello"u8.ToArray(), cut.WaitForExit(scene.Loop, TransferClosed));
        using Peer reset = Get(curl, scene.Server.Uri("/reset"));
        Assert.Empty(reset.WaitForExit(scene.Loop, ReceiveFailed));
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Curl_uploads(IoBackendKind kind)
    {
        string curl = Programs.Curl;
        byte[] upload = Sockets.Pattern(8 * 1024 * 1024);
        using var scene = new HttpScene(kind);
        scene.Server.On("/upload", connection =>
        {
            Match length = Regex.Match(connection.Request, @"^Content-Length: (\d+)\r$", RegexOptions.Multiline);
            if (connection.Request.Contains("Expect: 100-continue"))
            {
                connection.Send("HTTP/1.1 100 Continue\r\n\r\n");
            }

            connection.OnBody = () =>
            {
                if (connection.BodyLength == long.Parse(length.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
                {
                    string digest = Convert.ToHexString(SHA256.HashData(connection.Body));
                    connection.Answer($"HTTP/1.1 200 OK\r\nContent-Length: {digest.Length}\r\n\r\n{digest}");
                }
            };
        });
        using Peer peer = Peer.Start(
            curl, "--silent", "--show-error", "--fail", "--data-binary", "@-", scene.Server.Uri("/upload").AbsoluteUri);
        peer.Feed(upload);
        Assert.Equal(Convert.ToHexString(SHA256.HashData(upload)), peer.WaitForText(scene.Loop));
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Curl_follows_redirects_and_asks_many_times_at_once(IoBackendKind kind)
    {
        const int Count = 30;

        string curl = Programs.Curl;
        using var scene = new HttpScene(kind);
        scene.Server.Otherwise = connection =>
        {
            string target = connection.Request.Split(' ')[1];
            connection.Answer(target.StartsWith("/from", StringComparison.Ordinal)
                ? $"HTTP/1.1 302 Found\r\nLocation: {target.Replace("from", "to")}\r\nContent-Length: 0\r\n\r\n"
                : $"HTTP/1.1 200 OK\r\nContent-Length: {target.Length + 1}\r\n\r\n{target}\n");
        };
        using Peer peer = Peer.Start(
            curl, "--silent", "--show-error", "--fail", "--location", "--parallel", "--parallel-max", "30",
            scene.Server.Uri($"/from/[1-{Count}]").OriginalString);
        peer.Feed();
        string[] lines = peer.WaitForText(scene.Loop).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            Enumerable.Range(1, Count).Select(i => $"/to/{i}").Order(StringComparer.Ordinal),
            lines.Order(StringComparer.Ordinal));
        Assert.Equal(2 * Count, scene.Server.Requests.Count);
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Curl_asks_nginx_through_our_forwarder(IoBackendKind kind)
    {
        string curl = Programs.Curl;
        using var nginx = new Nginx();
        byte[] large = Sockets.Pattern(8 * 1024 * 1024);
        nginx.Write("large", large);
        nginx.Write("file", _body);
        using EventLoop loop = TestLoop.Create(kind);
        var forwarder = new Forwarder(
            new IPEndPoint(IPAddress.Loopback, 0), new DnsEndPoint("localhost", nginx.Address.Port), loop: loop);
        string url = $"http://{forwarder.Address}";

        // Two files over one connection, which curl keeps and then ends.
        using (Peer both = Peer.Start(
            curl, "--silent", "--show-error", "--fail", "--verbose", $"{url}/large", $"{url}/chunked/file"))
        {
            both.Feed();
            AssertSame([.. large, .. _body], both.WaitForExit(loop));
            Assert.Contains("Re-using existing connection", both.Errors.Text);
        }

        // Several at once.
        using (Peer many = Peer.Start(
            curl, "--silent", "--show-error", "--fail", "--location", "--parallel", "--write-out", "%{size_download}\n",
            "--output", "/dev/null", $"{url}/large?[1-8]"))
        {
            many.Feed();
            Assert.Equal(Enumerable.Repeat($"{large.Length}", 8), many.WaitForText(loop).TrimEnd().Split('\n'));
        }

        loop.End(forwarder);
    }

    private static Peer Get(string curl, Uri uri)
    {
        Peer peer = Peer.Start(curl, "--silent", "--show-error", "--fail", uri.AbsoluteUri);
        peer.Feed();
        return peer;
    }
}
