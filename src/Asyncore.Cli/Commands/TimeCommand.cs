using System.CommandLine;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore time</c>: RFC 868, both sides.</summary>
internal static class TimeCommand
{
    public static Command Create(LoopSettings settings) => new("time", "Tell or ask the time (RFC 868).")
    {
        TimeServeCommand.Create(settings),
        TimeQueryCommand.Create(settings),
    };
}
