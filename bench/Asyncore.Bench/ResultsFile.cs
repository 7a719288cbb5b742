using System.Globalization;
using System.Text.Json;

namespace Asyncore.Bench;

/// <summary>The results as JSON: each run as it was reported, and the summary drawn from them.</summary>
internal static class ResultsFile
{
    /// <summary>The load generator's form of names, kept in the results.</summary>
    public static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>Writes a file named after the time and gives its path.</summary>
    public static string Write(
        Options options, Schedule schedule, Machine machine, DateTimeOffset started, IReadOnlyList<WorkloadResult> results)
    {
        var content = new
        {
            Started = started,
            options.Full,
            options.Rounds,
            options.Tolerance,
            WindowSeconds = schedule.Window.Duration,
            Machine = machine,
            Workloads = results.Select(Describe),
        };
        Directory.CreateDirectory(options.Results);
        string name = started.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture) + ".json";
        string path = Path.Combine(options.Results, name);
        File.WriteAllText(path, JsonSerializer.Serialize(content, Format) + "\n");
        return path;
    }

    private static object Describe(WorkloadResult result)
    {
        Candidate reference = Candidate.ReferenceOf(result.Workload);
        return new
        {
            result.Workload.Name,
            result.Workload.Title,
            result.Workload.Unit,
            result.Workload.Note,
            LoadgenArguments = (string[])[.. result.Workload.Arguments, .. result.Workload.MeasuredArguments],
            Reference = new
            {
                reference.Name,
                reference.Title,
                Summary = Summary.OfReference(reference.Title, result.References),
                AllocatedPerMessage = result.Allocated.GetValueOrDefault(reference),
                Runs = result.References,
            },
            Candidates = result.Pairs.Select(entry => new
            {
                entry.Key.Name,
                entry.Key.Title,
                Failure = result.Failures.GetValueOrDefault(entry.Key),
                Summary = entry.Value.Count > 0 ? Summary.Of(entry.Key.Title, entry.Value) : null,
                AllocatedPerMessage = result.Allocated.GetValueOrDefault(entry.Key),
                Pairs = entry.Value,
            }),
        };
    }
}
