namespace Asyncore.Bench.Document;

/// <summary>
/// Everything that the document stands on: several files, of which a later one replaces an earlier one's servers.
/// </summary>
internal sealed class Results
{
    private readonly Dictionary<string, StoredWorkload> _workloads = [];

    public Results(IEnumerable<Stored> files)
    {
        Files = [.. files.OrderBy(one => one.Started)];
        foreach (StoredWorkload workload in Files.SelectMany(one => one.Workloads))
        {
            _workloads[workload.Name] = _workloads.TryGetValue(workload.Name, out StoredWorkload? earlier)
                ? Merge(earlier, workload)
                : workload;
        }
    }

    public IReadOnlyList<Stored> Files { get; }

    public StoredWorkload? Find(string workload) => _workloads.GetValueOrDefault(workload);

    /// <summary>Those that were measured, in the order of the list of workloads.</summary>
    public IReadOnlyList<StoredWorkload> Of(IEnumerable<string> workloads) =>
        [.. workloads.Select(Find).OfType<StoredWorkload>()];

    /// <summary>Servers of several workloads, once each, by the title that their rows have.</summary>
    public static string[] Titles(IEnumerable<StoredWorkload> workloads) =>
        [.. workloads.SelectMany(one => one.Measured).Select(one => one.Title).Distinct()];

    private static StoredWorkload Merge(StoredWorkload earlier, StoredWorkload later) => later with
    {
        Candidates =
        [
            .. earlier.Candidates.Where(one => later.Candidates.All(other => other.Name != one.Name)),
            .. later.Candidates,
        ],
    };
}
