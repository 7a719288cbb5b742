using System.CommandLine;
using Asyncore.Protocols;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore time serve --listen HOST:PORT</c></summary>
internal static class TimeServeCommand
{
    public static Command Create(LoopSettings settings)
    {
        Option<HostPort> listen = ListenOption.Create();
        var command = new Command("serve", "Tell clients the time.") { listen };
        command.SetAction(line =>
        {
            HostPort where = line.GetRequiredValue(listen);
            return ServerRun.Run(settings.MakeLoop(line), where, loop => new TimeServer(where.ToLocal(), loop));
        });
        return command;
    }
}
