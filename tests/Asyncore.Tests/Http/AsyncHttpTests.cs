using System.Net.Sockets;
using System.Text;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Requests that end well.</summary>
public class AsyncHttpTests
{
    private const string Sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private const string Chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: b\r\n\r\n";

    private const string UntilClose = "HTTP/1.1 200 OK\r\n\r\nhello";

    public static TheoryData<IoBackendKind, string> Bodies => OnEachBackend(Sized, Chunked, UntilClose);

    public static TheoryData<IoBackendKind, string> BodiesThatSayTheirEnd => OnEachBackend(Sized, Chunked);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Status_and_header_are_told_before_there_is_a_body(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        ScriptedConnection? server = null;
        scene.Server.On("/", connection =>
        {
            server = connection;
            connection.Send("HTTP/1.1 203 Non-Authoritative\r\nContent-Length: 5\r\nX-Y: 1\r\nx-y: 2\r\n\r\n");
        });
        RecordingConsumer consumer = scene.Get("/", request =>
        {
            Assert.Equal(0, request.Status);
            Assert.Equal(string.Empty, request.Reason);
            Assert.Empty(request.Header);
            Assert.Null(request.BodyLength);
        });

        scene.Loop.RunUntil(() => consumer.Request is not null, "the header");
        AsyncHttp request = consumer.Request!;
        Assert.Equal("header 203", consumer.Told);
        Assert.Equal("Non-Authoritative", request.Reason);
        Assert.Equal("1, 2", request.Header["X-Y"]);
        Assert.Equal(5, request.BodyLength);
        Assert.Equal(0, request.BodyReceived);

        server!.Send("hel");
        scene.Loop.RunUntil(() => request.BodyReceived == 3, "a part of the body");
        Assert.Equal("header 203, feed", consumer.Told);
        server.Send("lo");
        scene.Run();
        Assert.Equal("header 203, feed, close", consumer.Told);
        Assert.Equal("hello", consumer.Body);
        Assert.Equal(203, request.Status);
        Assert.Equal(5, request.BodyReceived);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_server_sees_one_request_with_the_fields_that_were_added(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/a%20b?c=d", Sized);
        RecordingConsumer consumer = scene.Get(
            scene.Server.Uri("/a b?c=d#e"),
            request => request.RequestFields.Add(KeyValuePair.Create("X-More", "1")));
        scene.Run();
        Assert.Equal("hello", consumer.Body);
        Assert.Equal(
            "GET /a%20b?c=d HTTP/1.1\r\n"
            + $"Host: 127.0.0.1:{new Uri(consumer.Request!.Uri, "/").Port}\r\n"
            + $"User-Agent: {HttpRequest.DefaultUserAgent}\r\n"
            + "Accept-Encoding: identity\r\nConnection: close\r\nX-More: 1\r\n\r\n",
            Assert.Single(scene.Server.Requests));
    }

    [Theory, MemberData(nameof(Bodies))]
    public void Bodies_with_a_length_in_chunks_and_until_the_end(IoBackendKind kind, string response)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", response);
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Equal("hello", consumer.Body);
    }

