using System.Text.Json.Serialization;

namespace Asyncore.Bench;

/// <summary>The middle of several values, and how far they spread.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        double median = (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        return new(median, sorted[0], sorted[^1]);
    }
}

/// <summary>One row of the report.</summary>
internal sealed record Summary
{
    public required string Server { get; init; }

    public required Spread CpuRatio { get; init; }

    public required Spread RateRatio { get; init; }

    public required Spread CpuUsPerMessage { get; init; }

    public required Spread Rate { get; init; }

    public required Spread P50Us { get; init; }

    public required Spread P99Us { get; init; }

    [JsonPropertyName("p99_9_us")] // the naming policy would make it p999
    public required Spread P999Us { get; init; }

    /// <summary>Where there were idle connections: resident bytes of each, and what a message cost beside them.</summary>
    public Spread? IdleBytesEach { get; init; }

    public Spread? IdleCpuCost { get; init; }

    public int Runs { get; init; }

    /// <summary>Pairs tried again, and pairs that were disturbed to the end.</summary>
    public int Repeats { get; init; }

    public int Disturbed { get; init; }

    /// <summary>Runs in which the load generator was the bottleneck.</summary>
    public int LoadgenBound { get; init; }

    public static Summary Of(string server, IReadOnlyList<Pair> pairs)
    {
        RunResult[] runs = [.. pairs.Select(pair => pair.Run)];
        return Of(server, runs) with
        {
            CpuRatio = Spread.Of(pairs.Select(pair => pair.CpuRatio)),
            RateRatio = Spread.Of(pairs.Select(pair => pair.RateRatio)),
            Repeats = pairs.Sum(pair => pair.Repeats),
            Disturbed = pairs.Count(pair => pair.Disturbed),
        };
    }

    /// <summary>The reference's own row: its ratios are 1, their spread that of its runs around their median.</summary>
    public static Summary OfReference(string server, IReadOnlyList<RunResult> runs)
    {
        Summary summary = Of(server + " (reference)", runs);
        Spread cpu = summary.CpuUsPerMessage;
        Spread rate = summary.Rate;
        return summary with
        {
            CpuRatio = new(1, cpu.Median / cpu.Max, cpu.Median / cpu.Min),
            RateRatio = new(1, rate.Min / rate.Median, rate.Max / rate.Median),
        };
    }

    private static Summary Of(string server, IReadOnlyList<RunResult> runs) => new()
    {
        Server = server,
        CpuRatio = new(1, 1, 1),
        RateRatio = new(1, 1, 1),
        CpuUsPerMessage = Spread.Of(runs.Select(run => run.ServerCpuUsPerMessage!.Value)),
        Rate = Spread.Of(runs.Select(run => run.Rate)),
        P50Us = Spread.Of(runs.Select(run => run.LatencyUs.P50)),
        P99Us = Spread.Of(runs.Select(run => run.LatencyUs.P99)),
        P999Us = Spread.Of(runs.Select(run => run.LatencyUs.P999)),
        IdleBytesEach = OfIdle(runs, idle => idle.BytesEach),
        IdleCpuCost = OfIdle(runs, idle => idle.CpuCost),
        Runs = runs.Count,
        LoadgenBound = runs.Count(run => run.LoadgenBound == true),
    };

    private static Spread? OfIdle(IReadOnlyList<RunResult> runs, Func<IdleCost, double> value) =>
        runs.All(run => run.Idle is not null) ? Spread.Of(runs.Select(run => value(run.Idle!))) : null;
}
