using System.CommandLine;
using System.CommandLine.Parsing;

namespace Asyncore.Cli;

/// <summary>Whether an option stands on the command line.</summary>
internal static class GivenOption
{
    /// <summary>True where it was given; false where it has its default, if anything.</summary>
    public static bool IsGiven(this CommandResult result, Option option) =>
        result.GetResult(option) is { Implicit: false };
}