    [Theory, MemberData(nameof(Bodies))]
    public void Bodies_that_come_byte_by_byte(IoBackendKind kind, string response)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Drip(response, connection.Close));
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Equal("hello", consumer.Body);
    }

    [Theory, MemberData(nameof(BodiesThatSayTheirEnd))]
    public void A_whole_response_ends_the_request_though_the_server_keeps_the_connection(
        IoBackendKind kind, string response)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(response));
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.True(Assert.Single(scene.Server.Connections).ClientLeft);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Responses_without_a_body_are_whole_with_their_header(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        string[] responses =
        [
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ];
        foreach (string response in responses)
        {
            scene.Server.On("/", connection => connection.Send(response));
            RecordingConsumer consumer = scene.Get("/");
            scene.Loop.RunUntil(() => consumer.IsDone, "the end of the request");
            Assert.Equal($"header {response.Split(' ')[1]}, close", consumer.Told);
        }

        scene.Run();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Errors_of_the_server_are_whole_responses(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", "HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nlater");
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 503, feed, close", consumer.Told);
        Assert.Equal("later", consumer.Body);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Interim_responses_are_not_told(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On(
            "/", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + Sized);
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.False(consumer.Request!.Header.Contains("Link"));
    }

    [Theory, MemberData(nameof(BodiesThatSayTheirEnd))]
    public void What_comes_after_a_whole_response_is_nobodys(IoBackendKind kind, string response)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", response + "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz");
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Equal("hello", consumer.Body);
    }

    [Theory, MemberData(nameof(BodiesThatSayTheirEnd))]
    public void A_reset_after_a_whole_response_changes_nothing(IoBackendKind kind, string response)
    {
        using var scene = new HttpScene(kind);
        AsyncHttp? request = null;
        scene.Server.On("/", connection =>
        {
            connection.Send(response);
            connection.Flush();
            Kernel.Await(request!.FileDescriptor, Kernel.In); // a reset drops what has not arrived
            connection.Abort();
            Kernel.Await(request.FileDescriptor, Kernel.HangUp);
        });
        RecordingConsumer consumer = scene.Get("/", made => request = made);
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Equal("hello", consumer.Body);
    }

    [Theory, MemberData(nameof(Bodies))]
    public void A_server_that_ends_only_its_own_side_is_answered_with_the_end(IoBackendKind kind, string response)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection =>
        {
            connection.Send(response);
            connection.ShutdownSend();
        });
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Null(Assert.Single(scene.Server.Connections).CloseReason);
    }

    [Theory, MemberData(nameof(Bodies))]
    public void A_server_may_answer_before_it_is_asked(IoBackendKind kind, string response)
    {
        using var scene = new HttpScene(kind);
        scene.Server.OnConnection = connection =>
        {
            connection.Send(response);
            connection.ShutdownSend();
        };
        scene.Server.Otherwise = _ => { };
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Over_ipv6_and_by_name(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        ScriptedServer six = scene.AddServer(AddressFamily.InterNetworkV6);
        scene.Server.On("/", Sized);
        six.On("/", Sized);
        RecordingConsumer first = scene.Get(six.Uri("/"));
        RecordingConsumer second = scene.Get(new Uri($"http://localhost:{scene.Server.Port}/"));
        scene.Run();
        Assert.Equal("header 200, feed, close", first.Told);
        Assert.Equal("header 200, feed, close", second.Told);
        Assert.Contains($"\r\nHost: [::1]:{first.Request!.Uri.Port}\r\n", Assert.Single(six.Requests));
        Assert.Contains("\r\nHost: localhost:", Assert.Single(scene.Server.Requests));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Run_returns_by_itself_once_the_only_request_is_done(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using Socket listener = Sockets.Listen(AddressFamily.InterNetwork);
        Companion server = Companion.Start(() =>
        {
            using Socket connection = listener.Accept();
            var request = new StringBuilder();
            while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                request.Append(Encoding.ASCII.GetString(connection.ReadExactly(1)));
            }

            connection.Send(Encoding.ASCII.GetBytes(Chunked));
            Assert.Equal(0, connection.Receive(new byte[1])); // our side ends first
        });
        var consumer = new RecordingConsumer();
        _ = new AsyncHttp(new Uri($"http://{listener.LocalEndPoint}/"), consumer, loop);
        loop.Run();
        server.Join();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Empty(loop.Channels);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Wrong_arguments_leave_nothing_in_the_loop(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var consumer = new RecordingConsumer();
        Assert.Throws<NotSupportedException>(() => new AsyncHttp(new Uri("https://localhost/"), consumer, loop));
        Assert.Throws<NotSupportedException>(() => new AsyncHttp(new Uri("ftp://localhost/"), consumer, loop));
        Assert.Throws<ArgumentException>(() => new AsyncHttp(new Uri("/a", UriKind.Relative), consumer, loop));
        Assert.Throws<ArgumentNullException>(() => new AsyncHttp(null!, consumer, loop));
        Assert.Throws<ArgumentNullException>(() => new AsyncHttp(new Uri("http://localhost/"), null!, loop));
        Assert.False(loop.RunOnce());
        loop.Dispose();
        Assert.Throws<ObjectDisposedException>(() => new AsyncHttp(new Uri("http://127.0.0.1/"), consumer, loop));
        Assert.Throws<ObjectDisposedException>(() => new AsyncHttp(new Uri("http://localhost/"), consumer, loop));
        Assert.Empty(loop.Channels);
        Assert.Empty(consumer.Events);
    }

    private static TheoryData<IoBackendKind, string> OnEachBackend(params string[] responses)
    {
        var data = new TheoryData<IoBackendKind, string>();
        foreach (IoBackendKind kind in Backends.Kinds)
        {
            foreach (string response in responses)
            {
                data.Add(kind, response);
            }
        }

        return data;
    }
}
