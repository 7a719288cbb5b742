using System.Globalization;

namespace Asyncore.Bench.Document;

/// <summary>A row of a chart.</summary>
internal sealed record Bar(string Label, Spread Value, bool Ours)
{
    public static Bar Of(StoredServer server, Spread value) =>
        new(server.Title, value, server.Name.StartsWith("asyncore", StringComparison.Ordinal));
}

/// <summary>The charts of the document, drawn from stored results.</summary>
internal sealed class Charts(Results results)
{
    public const string CpuRatio = "cpu-ratio.svg";
    public const string Forwarding = "forwarding.svg";
    public const string Latency = "latency.svg";
    public const string Idle = "idle-memory.svg";

    private const double Width = 960;
    private const double Margin = 20;
    private const double Row = 20;
    private const double Thick = 12;
    private const double Head = 44; // of a panel: its title, and room below
    private const double Axis = 38; // of a panel: the numbers and what they are

    /// <summary>File names and contents; a chart of which nothing was measured is missing.</summary>
    public IEnumerable<(string Name, string Content)> All()
    {
        if (DrawRatios([.. Workload.Echoes, Workload.Sends, Workload.Churn], "echo server") is { } echoes)
        {
            yield return (CpuRatio, echoes);
        }

        if (DrawRatios(Workload.BusyForwards, "forwarder") is { } forwarders)
        {
            yield return (Forwarding, forwarders);
        }

        if (DrawLatencies() is { } latencies)
        {
            yield return (Latency, latencies);
        }

        if (DrawIdle() is { } idle)
        {
            yield return (Idle, idle);
        }
    }

    // Two columns of panels, each with a scale of its own and the reference at 1.
    private string? DrawRatios(string[] workloads, string what)
    {
        var panels = new List<(string Title, Bar[] Bars, string Unit)>();
        foreach (StoredWorkload workload in results.Of(workloads))
        {
            string reference = $"{workload.Reference.Title} = 1";
            Add(workload.Title, $"CPU per {workload.Unit}; {reference}; more is better",
                Bars(workload, one => one.CpuRatio, spinning: false));
            if (workload.Candidates.Any(IsSpinning))
            {
                Add(workload.Title + ", rate", $"{workload.Unit}s per second; {reference}; more is better",
                    Bars(workload, one => one.RateRatio, spinning: true));
            }
        }

        if (panels.Count == 0)
        {
            return null;
        }

        var svg = new Svg(Width);
        const double column = (Width - (3 * Margin)) / 2;
        double y = 0;
        foreach ((string Title, Bar[] Bars, string Unit)[] pair in panels.Chunk(2))
        {
            for (int i = 0; i < pair.Length; i++)
            {
                DrawPanel(svg, Margin + (i * (column + Margin)), y, column, pair[i].Title, pair[i].Unit, pair[i].Bars);
            }

            y += Head + Axis + (Row * pair.Max(one => one.Bars.Length));
        }

        return svg.Finish($"CPU per message of each {what}, relative to the reference of the workload");

        void Add(string title, string unit, Bar[] bars)
        {
            if (bars.Length > 0)
            {
                panels.Add((Tables.Short(title), bars, unit));
            }
        }
    }

    // The reference is the line at 1, and against itself it is nothing to look at.
    private static Bar[] Bars(StoredWorkload workload, Func<Summary, Spread> value, bool spinning) =>
    [
        .. workload.Measured.Skip(1)
            .Where(one => !one.Name.EndsWith("_self", StringComparison.Ordinal) && (spinning || !IsSpinning(one)))
            .Select(one => Bar.Of(one, value(one.Summary!)))
            .OrderByDescending(one => one.Value.Median),
    ];

    private static bool IsSpinning(StoredServer server) => server.Name.EndsWith("_spin", StringComparison.Ordinal);

    private static void DrawPanel(Svg svg, double x, double y, double width, string title, string unit, Bar[] bars)
    {
        const double label = 200;
        const double number = 44;
        double left = x + label;
        double length = width - label - number;
        double most = Math.Max(1.25, bars.Max(one => one.Value.Median) * 1.08);
        double At(double value) => left + (length * Math.Min(value, most) / most);

        svg.Text(x, y + 26, title, kind: "title");
        double top = y + Head;
        double bottom = top + (bars.Length * Row);
        double step = Step(most);
        for (double tick = 0; tick <= most; tick += step)
        {
            svg.Line(At(tick), top - 4, At(tick), bottom, "grid");
            svg.Text(At(tick), bottom + 14, tick.ToString("0.##", CultureInfo.InvariantCulture), "middle", "muted");
        }

        for (int i = 0; i < bars.Length; i++)
        {
            DrawBar(svg, bars[i], top + (i * Row), left, At, x + width);
        }

        svg.Line(At(1), top - 6, At(1), bottom + 2, "one");
        svg.Text(x, bottom + 30, unit, kind: "muted");
    }

    private static void DrawBar(Svg svg, Bar bar, double y, double left, Func<double, double> at, double right)
    {
        double middle = y + (Row / 2);
        double end = at(bar.Value.Median);
        svg.Text(left - 8, middle + 4, bar.Label.Replace("inline completions", "inline"), "end");
        svg.Rectangle(left, middle - (Thick / 2), end - left, Thick, bar.Ours ? "ours" : "other");
        svg.Line(at(bar.Value.Min), middle, at(bar.Value.Max), middle, "spread");
        svg.Text(right, middle + 4, bar.Value.Median.ToString("0.00", CultureInfo.InvariantCulture), "end");
    }

