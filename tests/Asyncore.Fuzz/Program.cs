using System.CommandLine;
using Asyncore.Fuzz;
using Asyncore.Tests.Fuzz;

// Many inputs for every target of the fuzz tests, on one core. Exit status: 0 no property broken, 1 one was, 2 not
// understood.
string[] all = [.. FuzzTargets.All.Keys];
var inputs = new Option<int>("--inputs") { Description = "Inputs for each target.", DefaultValueFactory = _ => 100_000, HelpName = "N" };
var first = new Option<int>("--first") { Description = "The first seed.", DefaultValueFactory = _ => 0, HelpName = "SEED" };
var minutes = new Option<double?>("--minutes") { Description = "Goes on with further seeds for so long, all targets together.", HelpName = "M" };
var only = new Option<string?>("--only") { Description = "One target.", HelpName = string.Join('|', all) };
only.AcceptOnlyFromAmong(all);
var command = new RootCommand("Gives inputs that nobody has thought of to the parsers, and checks what becomes of them.")
{
    inputs, first, minutes, only,
};
command.SetAction(line => FuzzRun.Run(
    line.GetValue(only) is { } name ? [name] : all,
    line.GetValue(first),
    line.GetValue(inputs),
    line.GetValue(minutes) is { } limit ? TimeSpan.FromMinutes(limit) : TimeSpan.Zero));
ParseResult parsed = command.Parse(args);
if (parsed.Errors.Count > 0)
{
    parsed.Invoke();
    return 2;
}

return parsed.Invoke();
