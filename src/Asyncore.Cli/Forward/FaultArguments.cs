using System.CommandLine;
using System.CommandLine.Parsing;
using Asyncore.Forwarding;

namespace Asyncore.Cli.Forward;

/// <summary>Where faults happen.</summary>
[Flags]
internal enum FaultDirection
{
    ToTarget = 1,
    ToClient = 2,
    Both = ToTarget | ToClient,
}

/// <summary>What is to go wrong on purpose.</summary>
internal sealed class FaultArguments
{
    private readonly ParsedOption<TimeSpan?> _delay = ForwardArguments.Duration("--delay", "Fault: holds bytes back for so long.");
    private readonly ParsedOption<TimeSpan?> _jitter = ForwardArguments.Duration("--jitter", "Fault: and so much longer or shorter, at random.");
    private readonly ParsedOption<long?> _bandwidth = ForwardArguments.Rate("--bandwidth", "Fault: passes on no faster.");
    private readonly ParsedOption<long?> _slice = ForwardArguments.Bytes("--slice", "Fault: passes on in pieces of so many bytes.", most: int.MaxValue);
    private readonly ParsedOption<long?> _cutAfter = ForwardArguments.Bytes("--cut-after", "Fault: closes both sides after so many bytes.");
    private readonly ParsedOption<TimeSpan?> _resetAfter = ForwardArguments.Duration("--reset-after", "Fault: resets both sides after so long.");

    private readonly Option<bool> _stall = new("--stall") { Description = "Fault: passes on nothing, and says nothing." };

    private readonly ParsedOption<FaultDirection?> _direction = ChoiceOption.Create(
        "--direction",
        "Where faults happen (both).",
        ("to-target", FaultDirection.ToTarget),
        ("to-client", FaultDirection.ToClient),
        ("both", FaultDirection.Both));

    private readonly NumberOption _seed = new(["--seed"], 0, int.MaxValue, "a whole number")
    {
        Description = "What chance begins with, so that faults come again.",
        HelpName = "N",
    };

    public IEnumerable<Option> All => [.. Faults, _direction, _seed];

    private Option[] Faults => [_delay, _jitter, _bandwidth, _slice, _cutAfter, _resetAfter, _stall];

    /// <summary>Adds an error where something is said about faults, and there is none.</summary>
    public void CheckTogether(CommandResult result)
    {
        if (!Array.Exists(Faults, result.IsGiven) && Array.Find<Option>([_direction, _seed], result.IsGiven) is { } idle)
        {
            result.AddError($"{idle.Name}: there is no fault that it could be about");
        }
    }

    public FaultOptions? Read(ParseResult line, FaultDirection direction)
    {
        if (((line.GetValue(_direction) ?? FaultDirection.Both) & direction) == 0)
        {
            return null;
        }

        var faults = new FaultOptions
        {
            Delay = line.GetValue(_delay) ?? TimeSpan.Zero,
            Jitter = line.GetValue(_jitter) ?? TimeSpan.Zero,
            Bandwidth = line.GetValue(_bandwidth),
            Slice = (int?)line.GetValue(_slice),
            CutAfter = line.GetValue(_cutAfter),
            ResetAfter = line.GetValue(_resetAfter),
            Stall = line.GetValue(_stall),
            Seed = line.GetValue(_seed),
        };
        if (faults.Jitter > faults.Delay)
        {
            throw new CommandFailedException("--jitter is more than --delay: nothing passes before it has come") { ExitCode = 2 };
        }

        return faults.IsNone ? null : faults;
    }
}
