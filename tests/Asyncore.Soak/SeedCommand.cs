using System.CommandLine;

namespace Asyncore.Soak;

/// <summary>The command line of a program that does something under one seed after the other.</summary>
internal static class SeedCommand
{
    /// <param name="names">What there is to be done.</param>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many seeds of each.</param>
    /// <param name="atLeast">Goes on until so much time is over.</param>
    /// <returns>The exit status.</returns>
    public delegate int Run(string[] names, int first, int count, TimeSpan atLeast);

    /// <param name="command">The program.</param>
    /// <param name="count">Its option for how many seeds of each there are to be.</param>
    /// <param name="first">The first seed where none is given.</param>
    /// <param name="only">Its option to do but one thing.</param>
    /// <param name="names">Everything that it can do.</param>
    /// <param name="run">Does it.</param>
    public static void Set(
        RootCommand command, Option<int> count, int first, Option<string?> only, IReadOnlyCollection<string> names, Run run)
    {
        var from = new Option<int>("--first") { Description = "The first seed.", DefaultValueFactory = _ => first, HelpName = "N" };
        var minutes = new Option<double?>("--minutes") { Description = "Goes on with further seeds for so long.", HelpName = "M" };
        only.HelpName = string.Join('|', names);
        only.AcceptOnlyFromAmong([.. names]);
        count.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError($"{count.Name} has to be 1 at least.");
            }
        });
        command.Add(count);
        command.Add(from);
        command.Add(minutes);
        command.Add(only);
        command.SetAction(line => run(
            line.GetValue(only) is { } name ? [name] : [.. names],
            line.GetValue(from),
            line.GetValue(count),
            line.GetValue(minutes) is { } limit ? TimeSpan.FromMinutes(limit) : TimeSpan.Zero));
    }

    /// <returns>The exit status: of what was run, or 2 where the line was not understood.</returns>
    public static int Invoke(RootCommand command, string[] args)
    {
        ParseResult parsed = command.Parse(args);
        int status = parsed.Invoke(); // where there are errors, it says them
        return parsed.Errors.Count > 0 ? 2 : status;
    }
}
