namespace Asyncore.Bench;

/// <summary>A candidate's run between two of the reference.</summary>
internal sealed record Pair(RunResult Before, RunResult Run, RunResult After)
{
    /// <summary>How often it was tried again because the machine disturbed it.</summary>
    public int Repeats { get; init; }

    /// <summary>The last try was disturbed too.</summary>
    public bool Disturbed { get; init; }

    /// <summary>CPU per message, the reference's by the candidate's: more than 1 is better.</summary>
    public double CpuRatio => Mean(Cpu(Before), Cpu(After)) / Cpu(Run);

    /// <summary>Messages per second, the candidate's by the reference's: more than 1 is better.</summary>
    public double RateRatio => Run.Rate / Mean(Before.Rate, After.Rate);

    /// <summary>How far the two references are apart, relative to their mean.</summary>
    public double Drift => Math.Abs(Cpu(Before) - Cpu(After)) / Mean(Cpu(Before), Cpu(After));

    /// <summary>
    /// The most that other processes kept one of the three runs waiting. The candidate itself
    /// does not count: its threads may wait for each other, which is its own affair.
    /// </summary>
    public double Waited => new[]
    {
        Before.ServerWaited, After.ServerWaited, Before.LoadgenWaited, Run.LoadgenWaited, After.LoadgenWaited,
    }.Max();

    private static double Cpu(RunResult run) => run.ServerCpuUsPerMessage!.Value;

    private static double Mean(double a, double b) => (a + b) / 2;
}

/// <summary>Everything measured of one workload.</summary>
internal sealed class WorkloadResult(Workload workload)
{
    public Workload Workload { get; } = workload;

    public List<RunResult> References { get; } = [];

    public Dictionary<Candidate, List<Pair>> Pairs { get; } = [];

    /// <summary>Candidates that gave wrong bytes, did not start or did not answer, and why.</summary>
    public Dictionary<Candidate, string> Failures { get; } = [];

    /// <summary>Bytes that a server says it allocated for a message, from each of its starts. Few servers do.</summary>
    public Dictionary<Candidate, List<double>> Allocated { get; } = [];
}

/// <summary>
/// Measures the candidates of one workload in turn, a run of the reference before and after
/// each: the speed of a shared machine drifts by far more than servers differ, and only what
/// ran side by side can be compared.
/// </summary>
internal sealed class Pairing(
    Options options, Schedule schedule, LoadGenerator generator, Cores cores, Workload workload)
{
    // An idle machine stays below 0.01; a compiler on the same processor makes it 0.5.
    private const double MostWaited = 0.05;

    private readonly WorkloadResult _result = new(workload);
    private readonly Candidate _reference = Candidate.ReferenceOf(workload);
    private readonly Dictionary<Candidate, ServerProcess> _servers = [];
    private readonly int _rounds = schedule.RoundsOf(workload);

    public async Task<WorkloadResult> MeasureAsync(IReadOnlyList<Candidate> candidates, CancellationToken cancel)
    {
        foreach (Candidate candidate in candidates)
        {
            _result.Pairs[candidate] = [];
        }

        int roundsPerStart = (_rounds + schedule.StartsPerWorkload - 1) / schedule.StartsPerWorkload;
        for (int done = 0; done < _rounds; done += roundsPerStart)
        {
            try
            {
                if (!workload.Fresh)
                {
                    await StartAsync(candidates, cancel);
                }

                await RoundsAsync(candidates, done, Math.Min(roundsPerStart, _rounds - done), cancel);
            }
            finally
            {
                await StopAsync();
            }
        }

        return _result;
    }

    private async Task StartAsync(IReadOnlyList<Candidate> candidates, CancellationToken cancel)
    {
        try
        {
            await StartAsync(_reference, cancel); // without it nothing can be compared
        }
        catch (BenchException failure)
        {
            throw new ReferenceException(failure.Message);
        }

        foreach (Candidate candidate in candidates.Where(Alive))
        {
            await GuardAsync(candidate, () => StartAsync(candidate, cancel));
        }
    }

    private async Task StartAsync(Candidate candidate, CancellationToken cancel)
    {
        ServerProcess server = await ServerProcess.StartAsync(candidate, workload, options.Artifacts, cores);
        _servers[candidate] = server;
        await generator.RunAsync(server, workload, schedule.FirstRun(candidate, workload), first: true, cancel);
    }

    private async Task<RunResult> RunAsync(Candidate candidate, CancellationToken cancel)
    {
        if (!workload.Fresh)
        {
            return await generator.RunAsync(_servers[candidate], workload, schedule.Window, first: false, cancel);
        }

        try
        {
            await StartAsync(candidate, cancel);
            return await generator.RunAsync(_servers[candidate], workload, schedule.Window, first: false, cancel);
        }
        finally
        {
            await StopAsync();
        }
    }

    private async Task RoundsAsync(IReadOnlyList<Candidate> candidates, int first, int count, CancellationToken cancel)
    {
        RunResult before = await ReferenceAsync(cancel);
        for (int round = first; round < first + count; round++)
        {
            Progress.Show($"{workload.Name}: round {round + 1} of {_rounds}");
            for (int i = 0; i < candidates.Count; i++)
            {
                // Another one begins each round, so that none always follows the same neighbour.
                Candidate candidate = candidates[(i + round) % candidates.Count];
                if (Alive(candidate))
                {
                    await GuardAsync(candidate, async () => before = await PairAsync(candidate, before, cancel));
                }
            }
        }
    }

    // Gives the reference run that ended the pair: it begins the next one.
    private async Task<RunResult> PairAsync(Candidate candidate, RunResult before, CancellationToken cancel)
    {
        for (int repeats = 0; ; repeats++)
        {
            RunResult run = await RunAsync(candidate, cancel);
            RunResult after = await ReferenceAsync(cancel);
            var pair = new Pair(before, run, after) { Repeats = repeats };
            bool disturbed = IsDisturbed(pair);
            if (!disturbed || !schedule.MayRepeat(workload, repeats))
            {
                _result.Pairs[candidate].Add(pair with { Disturbed = disturbed });
                return after;
            }

            before = after;
        }
    }

    // Where both share processors they wait for each other, and waiting says nothing.
    private bool IsDisturbed(Pair pair) =>
        pair.Drift > options.Tolerance || (workload.Pinned && cores.Server is not null && pair.Waited > MostWaited);

    private async Task<RunResult> ReferenceAsync(CancellationToken cancel)
    {
        try
        {
            RunResult run = await RunAsync(_reference, cancel);
            _result.References.Add(run);
            return run;
        }
        catch (BenchException failure)
        {
            throw new ReferenceException(failure.Message);
        }
    }

    private bool Alive(Candidate candidate) => !_result.Failures.ContainsKey(candidate);

    // A candidate that fails is out of this workload; the others go on.
    private async Task GuardAsync(Candidate candidate, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (BenchException failure)
        {
            _result.Failures[candidate] = failure.Message;
            Console.Error.WriteLine(failure.Message);
        }
    }

    private async Task StopAsync()
    {
        foreach (ServerProcess server in _servers.Values)
        {
            await server.DisposeAsync();
            if (server.Allocated is { } bytes)
            {
                if (!_result.Allocated.TryGetValue(server.Candidate, out List<double>? told))
                {
                    _result.Allocated[server.Candidate] = told = [];
                }

                told.Add(bytes);
            }
        }

        _servers.Clear();
    }
}

/// <summary>The reference itself failed: nothing can be compared.</summary>
internal sealed class ReferenceException(string message) : Exception(message);
