using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>Large bodies and many requests.</summary>
public class AsyncHttpLoadTests
{
    private const int Large = 32 * 1024 * 1024;

    private static readonly byte[] _large = Sockets.Pattern(Large);
    private static readonly string _digest = Convert.ToHexString(SHA256.HashData(_large));

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_large_body_with_a_length(IoBackendKind kind) => CheckLarge(kind, connection =>
    {
        connection.Send($"HTTP/1.1 200 OK\r\nContent-Length: {Large}\r\n\r\n");
        connection.Send(_large);
    });

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_large_body_until_the_end(IoBackendKind kind) => CheckLarge(kind, connection =>
    {
        connection.Send("HTTP/1.1 200 OK\r\n\r\n");
        connection.Send(_large);
        connection.ShutdownSend();
    });

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_large_body_in_chunks_of_every_size(IoBackendKind kind) => CheckLarge(kind, connection =>
    {
        connection.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        int size = 1;
        for (int done = 0; done < Large; done += size)
        {
            size = Math.Min((size * 7) % 100_003, Large - done);
            connection.Send(size.ToString("X", CultureInfo.InvariantCulture) + "\r\n");
            connection.Send(_large.AsSpan(done, size));
            connection.Send("\r\n");
        }

        connection.Send("0\r\n\r\n");
    });

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Many_requests_at_once_each_get_their_own_answer(IoBackendKind kind)
    {
        // Few enough to stay below the descriptor numbers that other tests count on.
        const int Requests = 80;

        using var scene = new HttpScene(kind);
        scene.Server.Otherwise = connection =>
        {
            string body = BodyOf(connection.Request.Split(' ')[1]);
            connection.Answer($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");
        };
        for (int round = 0; round < 3; round++)
        {
            var consumers = new List<RecordingConsumer>();
            for (int i = 0; i < Requests; i++)
            {
                consumers.Add(scene.Get($"/{i * 331}"));
            }

            scene.Loop.RunUntil(() => consumers.TrueForAll(consumer => consumer.IsDone), "the end of all requests");
            for (int i = 0; i < Requests; i++)
            {
                Assert.Equal(i == 0 ? "header 200, close" : "header 200, feed, close", consumers[i].Told);
                Assert.Equal(BodyOf($"/{i * 331}"), consumers[i].Body);
            }
        }

        scene.Run();
        Assert.Equal(3 * Requests, scene.Server.Requests.Count);
    }

    private static string BodyOf(string target)
    {
        int length = int.Parse(target.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture);
        var body = new StringBuilder();
        while (body.Length < length)
        {
            body.Append(target).Append('|');
        }

        return body.ToString(0, length);
    }

    private static void CheckLarge(IoBackendKind kind, Action<ScriptedConnection> script)
    {
        using var scene = new HttpScene(kind);
        scene.Server.On("/", script);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        RecordingConsumer consumer = scene.Get("/");
        consumer.KeepsBody = false;
        consumer.OnFeed = data => hash.AppendData(data);
        scene.Run();
        Assert.Equal("header 200, feed, close", consumer.Told);
        Assert.Equal(Large, consumer.Request!.BodyReceived);
        Assert.Equal(_digest, Convert.ToHexString(hash.GetHashAndReset()));
    }
}
