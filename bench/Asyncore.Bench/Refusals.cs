namespace Asyncore.Bench;

/// <summary>
/// Which servers do not work here: io_uring is denied in many containers, and an option may be newer than the server.
/// </summary>
internal static class Refusals
{
    /// <summary>Starts each that may be refused, and says which were.</summary>
    public static async Task<IReadOnlyCollection<Candidate>> FindAsync(Options options, Cores cores)
    {
        var refused = new List<Candidate>();
        foreach (Candidate candidate in options.Candidates.Where(one => one.MayBeRefused))
        {
            Workload? workload = options.Workloads.FirstOrDefault(one => options.TakingPart(one).Contains(candidate));
            if (workload is null)
            {
                continue;
            }

            try
            {
                await using ServerProcess server =
                    await ServerProcess.StartAsync(candidate, workload, options.Artifacts, cores);
            }
            catch (RefusedException refusal)
            {
                Console.Error.WriteLine($"{candidate.Name} is left out: {refusal.Said}");
                refused.Add(candidate);
            }
        }

        return refused;
    }
}
