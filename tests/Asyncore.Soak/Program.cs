using System.CommandLine;
using System.Diagnostics;
using Asyncore.Soak;
using Asyncore.Testing;

// Many seeds of every scenario of the tests, on one core; with "real", connections over real sockets for a time. Exit
// status: 0 no invariant broken, 1 one was, 2 not understood.
var seeds = new Option<int>("--seeds") { Description = "Seeds of each scenario.", DefaultValueFactory = _ => 1000, HelpName = "N" };
var first = new Option<int>("--first") { Description = "The first seed.", DefaultValueFactory = _ => 1, HelpName = "N" };
var minutes = new Option<double?>("--minutes") { Description = "Goes on with further seeds for so long.", HelpName = "M" };
var only = new Option<string?>("--only") { Description = "One scenario.", HelpName = string.Join('|', Soak.Scenarios.Keys) };
only.AcceptOnlyFromAmong([.. Soak.Scenarios.Keys]);
var command = new RootCommand("Runs the scenarios of the simulation tests under many seeds.")
{
    seeds, first, minutes, only, RealCommand.Create(),
};
command.SetAction(line => Soak.Run(
    line.GetValue(only) is { } name ? [name] : [.. Soak.Scenarios.Keys],
    line.GetValue(first),
    line.GetValue(seeds),
    line.GetValue(minutes) is { } limit ? TimeSpan.FromMinutes(limit) : TimeSpan.Zero));
ParseResult parsed = command.Parse(args);
if (parsed.Errors.Count > 0)
{
    parsed.Invoke();
    return 2;
}

return parsed.Invoke();
