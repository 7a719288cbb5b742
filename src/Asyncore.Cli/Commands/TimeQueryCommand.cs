using System.CommandLine;
using System.Net;
using Asyncore.Protocols;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore time query HOST[:PORT]</c></summary>
internal static class TimeQueryCommand
{
    private const int DefaultPort = 37;

    public static Command Create(LoopSettings settings)
    {
        var server = new Argument<HostPort>("HOST[:PORT]")
        {
            Description = $"The server; the port is {DefaultPort} where none is given.",
            CustomParser = result => HostPort.Parse(result, "HOST[:PORT]", DefaultPort),
        };
        var command = new Command("query", "Print the local time minus the server's, in seconds.") { server };
        command.SetAction(line =>
        {
            using EventLoop loop = settings.MakeLoop(line);
            HostPort where = line.GetRequiredValue(server);
            var query = new Query(where.ToRemote(), loop);
            loop.Run();
            return query.Error is { } error ? throw new CommandFailedException($"no time from {where}: {error}") : 0;
        });
        return command;
    }

    private sealed class Query(EndPoint server, EventLoop loop) : TimeRequest(server, loop)
    {
        public string? Error { get; private set; }

        protected override void AdjustTime(long delta) => Console.Out.WriteLine($"time difference is {delta}");

        protected override void HandleFailure(Exception error) => Error = error.Message;
    }
}
