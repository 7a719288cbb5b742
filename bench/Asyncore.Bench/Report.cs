using System.Globalization;
using System.Text;

namespace Asyncore.Bench;

/// <summary>The results as Markdown.</summary>
internal static class Report
{
    private const string GeneratorBound = "†";
    private const string Disturbed = "‡";

    private const string Legend =
        $"""
        Ratios are paired with the runs of the reference before and after, more than 1 = better than the
        reference; median (least–most) of the rounds, the reference's own spread around its median.
        Latencies and what was allocated are per message, line or GiB too.
        {GeneratorBound} the load generator was the bottleneck in most runs: rate and latency are its own.
        {Disturbed}n n pairs stayed disturbed after repeating: the references around them differ too much, or other
        processes took the processors.

        """;

    public static string Markdown(
        Options options, Schedule schedule, Machine machine, IReadOnlyList<WorkloadResult> results)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# Benchmark, {(options.Full ? "full" : "quick")}").AppendLine();
        text.AppendLine(machine.ToString());
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{Rounds(schedule, results)} of {schedule.Window.Duration:F2} s; repeated above {options.Tolerance:P0}.");
        text.AppendLine();
        text.Append(Legend);
        if (options.LeftOut is { } leftOut)
        {
            text.AppendLine(leftOut);
        }

        foreach (WorkloadResult result in results)
        {
            Section(text, result);
        }

        return text.ToString();
    }

    // Workloads in which every run has a server of its own have fewer.
    private static string Rounds(Schedule schedule, IReadOnlyList<WorkloadResult> results) =>
        string.Join(" or ", results.Select(one => schedule.RoundsOf(one.Workload)).Distinct()) + " rounds";

    private static void Section(StringBuilder text, WorkloadResult result)
    {
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"## {result.Workload.Title}").AppendLine();
        if (result.Workload.Note is { } note)
        {
            text.AppendLine(note).AppendLine();
        }

        string unit = result.Workload.Unit;
        string more = (result.Workload.Idle > 0 ? " idle B each | cost |" : "")
            + (result.Allocated.Count > 0 ? " allocated B |" : "");
        text.Append(CultureInfo.InvariantCulture, $"| server | CPU ratio | rate ratio | CPU µs/{unit} | {unit}s/s ");
        text.Append("| p50 µs | p99 µs | p99.9 µs |").AppendLine(more);
        text.Append("|---|---|---|---|---|---|---|---|")
            .AppendLine(string.Concat(Enumerable.Repeat("---|", more.Count(one => one == '|'))));
        Candidate reference = Candidate.ReferenceOf(result.Workload);
        Row(text, Summary.OfReference(reference.Title, result.References), Allocated(result, reference));
        foreach ((Candidate candidate, List<Pair> pairs) in result.Pairs)
        {
            if (result.Failures.TryGetValue(candidate, out string? why))
            {
                text.AppendLine($"| {candidate.Title} | failed: {why.Replace('|', '/')} | | | | | | |");
            }
            else
            {
                Row(text, Summary.Of(candidate.Title, pairs), Allocated(result, candidate));
            }
        }
    }

    // A cell of the last column, which is there where a server tells; empty where it is not.
    private static string Allocated(WorkloadResult result, Candidate candidate) =>
        result.Allocated.TryGetValue(candidate, out List<double>? told) ? $" {Significant(Spread.Of(told).Median)} |"
        : result.Allocated.Count > 0 ? " |"
        : "";

    private static void Row(StringBuilder text, Summary row, string allocated)
    {
        string bound = row.LoadgenBound * 2 > row.Runs ? " " + GeneratorBound : "";
        string disturbed = row.Disturbed > 0 ? $" {Disturbed}{row.Disturbed}" : "";
        text.AppendLine(CultureInfo.InvariantCulture,
            $"| {row.Server}{bound}{disturbed} | {Ratio(row.CpuRatio)} | {Ratio(row.RateRatio)} "
            + $"| {Significant(row.CpuUsPerMessage.Median)} | {Rate(row.Rate.Median)} "
            + $"| {Significant(row.P50Us.Median)} | {Significant(row.P99Us.Median)} "
            + $"| {Significant(row.P999Us.Median)} |{Idle(row)}{allocated}");
    }

    private static string Idle(Summary row) => row.IdleBytesEach is null
        ? ""
        : string.Create(
            CultureInfo.InvariantCulture, $" {row.IdleBytesEach.Median:N0} | {row.IdleCpuCost!.Median:F3} |");

    private static string Ratio(Spread spread) =>
        string.Create(CultureInfo.InvariantCulture, $"**{spread.Median:F2}** ({spread.Min:F2}–{spread.Max:F2})");

    private static string Rate(double value) =>
        value.ToString(value < 100 ? "F1" : "N0", CultureInfo.InvariantCulture);

    // Three digits at least: a batch of messages costs fractions of a microsecond each.
    private static string Significant(double value) =>
        value.ToString(value < 1 ? "F3" : value < 10 ? "F2" : value < 100 ? "F1" : "N0", CultureInfo.InvariantCulture);
}
