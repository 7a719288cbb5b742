using System.CommandLine;
using System.Net;
using Asyncore.Protocols;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore echo --listen HOST:PORT [--loops N]</c></summary>
internal static class EchoCommand
{
    private const int MostLoops = 1024;

    public static Command Create(LoopSettings settings)
    {
        Option<HostPort> listen = ListenOption.Create();
        var loops = new NumberOption(["--loops"], 1, MostLoops, $"a number of loops from 1 to {MostLoops}")
        {
            Description = "How many loops, each on a thread of its own, with a listener each on the same port.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
        };

        var command = new Command("echo", "Send back what clients send (RFC 862).") { listen, loops };
        command.SetAction(line =>
        {
            HostPort where = line.GetRequiredValue(listen);
            int count = line.GetValue(loops);
            return count == 1
                ? ServerRun.Run(settings.MakeLoop(line), where, loop => new EchoServer(where.ToLocal(), loop))
                : GroupRun.Run(settings.MakeGroup(line, count), where, (address, loop) => new Listener(address, loop));
        });
        return command;
    }

    // One loop without its listener is a server that fails now and then for some of its clients: better not at all.
    private sealed class Listener(EndPoint address, EventLoop loop) : EchoServer(address, loop)
    {
        protected override void HandleClose()
        {
            base.HandleClose();
            throw new ExitNowException("a listener has closed; see above");
        }
    }
}
