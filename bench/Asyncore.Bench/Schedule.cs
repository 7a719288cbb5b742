namespace Asyncore.Bench;

/// <summary>
/// How long each run is and how much may be repeated. A quick run has a fixed time to share
/// between everything that takes part; a full one takes the time it needs.
/// </summary>
internal sealed class Schedule
{
    private const double QuickSeconds = 95; // of measuring; building and starting come on top
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
            Window = new(Warmup: 0.5, Duration: 3);
            StartsPerWorkload = options.Rounds;
            _repeatsLeft = int.MaxValue;
            return;
        }

        double each = (QuickSeconds / Math.Max(1, CountRuns(options))) - Overhead;
        double duration = Math.Clamp(each * 0.75, ShortestDuration, LongestQuickDuration);
        Window = new(Warmup: duration / 3, duration);
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
    public static Window FirstRun(Candidate candidate) => new(Warmup: candidate.Managed ? 2 : 0.3, Duration: 0.05);

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
    private static int CountRuns(Options options) =>
        options.Workloads.Sum(
            workload => 1 + (2 * options.Rounds * options.Candidates.Count(one => one.Does(workload))));
}
