using System.Diagnostics;
using Asyncore.Tests.Churn;

namespace Asyncore.Soak;

/// <summary>What the process has while nobody is there.</summary>
internal sealed record Reading(TimeSpan At, long Visits, long Faults, int Descriptors, long Heap, long Resident)
{
    public static Reading Take(ChurnScene scene, long start)
    {
        // Twice, as what had a finalizer goes the second time; and as much as possible back to the system, or resident
        // memory would be the collector's way of putting off its work.
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return new Reading(
            Stopwatch.GetElapsedTime(start),
            scene.Visits,
            scene.Faults,
            scene.Descriptors,
            GC.GetTotalMemory(forceFullCollection: true),
            Environment.WorkingSet);
    }
}

/// <summary>Memory at the beginning and at the end: each the median of a third of the readings.</summary>
internal sealed record Trend(string What, double Before, double Now, double Bound)
{
    private const double MostGrowth = 0.1;
    private const double Slack = 8 * 1024 * 1024;

    public bool IsDrift => Now > Bound;

    public static Trend Of(string what, IReadOnlyList<Reading> readings, Func<Reading, long> value)
    {
        int third = Math.Max(readings.Count / 3, 1);
        double before = Median(readings.Take(third).Select(value));
        double now = Median(readings.TakeLast(third).Select(value));
        return new Trend(what, before, now, (before * (1 + MostGrowth)) + Slack);
    }

    private static double Median(IEnumerable<long> values)
    {
        long[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2.0;
    }
}
