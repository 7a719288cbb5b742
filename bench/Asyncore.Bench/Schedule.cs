namespace Asyncore.Bench;

/// <summary>
/// How long each run is and how much may be repeated. A quick run has a fixed time to share
/// between everything that takes part; a full one takes the time it needs.
/// </summary>
internal sealed class Schedule
{
    private const double QuickSeconds = 85; // of measuring; building and starting come on top
    private const double QuickRepeatSeconds = 20;
    private const double Overhead = 0.06; // starting the generator, connecting, draining
    private const double ShortestDuration = 0.25; // below, a percentile says nothing
    private const double LongestQuickDuration = 1.0;
    private const int RepeatsPerPair = 3;

    private int _repeatsLeft;

    public Schedule(Options options)
    {
        if (options.Full)
        {
            Window = new(Warmup: 0.5, Duration: 3, LongMessages: 4);
            StartsPerWorkload = options.Rounds;
            _repeatsLeft = int.MaxValue;
            return;
        }

        var timed = options.Workloads.Where(one => one.SecondsPerMessage is null).ToArray();
        double seconds = QuickSeconds - options.Workloads.Except(timed).Sum(
            one => CountRuns(options, one) * (one.SecondsPerMessage!.Value + Overhead));
        double each = (seconds / Math.Max(1, timed.Sum(one => CountRuns(options, one)))) - Overhead;
        double duration = Math.Clamp(each * 0.75, ShortestDuration, LongestQuickDuration);
        Window = new(Warmup: duration / 3, duration, LongMessages: 1);
        StartsPerWorkload = 1;
        _repeatsLeft = (int)(QuickRepeatSeconds / (2 * ((duration * 4 / 3) + Overhead)));
    }

    public Window Window { get; }

    /// <summary>
    /// How often servers are started anew. Chance decides at each start where memory lies, and
    /// that is worth several percent; a quick run has no time to average it out.
    /// </summary>
    public int StartsPerWorkload { get; }

    /// <summary>The first run against a server that was just started; not measured.</summary>
    public static Window FirstRun(Candidate candidate) => candidate.Managed
        ? new(Warmup: 2, Duration: 0.05, LongMessages: 4)
        : new(Warmup: 0.3, Duration: 0.05, LongMessages: 1);

    /// <summary>Whether a pair that the machine disturbed may be tried again.</summary>
    public bool MayRepeat(int repeatsOfThisPair)
    {
        if (repeatsOfThisPair >= RepeatsPerPair || _repeatsLeft == 0)
        {
            return false;
        }

        _repeatsLeft--;
        return true;
    }

    // A run of each candidate and a reference after it, and one reference at the start.
    private static int CountRuns(Options options, Workload workload) =>
        1 + (2 * options.Rounds * options.Candidates.Count(one => one.Does(workload)));
}
