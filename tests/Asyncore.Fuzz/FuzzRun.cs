using System.Diagnostics;
using System.Globalization;
using Asyncore.Tests.Fuzz;

namespace Asyncore.Fuzz;

/// <summary>Gives targets one input after the other, and counts.</summary>
internal static class FuzzRun
{
    // Between two looks at the clock and the heap.
    private const int InputsAtOnce = 100_000;

    // What pools and caches may keep, however many inputs there were: a byte left of each would be more.
    private const long MostGrowth = 8 * 1024 * 1024;

    private const double MiB = 1024 * 1024;

    /// <param name="names">Which targets.</param>
    /// <param name="first">The first seed.</param>
    /// <param name="inputs">How many for each.</param>
    /// <param name="atLeast">Goes on until so much time is over, of which each target gets the same.</param>
    public static int Run(string[] names, int first, int inputs, TimeSpan atLeast)
    {
        Console.WriteLine("target               inputs  not refused  seconds  inputs/s of a core  heap grown by");
        long all = 0;
        foreach (string name in names)
        {
            using FuzzTarget target = FuzzTargets.All[name]();
            try
            {
                all += RunOne(target, first, inputs, atLeast / names.Length);
            }
            catch (FuzzException error)
            {
                Console.Error.WriteLine(error.Message);
                return 1;
            }
        }

        using var process = Process.GetCurrentProcess();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{all:N0} inputs, no property broken, {process.PeakWorkingSet64 / MiB:N0} MiB of memory at most"));
        return 0;
    }

    private static long RunOne(FuzzTarget target, int first, int inputs, TimeSpan atLeast)
    {
        using var watchdog = new Watchdog(target);
        long start = Stopwatch.GetTimestamp();
        TimeSpan busyBefore = Environment.CpuUsage.TotalTime;
        long heapBefore = GC.GetTotalMemory(forceFullCollection: true);
        long mostGrown = 0;
        long done = 0;
        long taken = 0;
        while (done < inputs || Stopwatch.GetElapsedTime(start) < atLeast)
        {
            long count = done < inputs ? Math.Min(InputsAtOnce, inputs - done) : InputsAtOnce;
            for (long end = done + count; done < end; done++)
            {
                taken += target.Run(unchecked(first + (int)done)) > 0 ? 1 : 0;
            }

            long grown = GC.GetTotalMemory(forceFullCollection: true) - heapBefore;
            mostGrown = Math.Max(mostGrown, grown);
            if (grown > MostGrowth)
            {
                throw new FuzzException(target.Describe(
                    $"the heap has grown by {grown:N0} bytes in {done:N0} inputs, of which this is the last"));
            }
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double busy = (Environment.CpuUsage.TotalTime - busyBefore).TotalSeconds; // others may want the core, too
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name,-14} {done,12:N0} {(double)taken / done,12:P1} {seconds,8:0.0} {done / busy,19:N0} {mostGrown / MiB,10:0.0} MiB"));
        return done;
    }
}
