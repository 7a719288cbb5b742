using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Servers that are not there, say nonsense, or stop too early.</summary>
public class AsyncHttpFailureTests
{
    private const string Sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    private const string Chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    private const string UntilClose = "HTTP/1.1 200 OK\r\n\r\n";

    /// <summary>What comes before the connection ends, and what is told of it.</summary>
    public static TheoryData<IoBackendKind, string, string> Parts
    {
        get
        {
            var data = new TheoryData<IoBackendKind, string, string>();
            foreach (IoBackendKind kind in Backends.Kinds)
            {
                data.Add(kind, "", "failed");
                data.Add(kind, "HTTP/1.1 200 OK\r\nConten", "failed");
                data.Add(kind, Sized, "header 200, failed");
                data.Add(kind, Sized + "hell", "header 200, feed, failed");
                data.Add(kind, Chunked + "5\r\nhe", "header 200, feed, failed");
                data.Add(kind, Chunked + "5\r\nhello\r\n", "header 200, feed, failed");
                data.Add(kind, Chunked + "5\r\nhello\r\n0\r\n", "header 200, feed, failed");
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Parts))]
    public void A_response_that_is_cut_short_is_a_failure(IoBackendKind kind, string part, string told)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", part);
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal(told, consumer.Told);
        HttpTruncatedException error = Assert.IsType<HttpTruncatedException>(consumer.Failure);
        Assert.Equal(consumer.Body.Length, error.InHeader ? 0 : error.BytesReceived);
        Assert.Null(error.InnerException);
    }

    [Theory, MemberData(nameof(Parts))]
    public void A_reset_in_the_middle_is_a_failure_that_names_it(IoBackendKind kind, string part, string told)
    {
        using var scene = new HttpScene(kind);
        RecordingConsumer consumer = ResetAfter(scene, part);
        Assert.Equal(told, consumer.Told);
        HttpTruncatedException error = Assert.IsType<HttpTruncatedException>(consumer.Failure);
        SocketException inner = Assert.IsType<SocketException>(error.InnerException);
        Assert.Equal(SocketError.ConnectionReset, inner.SocketErrorCode);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_body_until_the_end_is_not_ended_by_a_reset(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        RecordingConsumer consumer = ResetAfter(scene, UntilClose + "hello");
        Assert.Equal("header 200, feed, failed", consumer.Told);
        Assert.IsType<SocketException>(Assert.IsType<HttpTruncatedException>(consumer.Failure).InnerException);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Garbage_ends_the_connection_at_once(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.OnConnection = connection => connection.Send("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
        scene.Server.Otherwise = _ => { };
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("failed", consumer.Told);
        Assert.IsType<HttpStatusLineException>(consumer.Failure);
        Assert.True(Assert.Single(scene.Server.Connections).ClientLeft);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Garbage_in_the_middle_of_a_body_is_told_after_what_was_good(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection => connection.Send(Chunked + "5\r\nhello\r\nworld\r\n"));
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("header 200, feed, failed", consumer.Told);
        Assert.Equal("hello", consumer.Body);
        Assert.Contains("chunk size", Assert.IsType<HttpException>(consumer.Failure).Message);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_header_without_end_is_given_up(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", connection =>
        {
            connection.Send("HTTP/1.1 200 OK\r\n");
            GoOn(connection);
        });
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("failed", consumer.Told);
        Assert.IsType<HttpLimitException>(consumer.Failure);

        static void GoOn(ScriptedConnection connection)
        {
            if (connection.Connected)
            {
                connection.Send(new string('X', 1000) + ": 1\r\n");
                connection.Loop.Post(() => GoOn(connection));
            }
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_server_that_resets_every_connection(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.OnConnection = connection => connection.Abort();
        RecordingConsumer consumer = scene.Get("/");
        scene.Run();
        Assert.Equal("failed", consumer.Told);
        HttpException error = Assert.IsType<HttpException>(consumer.Failure, exactMatch: false);
        Assert.IsType<SocketException>(error.InnerException);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Nobody_listens(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        using Socket bound = Sockets.Bound(AddressFamily.InterNetwork);
        var uri = new Uri($"http://{bound.LocalEndPoint}/");
        RecordingConsumer consumer = scene.Get(uri);
        Assert.Empty(consumer.Events); // told by the loop, never by the constructor
        scene.Run();
        Assert.Equal("failed", consumer.Told);
        HttpException error = Assert.IsType<HttpException>(consumer.Failure);
        Assert.StartsWith($"cannot connect to 127.0.0.1:{uri.Port}: ", error.Message);
        SocketException inner = Assert.IsType<SocketException>(error.InnerException);
        Assert.Equal(SocketError.ConnectionRefused, inner.SocketErrorCode);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Nobody_knows_the_name(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        RecordingConsumer consumer = scene.Get(new Uri("http://nobody.invalid/"));
        Assert.Empty(consumer.Events);
        scene.Run();
        Assert.Equal("failed", consumer.Told);
        HttpException error = Assert.IsType<HttpException>(consumer.Failure);
        Assert.StartsWith("cannot connect to nobody.invalid: ", error.Message);
        Assert.IsType<SocketException>(error.InnerException);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_field_that_cannot_be_sent_fails_the_request_and_sends_nothing(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        RecordingConsumer consumer = scene.Get(
            "/", request => request.RequestFields.Add(KeyValuePair.Create("X", "1\r\nGET /evil HTTP/1.1")));
        scene.Run();
        Assert.Equal("failed", consumer.Told);
        Assert.IsType<ArgumentException>(consumer.Failure);
        Assert.All(scene.Server.Connections, connection => Assert.Equal(string.Empty, connection.Request));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void One_bad_server_costs_one_request(IoBackendKind kind)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/good", connection => connection.Drip(Sized + "hello", connection.Close));
        scene.Server.On("/short", Sized + "hell");
        scene.Server.On("/garbage", "nonsense\r\n");
        scene.Server.On("/reset", connection => connection.Abort());
        RecordingConsumer good = scene.Get("/good");
        RecordingConsumer[] bad = [scene.Get("/short"), scene.Get("/garbage"), scene.Get("/reset")];
        scene.Run();
        Assert.Equal("header 200, feed, close", good.Told);
        Assert.All(bad, consumer => Assert.EndsWith("failed", consumer.Told));
    }

    // Ours has the part in hand before the reset comes: a reset may drop what has not been read.
    private static RecordingConsumer ResetAfter(HttpScene scene, string part)
    {
        ScriptedConnection? server = null;
        AsyncHttp? request = null;
        scene.Server.On("/", connection =>
        {
            connection.Send(part);
            server = connection;
        });
        RecordingConsumer consumer = scene.Get("/", made => request = made);
        scene.Loop.RunUntil(() => server is not null, "the request");
        server!.Flush();
        if (part.Length > 0 && scene.Loop.Backend != IoBackendKind.IoUring) // which may have taken it from the kernel already
        {
            Kernel.Await(request!.FileDescriptor, Kernel.In);
        }

        scene.Loop.Passes(3);
        server.Abort();
        scene.Run();
        return consumer;
    }
}
