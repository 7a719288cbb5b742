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
catch (BenchException failure)
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
    var schedule = new Schedule(options);
    Console.Error.WriteLine(options.LeftOut);
    double minutes = Math.Ceiling(schedule.Seconds / 60);
    Console.Error.WriteLine($"This takes about {minutes} min, up to half as much again where the machine is disturbed.");
    var machine = Machine.Describe(cores, options.Artifacts);
    var generator = new LoadGenerator(options.Artifacts, cores);

    var results = new List<WorkloadResult>();
    string file = "";
    bool failed = false;
    foreach (Workload workload in options.Workloads)
    {
        var pairing = new Pairing(options, schedule, generator, cores, workload);
        try
        {
            results.Add(await pairing.MeasureAsync(options.TakingPart(workload), stop.Token));
        }
        catch (ReferenceException failure)
        {
            Console.Error.WriteLine($"{workload.Name} is left out, its reference failed: {failure.Message}");
            failed = true;
            continue;
        }

        file = ResultsFile.Write(options, schedule, machine, started, results); // each time: a full run is long
    }

    Progress.Clear();
    Console.Write(Report.Markdown(options, schedule, machine, results));
    Console.Error.WriteLine($"\nresults: {file}");
    return failed || results.Any(result => result.Failures.Count > 0) ? 1 : 0;
}
