using Asyncore.Tests.Simulated;

namespace Asyncore.Tests.Churn;

/// <summary>Something that is not as it was before the first visitor.</summary>
internal sealed record Difference(string What, long Before, long Now);

/// <summary>
/// Servers on one loop and crowds of visitors on another, over the sockets of the system. When a crowd has gone, it is
/// counted what is left of it.
/// </summary>
internal sealed class ChurnScene : IDisposable
{
    private static readonly Dictionary<string, Func<LoopThread, LoopThread, ISite>> _makers = new()
    {
        ["forwarder"] = (server, clients) => new ForwarderSite(server, clients),
        ["chat-room"] = (server, clients) => new ChatRoomSite(server, clients),
    };

    private readonly TimeSpan _patience;
    private readonly LoopThread _server;
    private readonly LoopThread _clients;
    private readonly ISite[] _sites;
    private readonly Count[] _serverBefore;
    private readonly Count[] _clientsBefore;

    /// <param name="backend">What both loops wait by.</param>
    /// <param name="sites">Which servers, of <see cref="SiteNames"/>.</param>
    /// <param name="patience">How long what has to come about may take.</param>
    /// <exception cref="PlatformNotSupportedException">The backend is not to be had here.</exception>
    public ChurnScene(IoBackendKind backend, IEnumerable<string> sites, TimeSpan patience)
    {
        _patience = patience;
        _server = new LoopThread("server", backend);
        _clients = new LoopThread("clients", backend);
        _sites = [.. sites.Select(name => _makers[name](_server, _clients))];
        _serverBefore = _server.Call(CountServer);
        _clientsBefore = _clients.Call(CountClients);
    }

    public static string[] SiteNames => [.. _makers.Keys];

    public IoBackendKind Backend => _server.Call(() => _server.Loop.Backend);

    /// <summary>Connections that have come and gone.</summary>
    public long Visits => _clients.Call(() => _sites.Sum(each => each.Crowd.Visits));

    /// <summary>What went wrong on purpose: connections, and reloads.</summary>
    public long Faults => _clients.Call(() => _sites.Sum(each => each.Crowd.Faults));

    /// <summary>All that has happened, by kind.</summary>
    public IReadOnlyList<Count> Happened =>
    [
        .. _clients.Call(() => _sites.SelectMany(each => each.Crowd.Ended).ToArray()),
        .. _server.Call(() => _sites.SelectMany(each => each.Happened).ToArray()),
    ];

    /// <summary>The open descriptors of the process, without those of pipes that loops keep; read while nobody is there.</summary>
    public int Descriptors => Directory.GetFileSystemEntries("/proc/self/fd").Length
        - _server.Call(() => LoopInside.PipeDescriptors(_server.Loop))
        - _clients.Call(() => LoopInside.PipeDescriptors(_clients.Loop));

    /// <summary>Has so many visitors come to each of the servers.</summary>
    public void Begin(long visits)
    {
        _server.Call(() => Array.ForEach(_sites, each => each.Stir()));
        _clients.Call(() => Array.ForEach(_sites, each => each.Crowd.Come(visits)));
    }

    /// <summary>Waits for so long, or until something goes wrong.</summary>
    public void Watch(TimeSpan time)
    {
        Task.WaitAny([_server.Ended, _clients.Ended], time);
        Check();
    }

    /// <summary>Waits until all who were to come have gone, and everything is as it was.</summary>
    /// <returns>What is not.</returns>
    public IReadOnlyList<Difference> End()
    {
        if (!AwaitGone())
        {
            string here = _clients.Call(() => string.Join("; ", _sites.Select(each => $"{each.Crowd.Name}: {each.Crowd.Here}")));
            throw new InvariantException($"visits without an end: {here}");
        }

        _server.Call(() => Array.ForEach(_sites, each => each.Calm()));
        return [.. Settle(_server, CountServer, _serverBefore), .. Settle(_clients, CountClients, _clientsBefore)];
    }

    /// <summary>Lets nobody come any more, and waits as <see cref="End"/> does.</summary>
    public IReadOnlyList<Difference> Lull()
    {
        _clients.Call(() => Array.ForEach(_sites, each => each.Crowd.Rest()));
        return End();
    }

    public void Dispose()
    {
        _clients.Dispose();
        _server.Dispose();
        Array.ForEach(_sites, each => each.Dispose());
    }

    private bool AwaitGone()
    {
        try
        {
            return _clients.Await(() => Array.TrueForAll(_sites, each => each.Crowd.IsEmpty), _patience);
        }
        finally
        {
            Check();
        }
    }

    // What visitors complain of may well be that the server has ended.
    private void Check()
    {
        _server.Check();
        _clients.Check();
    }

    private IEnumerable<Difference> Settle(LoopThread thread, Func<Count[]> count, Count[] before)
    {
        Count[] now = [];
        thread.Await(() => (now = count()).AsSpan().SequenceEqual(before), _patience);
        return now.Zip(before)
            .Where(each => each.First != each.Second)
            .Select(each => new Difference(each.First.What, each.Second.Number, each.First.Number));
    }

    private Count[] CountServer() =>
        [.. Of("server", LoopInside.Counts(_server.Loop)), .. _sites.SelectMany(each => each.Counts)];

    private Count[] CountClients() => [.. Of("clients", LoopInside.Counts(_clients.Loop))];

    private static IEnumerable<Count> Of(string who, IEnumerable<Count> counts) =>
        counts.Select(each => each with { What = $"{who}: {each.What}" });
}
