using System.CommandLine;
using Asyncore.Soak;

// Many seeds of every scenario of the tests, on one core; with "real", connections over real sockets for a time. Exit
// status: 0 no invariant broken, 1 one was, 2 not understood.
var command = new RootCommand("Runs the scenarios of the simulation tests under many seeds.") { RealCommand.Create() };
SeedCommand.Set(
    command,
    new Option<int>("--seeds") { Description = "Seeds of each scenario.", DefaultValueFactory = _ => 1000, HelpName = "N" },
    first: 1,
    new Option<string?>("--only") { Description = "One scenario." },
    Soak.Scenarios.Keys,
    Soak.Run);
return SeedCommand.Invoke(command, args);
