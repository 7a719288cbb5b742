using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Redirects, followed over real connections.</summary>
public class RedirectingConsumerTests
{
    private const string There = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nthere";

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Each_redirecting_status_is_followed(IoBackendKind kind)
    {
        foreach (int status in (int[])[301, 302, 303, 307, 308])
        {
            using var scene = new HttpScene(kind);
            scene.Server.On("/", Redirect("/there", status));
            scene.Server.On("/there", There);
            RecordingConsumer consumer = scene.Follow("/");
            scene.Run();
            AssertThere(consumer);
            Assert.Equal(["/", "/there"], scene.Server.Targets);
            Assert.All(scene.Server.Requests, request => Assert.StartsWith("GET ", request));
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Other_statuses_are_the_consumers(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/300", "HTTP/1.1 300 Many\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
        scene.Server.On("/304", "HTTP/1.1 304 Same\r\nLocation: /there\r\n\r\n");
        scene.Server.On("/404", "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno");
        RecordingConsumer many = scene.Follow("/300");
        RecordingConsumer same = scene.Follow("/304");
        RecordingConsumer none = scene.Follow("/404");
        scene.Run();
        Assert.Equal("header 300, close", many.Told);
        Assert.Equal("header 304, close", same.Told);
        Assert.Equal("header 404, feed, close", none.Told);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Relative_and_absolute_and_across_ports(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        ScriptedServer other = scene.AddServer();
        scene.Server.On("/a/b?c", Redirect("d?e"));
        scene.Server.On("/a/d?e", Redirect("../f"));
        scene.Server.On("/f", Redirect("?g"));
        scene.Server.On("/f?g", Redirect(scene.Server.Uri("/h").AbsoluteUri));
        scene.Server.On("/h", Redirect($"//127.0.0.1:{other.Port}/i"));
        other.On("/i", Redirect($"http://localhost:{other.Port}/j"));
        other.On("/j", There);
        RecordingConsumer consumer = scene.Follow("/a/b?c");
        scene.Run();
        AssertThere(consumer);
        Assert.Equal(["/a/b?c", "/a/d?e", "/f", "/f?g", "/h"], scene.Server.Targets);
        Assert.Equal(["/i", "/j"], other.Targets);
        Assert.Equal($"http://localhost:{other.Port}/j", consumer.Request!.Uri.AbsoluteUri);
        Assert.Contains($"\r\nHost: localhost:{other.Port}\r\n", other.Requests[1]);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_body_of_a_redirect_is_nobodys(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(
            "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 100000\r\n\r\nyou will find it"));
        scene.Server.On("/there", There);
        RecordingConsumer consumer = scene.Follow("/");
        scene.Run();
        AssertThere(consumer);
        Assert.True(scene.Server.Connections[0].ClientLeft);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_loop_is_named(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/a", Redirect("/b"));
        scene.Server.On("/b", Redirect("/c"));
        scene.Server.On("/c", Redirect("/b#again"));
        RecordingConsumer consumer = scene.Follow("/a");
        scene.Run();
        AssertRefused(consumer, HttpRedirectError.Loop, "visited before");
        Assert.Equal(["/a", "/b", "/c"], scene.Server.Targets);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void As_many_as_the_limit_are_followed_and_no_more(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.Otherwise = connection =>
        {
            int number = int.Parse(connection.Request.Split(' ')[1].AsSpan(1));
            connection.Answer(number == 3 ? There : Redirect($"/{number + 1}"));
        };
        RecordingConsumer enough = scene.Follow("/0", limit: 3);
        RecordingConsumer tooFew = scene.Follow("/0", limit: 2);
        RecordingConsumer none = scene.Follow("/0", limit: 0);
        RecordingConsumer endless = scene.Follow("/4");
        scene.Run();
        AssertThere(enough);
        AssertRefused(tooFew, HttpRedirectError.Limit, "after 2 redirects");
        AssertRefused(none, HttpRedirectError.Limit, "after 0 redirects");
        AssertRefused(endless, HttpRedirectError.Limit, "after 10 redirects");
        Assert.Throws<ArgumentOutOfRangeException>(() => new RedirectingConsumer(new RecordingConsumer(), -1));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Where_it_does_not_say_or_leads_where_we_cannot_go(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/missing", connection => connection.Send("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n"));
        scene.Server.On("/bad", Redirect("http://[::1/"));
        scene.Server.On("/empty", Redirect(string.Empty));
        scene.Server.On("/https", Redirect("https://127.0.0.1/"));
        scene.Server.On("/file", Redirect("file:///etc/passwd"));
        RecordingConsumer missing = scene.Follow("/missing");
        RecordingConsumer bad = scene.Follow("/bad");
        RecordingConsumer empty = scene.Follow("/empty");
        RecordingConsumer https = scene.Follow("/https");
        RecordingConsumer file = scene.Follow("/file");
        scene.Run();
        AssertRefused(missing, HttpRedirectError.MissingLocation, "without a Location");
        AssertRefused(bad, HttpRedirectError.BadLocation, "malformed");
        AssertRefused(empty, HttpRedirectError.BadLocation, "empty");
        AssertRefused(https, HttpRedirectError.UnsupportedScheme, "no TLS");
        AssertRefused(file, HttpRedirectError.UnsupportedScheme, "only http");
        Assert.True(scene.Server.Connections[0].ClientLeft);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Credentials_stay_with_the_origin_that_they_were_meant_for(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        ScriptedServer other = scene.AddServer();
        scene.Server.On("/", Redirect("/same"));
        scene.Server.On("/same", Redirect(other.Uri("/other").AbsoluteUri));
        other.On("/other", Redirect(scene.Server.Uri("/back").AbsoluteUri));
        scene.Server.On("/back", There);
        RecordingConsumer consumer = scene.Follow("/", prepare: request =>
        {
            request.RequestFields.Add(KeyValuePair.Create("authorization", "Basic c2VjcmV0"));
            request.RequestFields.Add(KeyValuePair.Create("Cookie", "secret=1"));
            request.RequestFields.Add(KeyValuePair.Create("X-Plain", "1"));
        });
        scene.Run();
        AssertThere(consumer);
        string[] all = [.. scene.Server.Requests[..2], .. other.Requests, scene.Server.Requests[2]];
        bool[] secret = [.. all.Select(request => request.Contains("authorization: Basic c2VjcmV0"))];
        Assert.Equal([true, true, false, false], secret);
        Assert.Equal(secret, all.Select(request => request.Contains("Cookie: secret=1")));
        Assert.All(all, request => Assert.Contains("\r\nX-Plain: 1\r\n", request));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Timeouts_go_along(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new HttpScene(kind, clock);
        scene.Server.On("/", Redirect("/silent"));
        scene.Server.On("/silent", _ => { });
        RecordingConsumer consumer = scene.Follow("/", prepare: request =>
        {
            request.ConnectTimeout = TimeSpan.FromSeconds(3);
            request.IdleTimeout = TimeSpan.FromSeconds(4);
        });
        scene.Loop.RunUntil(() => scene.Server.Requests.Count == 2, "the second request");
        clock.Advance(TimeSpan.FromSeconds(4));
        scene.Run();
        Assert.Equal("failed", consumer.Told);
        Assert.Equal(TimeSpan.FromSeconds(4), Assert.IsType<HttpTimeoutException>(consumer.Failure).Timeout);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_failure_behind_a_redirect_is_told_once(IoBackendKind kind)
    {
        using Socket bound = Sockets.Bound(AddressFamily.InterNetwork);
        using var scene = new HttpScene(kind);
        scene.Server.On("/refused", Redirect($"http://{bound.LocalEndPoint}/"));
        scene.Server.On("/unknown", Redirect("http://nobody.invalid/"));
        scene.Server.On("/cut", Redirect("/short"));
        scene.Server.On("/short", There[..^1]);
        RecordingConsumer refused = scene.Follow("/refused");
        RecordingConsumer unknown = scene.Follow("/unknown");
        RecordingConsumer cut = scene.Follow("/cut");
        scene.Run();
        Assert.Equal("failed", refused.Told);
        Assert.StartsWith("cannot connect to ", refused.Failure!.Message);
        Assert.Equal("failed", unknown.Told);
        Assert.Equal("header 200, feed, failed", cut.Told);
        Assert.IsType<HttpTruncatedException>(cut.Failure);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_consumer_that_throws_is_told_once(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", Redirect("/there"));
        scene.Server.On("/there", There);
        RecordingConsumer inHeader = scene.Follow("/");
        inHeader.OnHeader = _ => throw new InvalidOperationException("in HttpHeader");
        RecordingConsumer inFeed = scene.Follow("/");
        inFeed.OnFeed = _ => throw new InvalidOperationException("in Feed");
        scene.Run();
        Assert.Equal("header 200, failed", inHeader.Told);
        Assert.Equal("in HttpHeader", inHeader.Failure!.Message);
        Assert.Equal("header 200, feed, failed", inFeed.Told);
        Assert.Equal("in Feed", inFeed.Failure!.Message);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_request_in_progress_can_be_closed(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", Redirect("/silent"));
        scene.Server.On("/silent", _ => { });
        var consumer = new RecordingConsumer();
        var redirecting = new RedirectingConsumer(consumer);
        AsyncHttp first = scene.Start(scene.Server.Uri("/"), redirecting, consumer);
        Assert.Null(redirecting.Request);
        scene.Loop.RunUntil(() => scene.Server.Requests.Count == 2, "the second request");
        Assert.NotSame(first, redirecting.Request);
        Assert.False(first.Connected);
        redirecting.Request!.Close();
        consumer.IsDone = true;
        scene.Run();
        Assert.Empty(consumer.Events);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_fragment_is_inherited_and_never_sent(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", Redirect("/there"));
        scene.Server.On("/there", There);
        RecordingConsumer consumer = scene.Follow("/#part");
        scene.Run();
        AssertThere(consumer);
        Assert.Equal("#part", consumer.Request!.Uri.Fragment);
    }

    private static string Redirect(string location, int status = 302) =>
        $"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\ngone";

    private static void AssertThere(RecordingConsumer consumer)
    {
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Equal("there", consumer.Body);
    }

    private static void AssertRefused(RecordingConsumer consumer, HttpRedirectError error, string words)
    {
        Assert.Equal("failed", consumer.Told);
        HttpRedirectException failure = Assert.IsType<HttpRedirectException>(consumer.Failure);
        Assert.Equal(error, failure.Error);
        Assert.Contains(words, failure.Message);
    }
}
