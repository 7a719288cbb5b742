using System.Globalization;

namespace Asyncore.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record Options
{
    public const string Usage =
        """
        usage: bench/run [--full] [--only WORKLOAD,…] [--candidates NAME,…] [--rounds N]
                         [--window MILLISECONDS] [--tolerance PERCENT] [--list]
          --full        everything, more rounds, longer windows, servers started anew for
                        each round; takes an hour or more
          --only        these workloads only
          --candidates  these servers only; a workload's reference always runs
          --rounds      measurements of each server (default 5)
          --window      length of a measurement (default what fits into three minutes, at
                        most 1000; with --full always)
          --tolerance   how far the references around a run may differ before it is
                        repeated, in CPU per message (default 10)
          --list        names of workloads and candidates
        """;

    public bool Full { get; init; }

    public bool List { get; init; }

    public bool Help { get; init; }

    public int? RoundsAsked { get; init; }

    /// <summary>Seconds of a measurement.</summary>
    public double? WindowAsked { get; init; }

    /// <summary>Relative difference of two references that is still taken for an undisturbed machine.</summary>
    public double Tolerance { get; init; } = 0.10;

    public IReadOnlyList<Workload> Workloads { get; init; } = Workload.All;

    /// <summary>Whether the workloads were named, so that one that cannot be had is an error.</summary>
    public bool WorkloadsNamed { get; init; }

    public IReadOnlyList<Candidate> Candidates { get; init; } = Candidate.All;

    /// <summary>Whether the candidates were named, so that one that is missing is an error.</summary>
    public bool CandidatesNamed { get; init; }

    /// <summary>The directory of built things.</summary>
    public string Artifacts { get; init; } = "artifacts";

    /// <summary>Where the results file goes.</summary>
    public string Results { get; init; } = "bench/results";

    public int Rounds => RoundsAsked ?? 5;

    /// <exception cref="UsageException">An option is unknown, or its value is wrong.</exception>
    public static Options Parse(string[] arguments)
    {
        var options = new Options();
        var rest = new Queue<string>(arguments);
        while (rest.TryDequeue(out string? option))
        {
            options = option switch
            {
                "--full" => options with { Full = true },
                "--help" => options with { Help = true },
                "--list" => options with { List = true },
                "--only" => options with
                {
                    Workloads = Pick(option, Value(), Workload.All, workload => workload.Name),
                    WorkloadsNamed = true,
                },
                "--candidates" => options with
                {
                    Candidates = Pick(option, Value(), Candidate.All, candidate => candidate.Name),
                    CandidatesNamed = true,
                },
                "--rounds" => options with { RoundsAsked = Whole(option, Value(), 1, 1000) },
                "--window" => options with { WindowAsked = Whole(option, Value(), 10, 60_000) / 1000.0 },
                "--tolerance" => options with { Tolerance = Whole(option, Value(), 1, 100) / 100.0 },
                "--artifacts" => options with { Artifacts = Path.GetFullPath(Value()) },
                "--results" => options with { Results = Path.GetFullPath(Value()) },
                _ => throw new UsageException($"{option} is unknown"),
            };

            string Value() =>
                rest.TryDequeue(out string? value) ? value : throw new UsageException($"{option} wants a value");
        }

        return options.Full
            ? options
            : options with
            {
                Candidates = [.. options.Candidates.Where(one => options.CandidatesNamed || !one.OnlyFull)],
                Workloads = [.. options.Workloads.Where(one => options.WorkloadsNamed || !one.OnlyFull)],
            };
    }

    /// <summary>The candidates of a workload.</summary>
    public Candidate[] TakingPart(Workload workload) =>
        [.. Candidates.Where(one => one.Does(workload) && (!Subset || one.Quick.Contains(workload.Name)))];

    /// <summary>
    /// Without what cannot be had here, which is said; what was asked for by name must be there. A workload in which none
    /// of the candidates takes part is left out too: its reference alone says nothing.
    /// </summary>
    /// <exception cref="BenchException">Something that was named is missing, or nothing is left.</exception>
    public Options OnlyBuilt()
    {
        var candidates = Candidates.ToLookup(one => one.IsBuilt(Artifacts));
        foreach (Candidate missing in candidates[false])
        {
            LeaveOut(missing.Name, NotBuilt(missing), CandidatesNamed);
        }

        var workloads = new List<Workload>();
        foreach (Workload workload in Workloads)
        {
            if (WhyNot(workload) is { } why)
            {
                LeaveOut(workload.Name, why, WorkloadsNamed);
            }
            else
            {
                workloads.Add(workload);
            }
        }

        return (this with { Candidates = [.. candidates[true]], Workloads = workloads }).OnlyWithCandidates();
    }

    /// <summary>Without the candidates that a try has shown not to work on this machine, or in this version.</summary>
    public Options Without(IReadOnlyCollection<Candidate> refused) =>
        (this with { Candidates = [.. Candidates.Except(refused)] }).OnlyWithCandidates();

    /// <summary>What a quick run does not measure, so that nobody takes it for everything; nothing where all is.</summary>
    public string? LeftOut
    {
        get
        {
            if (!Subset)
            {
                return null;
            }

            var some = Candidates.Where(one =>
                Workloads.Any(workload => one.Does(workload) && !one.Quick.Contains(workload.Name)));
            return "A quick run leaves out the workloads "
                + string.Join(", ", Workload.All.Except(Workloads).Select(one => one.Name))
                + ", and in some of the others "
                + string.Join(", ", some.Select(one => one.Name).Distinct())
                + ": --full has them, or --only and --candidates.";
        }
    }

    // Neither everything nor anything by name.
    private bool Subset => !Full && !WorkloadsNamed && !CandidatesNamed;

    private Options OnlyWithCandidates()
    {
        Workload[] workloads = [.. Workloads.Where(workload => TakingPart(workload).Length > 0)];
        return workloads.Length > 0
            ? this with { Workloads = workloads }
            : throw new BenchException("none of the candidates takes part in any of the workloads");
    }

    private string? WhyNot(Workload workload)
    {
        Candidate reference = Candidate.ReferenceOf(workload);
        return !reference.IsBuilt(Artifacts)
            ? NotBuilt(reference)
            : Machine.LacksFor(workload.Idle * (workload.Forwarded ? 2 : 1));
    }

    private static string NotBuilt(Candidate missing) => $"{missing.Artifact} was not built";

    private static void LeaveOut(string name, string why, bool named)
    {
        string message = $"{name} is left out: {why}";
        Console.Error.WriteLine(named ? throw new BenchException(message) : message);
    }

    private static int Whole(string option, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
        && value >= least && value <= most
            ? value
            : throw new UsageException($"{option} wants a whole number from {least} to {most}");

    private static T[] Pick<T>(string option, string names, T[] all, Func<T, string> name)
    {
        string[] wanted = names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? unknown = wanted.FirstOrDefault(one => !all.Select(name).Contains(one));
        return unknown is null && wanted.Length > 0
            ? [.. all.Where(one => wanted.Contains(name(one)))]
            : throw new UsageException(
                $"{option}: there is no '{unknown}'; there are {string.Join(", ", all.Select(name))}");
    }
}

/// <summary>Wrong usage: the message names the option.</summary>
internal sealed class UsageException(string message) : Exception(message);
