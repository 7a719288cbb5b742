using System.CommandLine;
using Asyncore.Fuzz;
using Asyncore.Soak;
using Asyncore.Tests.Fuzz;

// Many inputs for every target of the fuzz tests, on one core. Exit status: 0 no property broken, 1 one was, 2 not
// understood.
var command = new RootCommand("Gives inputs that nobody has thought of to the parsers, and checks what becomes of them.");
SeedCommand.Set(
    command,
    new Option<int>("--inputs") { Description = "Inputs for each target.", DefaultValueFactory = _ => 100_000, HelpName = "N" },
    first: 0,
    new Option<string?>("--only") { Description = "One target." },
    FuzzTargets.All.Keys,
    FuzzRun.Run);
return SeedCommand.Invoke(command, args);
