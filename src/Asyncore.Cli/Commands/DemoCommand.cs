using System.CommandLine;
using Asyncore.Cli.Demo;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore demo</c></summary>
internal static class DemoCommand
{
    public static Command Create(LoopSettings settings)
    {
        var command = new Command("demo", "Run every program once, on loopback, and check what it does.");
        command.SetAction(line =>
        {
            using EventLoop loop = settings.MakeLoop(line);
            DemoStep[] steps = [new EchoStep(), new TimeStep(), new HttpStep(), new ForwardStep()];
            return new DemoRun(loop, Console.Out).Run(steps) ? 0 : 1;
        });
        return command;
    }
}