    // Four to eight marks.
    private static double Step(double most) =>
        new[] { 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100 }.First(step => most / step <= 8 || step == 100);

    // A line from p50 to p99.9, with p99 on it, on a scale by powers of ten.
    private string? DrawLatencies()
    {
        IReadOnlyList<StoredWorkload> workloads = results.Of(["echo-1x64", "echo-50x64", "echo-1000x64"]);
        if (workloads.Count == 0)
        {
            return null;
        }

        var svg = new Svg(Width);
        const double label = 240;
        const double number = 170;
        double y = 0;
        foreach (StoredWorkload workload in workloads)
        {
            Summary[] rows = [.. workload.Measured.Select(one => one.Summary!)];
            var scale = new LogScale(Margin + label, Width - Margin - number,
                rows.Min(one => one.P50Us.Median), rows.Max(one => one.P999Us.Median));
            svg.Text(Margin, y + 26, Tables.Short(workload.Title), kind: "title");
            double top = y + Head;
            double bottom = top + (rows.Length * Row);
            DrawScale(svg, scale, top, bottom, "µs, a server kept busy: ● p50, ○ p99, | p99.9; less is better");
            StoredServer[] servers = [.. workload.Measured.OrderBy(one => one.Summary!.P50Us.Median)];
            for (int i = 0; i < servers.Length; i++)
            {
                DrawLatency(svg, servers[i], top + (i * Row) + (Row / 2), scale);
            }

            y = bottom + Axis;
        }

        return svg.Finish("Latency of each echo server: p50, p99 and p99.9 in microseconds");
    }

    private static void DrawLatency(Svg svg, StoredServer server, double y, LogScale scale)
    {
        Summary row = server.Summary!;
        string kind = Bar.Of(server, row.P50Us).Ours ? "ours" : "other";
        double last = scale.At(row.P999Us.Median);
        svg.Text(scale.Left - 8, y + 4, server.Title, "end");
        svg.Line(scale.At(row.P50Us.Median), y, last, y, kind);
        svg.Line(last, y - 6, last, y + 6, kind);
        svg.Circle(scale.At(row.P99Us.Median), y, 5, kind);
        svg.Circle(scale.At(row.P99Us.Median), y, 3, "back");
        svg.Circle(scale.At(row.P50Us.Median), y, 5, kind);
        string numbers = string.Create(
            CultureInfo.InvariantCulture, $"{row.P50Us.Median:N0} / {row.P99Us.Median:N0} / {row.P999Us.Median:N0}");
        svg.Text(Width - Margin, y + 4, numbers, "end");
    }

    private string? DrawIdle()
    {
        IReadOnlyList<StoredWorkload> workloads = results.Of([.. Workload.Idles, Workload.ForwardIdle]);
        if (workloads.Count == 0)
        {
            return null;
        }

        var svg = new Svg(Width);
        const double label = 240;
        const double number = 70;
        double y = 0;
        foreach (StoredWorkload workload in workloads)
        {
            StoredServer[] servers = [.. workload.Measured.OrderBy(one => one.Summary!.IdleBytesEach!.Median)];
            var scale = new LogScale(Margin + label, Width - Margin - number, 10,
                servers.Max(one => one.Summary!.IdleBytesEach!.Median));
            svg.Text(Margin, y + 26, workload.Title, kind: "title");
            double top = y + Head;
            double bottom = top + (servers.Length * Row);
            DrawScale(svg, scale, top, bottom, "resident bytes of the server for each idle connection; less is better");
            for (int i = 0; i < servers.Length; i++)
            {
                var bar = Bar.Of(servers[i], servers[i].Summary!.IdleBytesEach!);
                double middle = top + (i * Row) + (Row / 2);
                svg.Text(scale.Left - 8, middle + 4, bar.Label, "end");
                svg.Rectangle(scale.Left, middle - (Thick / 2), scale.At(bar.Value.Median) - scale.Left, Thick,
                    bar.Ours ? "ours" : "other");
                svg.Line(scale.At(bar.Value.Min), middle, scale.At(bar.Value.Max), middle, "spread");
                svg.Text(Width - Margin, middle + 4, bar.Value.Median.ToString("N0", CultureInfo.InvariantCulture), "end");
            }

            y = bottom + Axis;
        }

        return svg.Finish("Resident memory of each server per idle connection, in bytes");
    }

    private static void DrawScale(Svg svg, LogScale scale, double top, double bottom, string unit)
    {
        foreach (double tick in scale.Ticks)
        {
            svg.Line(scale.At(tick), top - 4, scale.At(tick), bottom, "grid");
            svg.Text(scale.At(tick), bottom + 14, tick.ToString("N0", CultureInfo.InvariantCulture), "middle", "muted");
        }

        svg.Text(scale.Left, bottom + 28, unit, kind: "muted");
    }

    // Powers of ten around what there is.
    private sealed class LogScale(double left, double right, double least, double most)
    {
        private readonly double _first = Math.Floor(Math.Log10(Math.Max(least, 1)));
        private readonly double _last = Math.Max(
            Math.Ceiling(Math.Log10(Math.Max(most, 1))), Math.Floor(Math.Log10(Math.Max(least, 1))) + 1);

        public double Left => left;

        public IEnumerable<double> Ticks =>
            Enumerable.Range((int)_first, (int)(_last - _first) + 1).Select(power => Math.Pow(10, power));

        public double At(double value) => left
            + ((right - left) * Math.Clamp((Math.Log10(Math.Max(value, 1)) - _first) / (_last - _first), 0, 1));
    }
}
