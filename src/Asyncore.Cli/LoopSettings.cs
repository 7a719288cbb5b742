using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace Asyncore.Cli;

/// <summary>The options that every command takes, and the loops that are made by them.</summary>
internal sealed class LoopSettings
{
    private const int LongestSpin = 1_000_000;

    /// <summary><c>--backend</c></summary>
    public ParsedOption<IoBackendKind?> Backend { get; } = BackendOption.Create();

    /// <summary><c>--spin</c></summary>
    public NumberOption Spin { get; } = new(["--spin"], 0, LongestSpin, $"a number of microseconds from 0 to {LongestSpin}")
    {
        Description = "How long to go on asking for events before sleeping; keeps a core busy meanwhile.",
        HelpName = "MICROSECONDS",
        Recursive = true,
    };

    /// <summary>A loop on the backend that the command line asks for, which has been made and works.</summary>
    /// <param name="line">The command line.</param>
    /// <param name="best">What <c>auto</c> means for this command, where it is to be had.</param>
    /// <param name="log">Where the loop and its channels log; standard error where null.</param>
    /// <exception cref="PlatformNotSupportedException">It is not to be had here.</exception>
    public EventLoop MakeLoop(ParseResult line, IoBackendKind best = IoBackendKind.Auto, ILoggerFactory? log = null)
    {
        var loop = new EventLoop(Read(line, best, log));
        try
        {
            _ = loop.Backend; // makes the choice now, before anything is started
            return loop;
        }
        catch
        {
            loop.Dispose();
            throw;
        }
    }

    /// <summary>As many loops, of which none runs yet.</summary>
    /// <exception cref="PlatformNotSupportedException">The backend is not to be had here.</exception>
    public EventLoopGroup MakeGroup(ParseResult line, int loops) => new(loops, Read(line, IoBackendKind.Auto, log: null));

    private EventLoopOptions Read(ParseResult line, IoBackendKind best, ILoggerFactory? log)
    {
        IoBackendKind asked = line.GetValue(Backend) ?? IoBackendKind.Auto;
        return new EventLoopOptions
        {
            Backend = asked == IoBackendKind.Auto && EventLoop.IsSupported(best) ? best : asked,
            LoggerFactory = log,
            SpinBudget = TimeSpan.FromMicroseconds(line.GetValue(Spin)),
        };
    }
}
