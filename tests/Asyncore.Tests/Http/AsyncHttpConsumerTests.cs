using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Consumers that close, and consumers that throw.</summary>
public class AsyncHttpConsumerTests
{
    private const string Response =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Closed_in_HttpHeader_it_hears_nothing_more(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Response));
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnHeader = request =>
        {
            request.Close();
            request.Close(); // twice is harmless
            consumer.IsDone = true;
        };
        scene.Run();
        Assert.Equal("header 200", consumer.Told);
        Assert.True(Assert.Single(scene.Server.Connections).ClientLeft);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Closed_in_Feed_it_hears_nothing_more(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Response));
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnFeed = _ =>
        {
            consumer.Request!.Close();
            consumer.IsDone = true;
        };
        scene.Run();
        Assert.Equal("header 200, feed", consumer.Told);
        Assert.Equal("hel", consumer.Body);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Aborted_in_HttpHeader_or_in_Feed_it_hears_nothing_more(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Response));
        RecordingConsumer first = scene.Get("/");
        first.OnHeader = request =>
        {
            request.Abort();
            first.IsDone = true;
        };
        RecordingConsumer second = scene.Get("/");
        second.OnFeed = _ =>
        {
            second.Request!.Abort();
            second.IsDone = true;
        };
        scene.Run();
        Assert.Equal("header 200", first.Told);
        Assert.Equal("header 200, feed", second.Told);
        Assert.Equal("hel", second.Body);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Aborted_through_its_base_class_it_hears_nothing_more(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new HttpScene(kind, clock);
        scene.Server.On("/", connection => connection.Send(Response));
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnFeed = _ =>
        {
            ((Dispatcher)consumer.Request!).Abort();
            consumer.IsDone = true;
        };
        scene.Loop.RunUntil(() => consumer.IsDone, "the body");
        clock.Advance(TimeSpan.FromDays(1));
        scene.Run();
        Assert.Equal("header 200, feed", consumer.Told);
        Assert.Equal("hel", consumer.Body);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Closed_while_it_connects_it_hears_nothing(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        RecordingConsumer[] consumers =
        [
            scene.Get("/", request => request.Close()),
            scene.Get("/", request => request.Abort()),
            scene.Get(new Uri($"http://localhost:{scene.Server.Port}/"), request => request.Close()),
            scene.Get(new Uri("http://nobody.invalid/"), request => request.Close()),
            scene.Get(new Uri("http://nobody.invalid/"), request => request.Abort()),
        ];
        scene.End();
        Assert.All(consumers, consumer => Assert.Empty(consumer.Events));
        Assert.Empty(scene.Server.Requests);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Closed_by_CloseAll_it_hears_nothing(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send("HTTP/1.1 200 OK\r\n\r\nhello"));
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnFeed = _ => scene.Loop.CloseAll();
        scene.Loop.RunUntil(() => consumer.Body.Length > 0, "the body");
        scene.End();
        Assert.Equal("header 200, feed", consumer.Told);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Another_thread_cannot_close_a_running_request_nor_spoil_it(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", Response);
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnHeader = request => Companion.Start(
            () => Assert.Throws<InvalidOperationException>(request.Close)).Join();
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Equal("hello", consumer.Body);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_HttpHeader_throws_is_told_to_Failed_once(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Response));
        var error = new InvalidOperationException("no header, please");
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnHeader = _ => throw error;
        RecordingConsumer other = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, failed", consumer.Told);
        Assert.Same(error, consumer.Failure);
        Assert.Equal("header 200, feed, close", other.Told);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_Feed_throws_is_told_to_Failed_once(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Response));
        var error = new IOException("disk full");
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnFeed = _ => throw error;
        RecordingConsumer other = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, failed", consumer.Told);
        Assert.Equal("hel", consumer.Body);
        Assert.Same(error, consumer.Failure);
        Assert.Equal("header 200, feed, close", other.Told);
    }

    /// <summary>An <see cref="HttpException"/> of the consumer's own is no failure of the server's.</summary>
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void An_HttpException_that_Feed_throws_is_like_any_other(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Response));
        var error = new HttpException("I do not like it");
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnFeed = _ => throw error;
        scene.Run();
        Assert.Equal("header 200, feed, failed", consumer.Told);
        Assert.Same(error, consumer.Failure);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_is_thrown_after_closing_is_logged_and_not_told(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Response));
        var consumer = new RecordingConsumer();
        var request = new LoggedHttp(scene.Server.Uri("/"), consumer, scene.Loop);
        consumer.OnFeed = _ =>
        {
            request.Close();
            throw new InvalidOperationException("too late");
        };
        scene.Loop.RunUntil(() => request.Logged.Count > 0, "a line in the log");
        scene.End();
        Assert.Equal("header 200, feed", consumer.Told);
        Assert.Contains("too late", Assert.Single(request.Logged));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_Close_throws_is_logged_and_Failed_is_not_told(IoBackendKind kind)
    {
        foreach (string response in (string[])[Response, "HTTP/1.1 200 OK\r\n\r\nhello"])
        {
            using var scene = new HttpScene(kind);
            scene.Server.On("/", response);
            var consumer = new RecordingConsumer { OnClose = () => throw new InvalidOperationException("in Close") };
            var request = new LoggedHttp(scene.Server.Uri("/"), consumer, scene.Loop);
            RecordingConsumer other = scene.Get("/");
            scene.Run();
            Assert.Equal("header 200, feed, close", consumer.Told);
            Assert.Contains("in Close", Assert.Single(request.Logged));
            Assert.Equal("header 200, feed, close", other.Told);
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_Failed_throws_is_logged_and_Failed_is_told_once(IoBackendKind kind)
    {
        using Socket bound = Sockets.Bound(AddressFamily.InterNetwork);
        using var scene = new HttpScene(kind);
        scene.Server.On("/garbage", "nonsense\r\n");
        scene.Server.On("/short", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
        scene.Server.On("/good", Response);
        Uri[] uris =
        [
            scene.Server.Uri("/garbage"), scene.Server.Uri("/short"), new($"http://{bound.LocalEndPoint}/"),
            new("http://nobody.invalid/"), scene.Server.Uri("/good"),
        ];
        foreach (Uri uri in uris)
        {
            var consumer = new RecordingConsumer
            {
                OnFailed = () => throw new InvalidOperationException("in Failed"),
                OnFeed = _ => throw new InvalidOperationException("in Feed"), // reached by the last only
            };
            var request = new LoggedHttp(uri, consumer, scene.Loop);
            RecordingConsumer other = scene.Get("/good");
            scene.Loop.RunUntil(() => consumer.IsDone && other.IsDone, "the end of both requests");
            Assert.EndsWith("failed", consumer.Told);
            Assert.Single(consumer.Events, "failed");
            Assert.Contains("in Failed", Assert.Single(request.Logged));
            Assert.Equal("header 200, feed, close", other.Told);
        }

        scene.Run();
        Assert.Empty(scene.Unhandled);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_Failed_throws_at_a_timeout_is_the_loops_to_report(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new HttpScene(kind, clock);
        scene.Server.On("/", _ => { });
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnFailed = () => throw new InvalidOperationException("in Failed");
        scene.Loop.RunUntil(() => scene.Server.Requests.Count > 0, "the request");
        clock.Advance(TimeSpan.FromSeconds(60));
        scene.Run();
        Assert.Equal("failed", consumer.Told);
        Assert.Equal("in Failed", Assert.Single(scene.Unhandled).Message);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_exception_that_ends_Run_ends_the_request_too(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Response));
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnFeed = _ => throw new ExitNowException("enough");
        Assert.Throws<ExitNowException>(() => scene.Loop.RunUntil(() => consumer.IsDone));
        scene.End();
        Assert.Equal("header 200, feed", consumer.Told);
        Assert.Equal("hel", consumer.Body);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_end_of_one_request_may_begin_another(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/1", Response);
        scene.Server.On("/2", "nonsense\r\n");
        scene.Server.On("/3", Response);
        RecordingConsumer? second = null;
        RecordingConsumer? third = null;
        RecordingConsumer first = scene.Get("/1");
        first.OnClose = () =>
        {
            second = scene.Get("/2");
            second.OnFailed = () => third = scene.Get("/3");
        };
        scene.Run();
        Assert.Equal(["/1", "/2", "/3"], scene.Server.Targets);
        Assert.Equal("failed", second!.Told);
        Assert.Equal("header 200, feed, close", third!.Told);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_paused_request_is_fed_nothing_until_it_resumes(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        ScriptedConnection? server = null;
        scene.Server.On("/", connection =>
        {
            server = connection;
            connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        });
        RecordingConsumer consumer = scene.Get("/");
        consumer.OnHeader = request => request.PauseReading();
        scene.Loop.RunUntil(() => consumer.Request is not null, "the header");
        server!.Answer("hello");
        Kernel.Await(consumer.Request!.FileDescriptor, Kernel.In);
        scene.Loop.Passes(3);
        Assert.Equal("header 200", consumer.Told);
        consumer.Request.ResumeReading();
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
    }

    private sealed class LoggedHttp(Uri uri, IHttpConsumer consumer, EventLoop loop) : AsyncHttp(uri, consumer, loop)
    {
        public List<string> Logged { get; } = [];

        protected override void LogInfo(string message, string type = "info") => Logged.Add($"{type}: {message}");
    }
}
