namespace Asyncore.Tests.Support;

/// <summary>
/// Counts what a piece of work allocates on the calling thread. Work that allocates does so in every try; what the
/// runtime makes of its own accord (tiering up, a stub made at the first call) does not, and it once failed these tests
/// with a few kilobytes in one run of many. So the least of several tries is what counts.
/// </summary>
internal static class Allocations
{
    private const int Tries = 10;

    /// <summary>The bytes that <paramref name="work"/> allocates.</summary>
    public static long Of(Action work)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>The least of several tries, each the sum of what <paramref name="rounds"/> rounds report.</summary>
    public static long Least(int rounds, Func<long> round)
    {
        long least = long.MaxValue;
        for (int tries = 0; tries < Tries && least > 0; tries++)
        {
            long allocated = 0;
            for (int i = 0; i < rounds; i++)
            {
                allocated += round();
            }

            least = Math.Min(least, allocated);
        }

        return least;
    }
}
