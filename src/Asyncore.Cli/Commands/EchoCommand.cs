using System.CommandLine;
using Asyncore.Protocols;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore echo --listen HOST:PORT [--loops N]</c></summary>
internal static class EchoCommand
{
    public static Command Create(BackendOption backend)
    {
        Option<HostPort> listen = ListenOption.Create();
        var loops = new NumberOption(["--loops"], 1, 1024, "a number of loops", RefuseMany)
        {
            Description = "How many loops, each on a thread of its own; one, in this version.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };

        var command = new Command("echo", "Send back what clients send (RFC 862).") { listen, loops };
        command.SetAction(line =>
        {
            HostPort where = line.GetRequiredValue(listen);
            return ServerRun.Run(backend.MakeLoop(line), where, loop => new EchoServer(where.ToLocal(), loop));
        });
        return command;
    }

    private static string? RefuseMany(int loops) =>
        loops > 1 ? "more than one loop is not part of this version" : null;
}
