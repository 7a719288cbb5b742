using System.Runtime.InteropServices;
using Asyncore.Bench;
using Asyncore.Bench.Document;

try
{
    if (args is ["--report", string docs, .. string[] files]) // bench/report
    {
        Writer.Write(docs, files);
        return 0;
    }

    var options = Options.Parse(args);
    return options.Help ? Help() : options.List ? List() : await RunAsync(options);
}
catch (UsageException wrong)
{
    Console.Error.WriteLine($"bench/run: {wrong.Message}\n{Options.Usage}");
    return 2;
}
catch (Exception failure) when (failure is ReferenceException or BenchException)
{
    Console.Error.WriteLine($"bench/run: {failure.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}

static int Help()
{
    Console.WriteLine(Options.Usage);
    return 0;
}

static int List()
{
    Console.WriteLine($"workloads:  {string.Join(", ", Workload.All.Select(one => one.Name))}");
    Console.WriteLine($"candidates: {string.Join(", ", Candidate.All.Select(one => one.Name))}");
    return 0;
}

static async Task<int> RunAsync(Options options)
{
    // Servers are children that would outlive us: end them before we end.
    using var stop = new CancellationTokenSource();
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
    void Cancel(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }

    DateTimeOffset started = DateTimeOffset.UtcNow;
    var cores = Cores.Choose();
    options = options.OnlyBuilt();
    options = options.Without(await Refusals.FindAsync(options, cores));
    options.SayWhatIsLeftOut();
    var machine = Machine.Describe(cores, options.Artifacts);
    var schedule = new Schedule(options);
    var generator = new LoadGenerator(options.Artifacts, cores);

    var results = new List<WorkloadResult>();
    foreach (Workload workload in options.Workloads)
    {
        Candidate[] candidates = options.TakingPart(workload);
        var pairing = new Pairing(options, schedule, generator, cores, workload);
        results.Add(await pairing.MeasureAsync(candidates, stop.Token));
    }

    Progress.Clear();
    Console.Write(Report.Markdown(options, schedule, machine, results));
    string file = ResultsFile.Write(options, schedule, machine, started, results);
    Console.Error.WriteLine($"\nresults: {file}");
    return results.Any(result => result.Failures.Count > 0) ? 1 : 0;
}
