using Asyncore;

Sample.Run("ChatRoom [HOST:PORT]", args, () =>
{
    (string host, int port) = Sample.HostPort(args.ElementAtOrDefault(0) ?? "localhost:8080");
    var server = new ChatServer(host, port);
    Sample.StopOnSignals();
    Console.WriteLine($"listening on {server.Address}");
    EventLoop.Loop();
});

/// <summary>
/// A line chat, for netcat and the like: <c>nc localhost 8080</c>, and <c>/help</c>. What is said begins with the
/// speaker's name, what has happened with <c>*</c>, and what was not understood with <c>!</c>.
/// </summary>
internal class ChatServer : Dispatcher
{
    private readonly House _house = new();

    public ChatServer(string host, int port)
    {
        CreateSocket();
        SetReuseAddr();
        Bind(host, port);
        Listen();
    }

    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Member(accepted, _house);
}
