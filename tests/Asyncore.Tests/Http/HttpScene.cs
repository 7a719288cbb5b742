using System.Diagnostics;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Http;

/// <summary>A loop with a server and requests to it.</summary>
internal sealed class HttpScene : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly List<ScriptedServer> _servers = [];
    private readonly List<RecordingConsumer> _consumers = [];

    public HttpScene(
        IoBackendKind kind, TimeProvider? clock = null, AddressFamily family = AddressFamily.InterNetwork)
    {
        Loop = TestLoop.Create(kind, clock);
        Loop.UnhandledError += Unhandled.Add;
        Server = AddServer(family);
    }

    public EventLoop Loop { get; }

    public ScriptedServer Server { get; }

    /// <summary>What came out of timers and posted callbacks.</summary>
    public List<Exception> Unhandled { get; } = [];

    public ScriptedServer AddServer(AddressFamily family = AddressFamily.InterNetwork)
    {
        var server = new ScriptedServer(Loop, family);
        _servers.Add(server);
        return server;
    }

    /// <summary>Asks the server for a target.</summary>
    public RecordingConsumer Get(string target, Action<AsyncHttp>? prepare = null) => Get(Server.Uri(target), prepare);

    public RecordingConsumer Get(Uri uri, Action<AsyncHttp>? prepare = null)
    {
        var consumer = new RecordingConsumer();
        Start(uri, consumer, consumer, prepare);
        return consumer;
    }

    /// <summary>The same, with redirects.</summary>
    public RecordingConsumer Follow(string target, int limit = 10, Action<AsyncHttp>? prepare = null)
    {
        var consumer = new RecordingConsumer();
        Start(Server.Uri(target), new RedirectingConsumer(consumer, limit), consumer, prepare);
        return consumer;
    }

    public AsyncHttp Start(
        Uri uri, IHttpConsumer first, RecordingConsumer last, Action<AsyncHttp>? prepare = null)
    {
        _consumers.Add(last);
        var request = new AsyncHttp(uri, first, Loop);
        prepare?.Invoke(request);
        return request;
    }

    /// <summary>Runs until every consumer has heard its end, and then until no channel and no timer is left.</summary>
    public void Run()
    {
        Loop.RunUntil(() => _consumers.TrueForAll(consumer => consumer.IsDone), "the end of every request");
        End();
    }

    /// <summary>Closes the servers; what is left in the loop must go by itself.</summary>
    public void End()
    {
        foreach (ScriptedServer server in _servers)
        {
            Assert.Empty(server.Errors);
            server.Close();
        }

        long start = Stopwatch.GetTimestamp();
        while (Loop.RunOnce(TimeSpan.FromMilliseconds(20)))
        {
            Assert.True(
                Stopwatch.GetElapsedTime(start) < _patience,
                $"something is left in the loop: {string.Join(", ", Loop.Channels.Values)}");
        }

        Loop.Run(); // returns at once
        Assert.Empty(Loop.Channels);
    }

    public void Dispose() => Loop.Dispose();
}
