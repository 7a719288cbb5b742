using System.Diagnostics;
using System.Globalization;
using Asyncore.Tests.Churn;
using Asyncore.Tests.Simulated;

namespace Asyncore.Soak;

/// <summary>
/// Lets crowds come and go for a time. Every ten seconds nobody comes, and what the process has then is compared with what
/// it had when it had warmed up.
/// </summary>
/// <param name="backend">What the loops wait by.</param>
/// <param name="sites">Which servers.</param>
/// <param name="time">How long.</param>
/// <param name="leastChurn">Connections per second below which it has failed.</param>
internal sealed class RealSoak(IoBackendKind backend, string[] sites, TimeSpan time, double leastChurn)
{
    private const double MiB = 1024 * 1024;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _longestRush = TimeSpan.FromSeconds(10);

    private readonly List<Reading> _readings = []; // since it had warmed up
    private readonly long _start = Stopwatch.GetTimestamp();
    private Reading _lastTold = new(TimeSpan.Zero, 0, 0, 0, 0, 0);

    // What is made once is made in the first minute; in a short run in its first quarter.
    private TimeSpan WarmUp => time / 4 < _minute ? time / 4 : _minute;

    private TimeSpan Rush => time / 12 < _longestRush ? time / 12 : _longestRush;

    /// <returns>The exit status.</returns>
    public int Run()
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        try
        {
            using var scene = new ChurnScene(backend, sites, _patience);
            Tell($"{string.Join(" and ", sites)} on {scene.Backend} for {time.TotalMinutes} min");
            Tell(" minute  connections  per second       faults  descriptors  heap MiB  resident MiB");
            return Watch(scene) ? 0 : 1;
        }
        catch (Exception error) when (error is InvariantException or PlatformNotSupportedException or IOException)
        {
            Console.Error.WriteLine($"after {Stopwatch.GetElapsedTime(_start)}: {error.Message}");
            return 1;
        }
    }

    private bool Watch(ChurnScene scene)
    {
        Reading reading;
        do
        {
            scene.Begin(long.MaxValue);
            scene.Watch(Rush);
            IReadOnlyList<Difference> left = scene.Lull();
            reading = Reading.Take(scene, _start);
            TellMinute(reading);
            if (reading.At >= WarmUp)
            {
                _readings.Add(reading);
                left = [.. left, .. MoreDescriptors(reading)];
            }

            if (left.Count > 0)
            {
                TellDrift(left);
                return false;
            }
        }
        while (reading.At < time);

        TellEnd(scene, reading);
        return !Trends.Any(each => each.IsDrift) && PerSecond(reading) >= leastChurn;
    }

    private static double PerSecond(Reading reading) => reading.Visits / reading.At.TotalSeconds;

    private IEnumerable<Trend> Trends =>
    [
        Trend.Of("managed heap", _readings, each => each.Heap),
        Trend.Of("resident memory", _readings, each => each.Resident),
    ];

    private IEnumerable<Difference> MoreDescriptors(Reading now)
    {
        int before = _readings[0].Descriptors;
        return now.Descriptors == before ? [] : [new Difference("descriptors of the process", before, now.Descriptors)];
    }

    private void TellMinute(Reading now)
    {
        bool isDue = now.At.Ticks / _minute.Ticks > _lastTold.At.Ticks / _minute.Ticks;
        if (!isDue && now.At < time)
        {
            return;
        }

        double rate = (now.Visits - _lastTold.Visits) / (now.At - _lastTold.At).TotalSeconds;
        Tell($"{now.At.TotalMinutes,7:0.0} {now.Visits,12:N0} {rate,11:N0} {now.Faults,12:N0} "
            + $"{now.Descriptors,12} {now.Heap / MiB,9:0.00} {now.Resident / MiB,13:0.0}");
        _lastTold = now;
    }

    private void TellDrift(IReadOnlyList<Difference> left)
    {
        Tell($"after {Stopwatch.GetElapsedTime(_start)} not everything is as it was:");
        Tell($"{"what",-52} {"before",10} {"now",10}");
        foreach (Difference each in left)
        {
            Tell($"{each.What,-52} {each.Before,10} {each.Now,10}");
        }
    }

    private void TellEnd(ChurnScene scene, Reading reading)
    {
        foreach (Count each in scene.Happened)
        {
            Tell($"{each.What,-40} {each.Number,12:N0}");
        }

        Tell($"{_readings.Count} lulls after the first {WarmUp.TotalSeconds:0} s: "
            + "channels, timers, buffers and descriptors the same in all of them");
        Tell("MiB                first third   last third        bound");
        foreach (Trend each in Trends)
        {
            string drift = each.IsDrift ? " drift" : string.Empty;
            Tell($"{each.What,-18} {each.Before / MiB,11:0.00} {each.Now / MiB,12:0.00} {each.Bound / MiB,12:0.00}{drift}");
        }

        double rate = PerSecond(reading);
        string slow = rate < leastChurn ? $", which is less than {leastChurn:N0}" : string.Empty;
        Tell($"{reading.Visits:N0} connections with {reading.Faults:N0} faults in {reading.At.TotalMinutes:0.0} min: "
            + $"{rate:N0} per second{slow}");
    }

    private static void Tell(string line) => Console.WriteLine(line);
}
