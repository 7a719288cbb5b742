using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Http;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>nginx as the server of our HTTP client, behind our forwarder, and as a client of ours.</summary>
public class NginxTests
{
    private const int Large = 24 * 1024 * 1024;

    private static readonly byte[] _file = Sockets.Pattern(300_000);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Files_with_a_length(IoBackendKind kind)
    {
        using var nginx = new Nginx();
        nginx.Write("file", _file);
        nginx.Write("empty", []);
        byte[] content = Sockets.Pattern(Large);
        nginx.Write("large", content);
        using var scene = new HttpScene(kind);
        RecordingConsumer file = scene.Get(nginx.Uri("/file"));
        RecordingConsumer empty = scene.Get(nginx.Uri("/empty"));
        RecordingConsumer large = scene.Get(nginx.Uri("/large"));
        scene.Run();
        AssertWhole(_file, file);
        Assert.Equal(_file.Length, file.Request!.BodyLength);
        Assert.StartsWith("nginx", file.Request.Header["Server"]);
        Assert.Equal("header 200, close", empty.Told);
        AssertWhole(content, large);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Bodies_in_chunks_and_until_the_end(IoBackendKind kind)
    {
        using var nginx = new Nginx();
        nginx.Write("file", _file);
        using var scene = new HttpScene(kind);
        RecordingConsumer chunked = scene.Get(nginx.Uri("/chunked/file"));
        RecordingConsumer untilClose = scene.Get(nginx.Uri("/close/file"));
        RecordingConsumer gzip = scene.Get(
            nginx.Uri("/gzip/file"),
            request => request.RequestFields.Add(KeyValuePair.Create("Accept-Encoding", "gzip")));
        scene.Run();
        Assert.Equal("chunked", chunked.Request!.Header["Transfer-Encoding"]);
        AssertWhole(_file, chunked);
        Assert.Null(untilClose.Request!.Header["Transfer-Encoding"]);
        Assert.Null(untilClose.Request.BodyLength);
        AssertWhole(_file, untilClose);
        Assert.Equal("gzip", gzip.Request!.Header["Content-Encoding"]);
        using var unzipped = new MemoryStream();
        new GZipStream(new MemoryStream(gzip.BodyBytes), CompressionMode.Decompress).CopyTo(unzipped);
        Assert.Equal(_file, unzipped.ToArray());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Redirects_of_every_sort_in_a_row(IoBackendKind kind)
    {
        using var nginx = new Nginx();
        nginx.Write("file", _file);
        using var scene = new HttpScene(kind);
        RecordingConsumer whole = Follow(scene, nginx.Uri("/301"));
        RecordingConsumer limited = Follow(scene, nginx.Uri("/301"), limit: 4);
        RecordingConsumer loop = Follow(scene, nginx.Uri("/loop"));
        RecordingConsumer endless = Follow(scene, nginx.Uri("/endless"));
        RecordingConsumer https = Follow(scene, nginx.Uri("/https"));
        RecordingConsumer none = scene.Get(nginx.Uri("/301"));
        scene.Run();
        AssertWhole(_file, whole);
        Assert.Equal(nginx.Uri("/file"), whole.Request!.Uri);
        Assert.Equal(HttpRedirectError.Limit, AssertRefused(limited));
        Assert.Equal(HttpRedirectError.Loop, AssertRefused(loop));
        Assert.Equal(HttpRedirectError.Limit, AssertRefused(endless));
        Assert.Equal(HttpRedirectError.UnsupportedScheme, AssertRefused(https));
        Assert.Equal("header 301, feed, close", none.Told);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_is_not_there_or_not_allowed_is_a_response_like_any(IoBackendKind kind)
    {
        using var nginx = new Nginx();
        using var scene = new HttpScene(kind);
        RecordingConsumer missing = scene.Get(nginx.Uri("/missing"));
        RecordingConsumer refused = scene.Get(nginx.Uri("/secret"));
        RecordingConsumer told = scene.Get(
            nginx.Uri("/secret"),
            request => request.RequestFields.Add(KeyValuePair.Create("Authorization", "Basic eDp5")));
        scene.Run();
        Assert.Equal("header 404, feed, close", missing.Told);
        Assert.Equal("header 401, feed, close", refused.Told);
        Assert.Equal("told", told.Body);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Over_ipv6_and_by_name_and_many_at_once(IoBackendKind kind)
    {
        using var nginx = new Nginx();
        nginx.Write("file", _file);
        using var scene = new HttpScene(kind);
        string[] hosts = ["127.0.0.1", "[::1]", "localhost"];
        RecordingConsumer[] all =
        [
            .. Enumerable.Range(0, 60).Select(i => scene.Get(
                new Uri($"http://{hosts[i % 3]}:{nginx.Address.Port}{(i % 2 == 0 ? "/file" : "/chunked/file")}"))),
        ];
        scene.Run();
        Assert.All(all, consumer => AssertWhole(_file, consumer));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_server_that_is_killed_in_the_middle_is_a_failure(IoBackendKind kind)
    {
        using var nginx = new Nginx();
        nginx.Write("large", Sockets.Pattern(Large));
        using var scene = new HttpScene(kind);
        RecordingConsumer sized = scene.Get(nginx.Uri("/slow/large"));
        sized.OnFeed = _ => nginx.Kill();
        scene.Run();
        Assert.Equal("header 200, feed, failed", sized.Told);
        HttpTruncatedException error = Assert.IsType<HttpTruncatedException>(sized.Failure);
        Assert.Equal(Large, error.BytesExpected);
        Assert.Equal(sized.BodyBytes.Length, error.BytesReceived);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Through_our_forwarder(IoBackendKind kind)
    {
        using var nginx = new Nginx();
        byte[] content = Sockets.Pattern(Large);
        nginx.Write("large", content);
        nginx.Write("file", _file);
        using var scene = new HttpScene(kind);
        var forwarder = new Forwarder("127.0.0.1", 0, "localhost", nginx.Address.Port, loop: scene.Loop);
        int port = ((IPEndPoint)forwarder.Address!).Port;
        RecordingConsumer large = scene.Get(new Uri($"http://127.0.0.1:{port}/large"));
        RecordingConsumer chunked = scene.Get(new Uri($"http://127.0.0.1:{port}/chunked/file"));
        RecordingConsumer untilClose = scene.Get(new Uri($"http://127.0.0.1:{port}/close/file"));
        RecordingConsumer loop = Follow(scene, new Uri($"http://127.0.0.1:{port}/loop"));
        large.OnClose = loop.OnFailed = chunked.OnClose = untilClose.OnClose = () =>
        {
            if (large.IsDone && chunked.IsDone && untilClose.IsDone && loop.IsDone)
            {
                forwarder.Close();
            }
        };
        scene.Run();
        AssertWhole(content, large);
        AssertWhole(_file, chunked);
        AssertWhole(_file, untilClose);
        Assert.Equal(HttpRedirectError.Loop, AssertRefused(loop));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Nginx_asks_a_server_on_our_loop(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/sized", connection =>
        {
            connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {_file.Length}\r\n\r\n");
            connection.Send(_file);
            connection.ShutdownSend();
        });
        scene.Server.On("/close", connection =>
        {
            connection.Send("HTTP/1.1 200 OK\r\n\r\n");
            connection.Send(_file);
            connection.ShutdownSend();
        });
        scene.Server.On("/reset", connection => connection.Abort());
        using var nginx = new Nginx(scene.Server.Address!.ToString());
        RecordingConsumer sized = scene.Get(nginx.Uri("/proxy/sized"));
        RecordingConsumer close = scene.Get(nginx.Uri("/proxy/close"));
        RecordingConsumer reset = scene.Get(nginx.Uri("/proxy/reset"));
        scene.Run();
        AssertWhole(_file, sized);
        AssertWhole(_file, close);
        Assert.Equal("header 502, feed, close", reset.Told);
    }

    private static RecordingConsumer Follow(HttpScene scene, Uri uri, int limit = 10)
    {
        var consumer = new RecordingConsumer();
        scene.Start(uri, new RedirectingConsumer(consumer, limit), consumer);
        return consumer;
    }

    private static void AssertWhole(byte[] expected, RecordingConsumer consumer)
    {
        Assert.True(consumer.Told == "header 200, feed, close", $"{consumer.Told}: {consumer.Failure}");
        Assert.True(expected.AsSpan().SequenceEqual(consumer.BodyBytes), "the body is another");
    }

    private static HttpRedirectError AssertRefused(RecordingConsumer consumer)
    {
        Assert.Equal("failed", consumer.Told);
        return Assert.IsType<HttpRedirectException>(consumer.Failure).Error;
    }
}
