using System.Globalization;
using System.Text;

namespace Asyncore.Bench.Document;

/// <summary>The blocks of the document, each with its heading; empty where nothing was measured of it.</summary>
internal sealed class Tables(Results results)
{
    private const string Disturbed = "‡";

    private static readonly string[] _echoes = [.. Workload.Echoes, Workload.Sends];

    /// <summary>Every block by the name that its markers have.</summary>
    public IReadOnlyDictionary<string, string> All => results.Files.Count == 0
        ? Names.ToDictionary(name => name, _ => "")
        : new Dictionary<string, string>
        {
            ["machine"] = MachineBlock(),
            ["targets"] = Targets(),
            ["echo"] = Echo(),
            ["latency"] = Latency(),
            ["others"] = Others(),
            ["forwarding"] = Forwarding(),
            ["idle"] = Idle(),
        };

    public static readonly string[] Names = ["machine", "targets", "echo", "latency", "others", "forwarding", "idle"];

    private string MachineBlock()
    {
        var text = new StringBuilder("## What was measured\n\n");
        foreach (Stored file in results.Files)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"- {file.Started:yyyy-MM-dd}, `bench/run{(file.Full ? " --full" : "")}`, {file.Rounds} rounds of "
                + $"{file.WindowSeconds:0.##} s: {file.Machine}");
        }

        return text.Append(
            $"""

            Ratios are paired with the runs of the reference before and after each; more than 1 is better than the
            reference. Medians, least to most. {Disturbed}n: so many pairs stayed disturbed by other work of the machine
            after repeating. The row of the reference against itself tells chance.

            """).ToString();
    }

    private string Targets()
    {
        var text = new StringBuilder("## Targets\n\n");
        text.AppendLine("| workload | what | against | at least | aim | measured | reached |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        foreach (Target target in Target.All)
        {
            string title = Workload.All.First(one => one.Name == target.Workload).Title;
            string measured = target.Reached(results) is var (server, value)
                ? $"{Number(value)} ({server.Title}) | {target.Verdict(value)}"
                : "not measured | ";
            string against = Candidate.References.Concat(Candidate.All)
                .FirstOrDefault(one => one.Name == target.Against)?.Title ?? "";
            string bound = target.IsCost ? "≤ " : "";
            text.AppendLine(
                $"| {title} | {target.What} | {against} | {bound}{Number(target.Least)} | {bound}{Number(target.Aim)} "
                + $"| {measured} |");
        }

        return text.ToString();
    }

    private string Echo()
    {
        IReadOnlyList<StoredWorkload> workloads = results.Of(_echoes);
        if (workloads.Count == 0)
        {
            return "";
        }

        string reference = workloads[0].Reference.Title;
        var text = new StringBuilder("## Echo\n\n");
        text.AppendLine($"CPU time per message, that of {reference} to theirs.").AppendLine();
        Grid(text, workloads, (_, row) => Ratio(row.CpuRatio) + Marks(row));
        text.AppendLine().AppendLine($"![CPU per message](charts/{Charts.CpuRatio})").AppendLine();
        text.AppendLine("Messages per second, in thousands, and to the reference's.").AppendLine();
        Grid(text, workloads, (_, row) =>
            string.Create(CultureInfo.InvariantCulture, $"{Number(row.Rate.Median / 1000)} ({row.RateRatio.Median:F2})"));
        return text.ToString();
    }

    private string Latency()
    {
        IReadOnlyList<StoredWorkload> workloads = results.Of(_echoes);
        if (workloads.Count == 0)
        {
            return "";
        }

        var text = new StringBuilder("## Latency\n\n");
        text.AppendLine("Of a server that is kept busy, in µs: p50 / p99 / p99.9.").AppendLine();
        Grid(text, workloads, (_, row) => Percentiles(row));
        return text.AppendLine().AppendLine($"![Latency](charts/{Charts.Latency})").ToString();
    }

    // A row for each server, a column for each workload.
    private static void Grid(
        StringBuilder text, IReadOnlyList<StoredWorkload> workloads, Func<StoredWorkload, Summary, string> cell)
    {
        text.AppendLine($"| server | {string.Join(" | ", workloads.Select(one => Short(one.Title)))} |");
        text.AppendLine("|---" + string.Concat(Enumerable.Repeat("|---", workloads.Count)) + "|");
        foreach (string title in Results.Titles(workloads))
        {
            IEnumerable<string> cells = workloads.Select(workload =>
                workload.Measured.FirstOrDefault(one => one.Title == title) is { } server
                    ? cell(workload, server.Summary!)
                    : "");
            text.AppendLine($"| {title} | {string.Join(" | ", cells)} |");
        }
    }

    private string Others()
    {
        IReadOnlyList<StoredWorkload> workloads =
            results.Of(Workload.All.Select(one => one.Name)
                .Except([.. _echoes, .. Workload.Idles, .. Workload.Forwards]));
        if (workloads.Count == 0)
        {
            return "";
        }

        var text = new StringBuilder("## Connections, chats, uploads, loops\n\n");
        text.AppendLine("| workload | server | against | CPU ratio | rate ratio | CPU µs | rate/s | p50 / p99 / p99.9 µs "
            + "| allocated B |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|");
        foreach (StoredWorkload workload in workloads)
        {
            foreach (StoredServer server in workload.Measured.Skip(1))
            {
                Summary row = server.Summary!;
                string allocated = server.AllocatedPerMessage is { Count: > 0 } told ? Number(Spread.Of(told).Median) : "";
                text.AppendLine(
                    $"| {workload.Title} | {server.Title}{Marks(row)} | {workload.Reference.Title} | {Ratio(row.CpuRatio)} "
                    + $"| {Ratio(row.RateRatio)} | {Number(row.CpuUsPerMessage.Median)} | {Number(row.Rate.Median)} "
                    + $"| {Percentiles(row)} | {allocated} |");
            }
        }

        return text.ToString();
    }

    private string Forwarding()
    {
        IReadOnlyList<StoredWorkload> busy = results.Of(Workload.BusyForwards);
        IReadOnlyList<StoredWorkload> idle = results.Of([Workload.ForwardIdle]);
        if (busy.Count + idle.Count == 0)
        {
            return "";
        }

        var text = new StringBuilder("## Forwarding\n");
        if (busy.Count > 0)
        {
            text.AppendLine().AppendLine($"CPU time per message or connection, that of {busy[0].Reference.Title}, which "
                + "copies, to theirs.").AppendLine();
            Grid(text, busy, (_, row) => Ratio(row.CpuRatio) + Marks(row));
            text.AppendLine().AppendLine($"![CPU of forwarders](charts/{Charts.Forwarding})").AppendLine();
            text.AppendLine("CPU µs of each message or connection, of each MiB where it streams; how many a second; their "
                + "p50 / p99 / p99.9 in µs.").AppendLine();
            Grid(text, busy, (workload, row) =>
            {
                bool streams = workload.Name == Workload.ForwardStream;
                int each = streams ? Workload.ForwardStreamPerMiB : 1;
                return $"{Number(row.CpuUsPerMessage.Median * each)}; {Number(row.Rate.Median / each)}"
                    + $"{(streams ? " MiB" : "")}/s; {Percentiles(row)}";
            });
        }

        if (idle.Count > 0)
        {
            text.AppendLine().AppendLine("Resident bytes for each idle connection and the one that belongs to it, and what "
                + "a message of 100 others costs beside them, to that without.").AppendLine();
            Grid(text, idle, (_, row) => IdleCost(row));
        }

        return text.ToString();
    }

    private string Idle()
    {
        IReadOnlyList<StoredWorkload> workloads = results.Of(Workload.Idles);
        if (workloads.Count == 0)
        {
            return "";
        }

        var text = new StringBuilder("## Idle connections\n\n");
        text.AppendLine("Resident bytes of the server for each that has said one byte, and what a message of 50 others "
            + "costs beside them, to that without.").AppendLine();
        Grid(text, workloads, (_, row) => IdleCost(row));
        return text.AppendLine().AppendLine($"![Memory of idle connections](charts/{Charts.Idle})").ToString();
    }

    private static string IdleCost(Summary row) => string.Create(
        CultureInfo.InvariantCulture,
        $"{row.IdleBytesEach!.Median:N0} ({row.IdleBytesEach.Min:N0}–{row.IdleBytesEach.Max:N0}) B, ")
        + Ratio(row.IdleCpuCost!);

    private static string Percentiles(Summary row) =>
        $"{Number(row.P50Us.Median)} / {Number(row.P99Us.Median)} / {Number(row.P999Us.Median)}";

    private static string Marks(Summary row) =>
        (row.LoadgenBound * 2 > row.Runs ? " †" : "") + (row.Disturbed > 0 ? $" {Disturbed}{row.Disturbed}" : "");

    private static string Ratio(Spread spread) =>
        string.Create(CultureInfo.InvariantCulture, $"{spread.Median:F2} ({spread.Min:F2}–{spread.Max:F2})");

    /// <summary>Without the kind of traffic, which the section says already.</summary>
    public static string Short(string title)
    {
        string? kind = new[] { "echo, ", "forwarding, " }
            .FirstOrDefault(one => title.StartsWith(one, StringComparison.Ordinal));
        return title[(kind ?? "").Length..];
    }

    private static string Number(double value) => value.ToString(
        Math.Abs(value) < 1 ? "0.###" : Math.Abs(value) < 10 ? "0.##" : Math.Abs(value) < 100 ? "0.#" : "N0",
        CultureInfo.InvariantCulture);
}
