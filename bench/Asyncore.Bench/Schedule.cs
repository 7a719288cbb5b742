namespace Asyncore.Bench;

/// <summary>
/// How long each run is and how much may be repeated. A quick run has a fixed time to share
/// between everything that takes part; a full one takes the time it needs.
/// </summary>
internal sealed class Schedule
{
    private const double QuickSeconds = 120; // of starting and measuring; repeating and building come on top
    private const double QuickRepeatSeconds = 15;
    private const double Overhead = 0.06; // starting the generator, connecting, draining
    private const double Start = 0.25; // of a server, until it listens
    private const double IdleEach = 0.00008; // connecting and a byte, there and back
    private const double IdlePairEach = 0.00025; // the same through a forwarder
    private const double ShortestDuration = 0.25; // below, a percentile says nothing
    private const double LongestDefault = 1.0;
    private const int RepeatsPerPair = 3;
    private const int RoundsOfFresh = 5; // each takes as long as starting the servers does

    private readonly Options _options;
    private readonly Dictionary<Workload, int> _repeatsLeft;

    public Schedule(Options options)
    {
        _options = options;
        StartsPerWorkload = options.Full ? options.Rounds : 1;
        if (options.Full)
        {
            Window = new(Warmup: 0.5, options.WindowAsked ?? LongestDefault, LongMessages);
            _repeatsLeft = options.Workloads.ToDictionary(one => one, one => CountPairs(one) / 2); // at most half as long again
            return;
        }

        double seconds = QuickSeconds - options.Workloads.Sum(Fixed);
        double each = (seconds / Math.Max(1, options.Workloads.Sum(Windows))) - Overhead;
        double duration =
            options.WindowAsked ?? Math.Clamp(each * 0.75, ShortestDuration, LongestDefault);
        Window = new(Warmup: duration / 3, duration, LongMessages);

        // Shared out beforehand: what is measured last would have none left where everything is disturbed.
        double repeats = QuickRepeatSeconds / (2 * ((duration * 4 / 3) + Overhead));
        double pairs = options.Workloads.Sum(CountPairs);
        _repeatsLeft = options.Workloads.ToDictionary(
            one => one, one => (int)Math.Ceiling(repeats * CountPairs(one) / pairs));
    }

    public Window Window { get; }

    /// <summary>
    /// How often servers are started anew. Chance decides at each start where memory lies, and
    /// that is worth several percent; a quick run has no time to average it out.
    /// </summary>
    public int StartsPerWorkload { get; }

    /// <summary>How long everything takes, roughly, where nothing has to be repeated.</summary>
    public double Seconds => _options.Workloads.Sum(
        one => Fixed(one) + (Windows(one) * (Window.Warmup + Window.Duration + Overhead)));

    /// <summary>Measurements of each server in a workload.</summary>
    public int RoundsOf(Workload workload) =>
        _options.RoundsAsked ?? (!workload.Fresh ? _options.Rounds : _options.Full ? RoundsOfFresh : 1);

    /// <summary>The first run against a server that was just started; not measured.</summary>
    public Window FirstRun(Candidate candidate, Workload workload)
    {
        double seconds = !candidate.Managed ? 0.2 : _options.Full ? 2 : 1.2;
        return new(seconds / WindowsOf(workload), Duration: 0.05, LongMessages: candidate.Managed ? 4 : 1);
    }

    /// <summary>Whether a pair that the machine disturbed may be tried again.</summary>
    public bool MayRepeat(Workload workload, int repeatsOfThisPair)
    {
        if (repeatsOfThisPair >= RepeatsPerPair || _repeatsLeft[workload] == 0 || (workload.Fresh && !_options.Full))
        {
            return false;
        }

        _repeatsLeft[workload]--;
        return true;
    }

    // A run of each candidate and a reference after it, and one reference at the start.
    private int CountRuns(Workload workload) => 1 + (2 * CountPairs(workload));

    private int CountPairs(Workload workload) => RoundsOf(workload) * _options.TakingPart(workload).Length;

    // Measured windows whose length is to be shared out.
    private double Windows(Workload workload) =>
        workload.SecondsPerMessage is not null ? 0 : CountRuns(workload) * WindowsOf(workload);

    // Beside idle connections, and without them before and after.
    private static int WindowsOf(Workload workload) => workload.Idle > 0 ? 3 : 1;

    private int LongMessages => _options.Full ? 4 : 1;

    // Seconds that a workload takes beside those windows.
    private double Fixed(Workload workload)
    {
        Candidate reference = Candidate.ReferenceOf(workload);
        Candidate[] candidates = _options.TakingPart(workload);
        double starts = candidates.Sum(one => StartSeconds(one, workload));
        double referenceStarts = StartSeconds(reference, workload);
        if (workload.Fresh)
        {
            starts *= RoundsOf(workload);
            referenceStarts *= CountRuns(workload) / 2;
        }

        else
        {
            starts *= StartsPerWorkload;
            referenceStarts *= StartsPerWorkload;
        }

        double messages = (workload.SecondsPerMessage ?? 0) * LongMessages;
        double idleEach = workload.Forwarded ? IdlePairEach : IdleEach;
        return starts + referenceStarts + (CountRuns(workload) * (messages + (workload.Idle * idleEach)));
    }

    private double StartSeconds(Candidate candidate, Workload workload) =>
        Start + (FirstRun(candidate, workload).Warmup * WindowsOf(workload)) + Overhead;
}
