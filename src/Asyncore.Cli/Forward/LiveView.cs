using Asyncore.Forwarding;
using Spectre.Console;

namespace Asyncore.Cli.Forward;

/// <summary>
/// A table in the terminal that is drawn anew every second, on a thread of its own: the loop only counts, and the counts
/// may be read by anybody.
/// </summary>
internal sealed class LiveView : IDisposable
{
    private const int SparkWidth = 20;
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);

    private readonly ForwardService _service;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Past> _past = [];
    private readonly ManualResetEventSlim _stop = new();
    private Thread? _thread;
    private long _lastAt;

    public LiveView(ForwardService service, TimeProvider time)
    {
        _service = service;
        _time = time;
        _lastAt = time.GetTimestamp();
    }

    /// <summary>Shows it on standard output until it is disposed of.</summary>
    public static LiveView Show(ForwardService service)
    {
        var view = new LiveView(service, TimeProvider.System);
        view._thread = new Thread(view.Run) { IsBackground = true, Name = "asyncore live" };
        view._thread.Start();
        return view;
    }

    public void Dispose()
    {
        _stop.Set();
        _thread?.Join();
        _stop.Dispose();
    }

    /// <summary>The table as it is now; rates are those since the last time.</summary>
    public Table Draw()
    {
        long now = _time.GetTimestamp();
        double seconds = Math.Max(_time.GetElapsedTime(_lastAt, now).TotalSeconds, 0.001);
        _lastAt = now;
        Table table = new Table().RoundedBorder()
            .AddColumns("listener", "open", "new/s", "to targets", "", "to clients", "", "refused", "targets");
        foreach (ListenerStatistics each in _service.Statistics)
        {
            if (!_past.TryGetValue(each.Name, out Past? past))
            {
                _past[each.Name] = past = new Past();
            }

            past.Take(each, seconds);
            table.AddRow(
                new Text(each.Name),
                new Text($"{each.Active}"),
                new Text($"{past.NewPerSecond:0}"),
                new Text($"{Quantity.FormatRate((long)past.UpPerSecond)}"),
                new Text(past.Up.ToString()),
                new Text($"{Quantity.FormatRate((long)past.DownPerSecond)}"),
                new Text(past.Down.ToString()),
                new Text($"{each.RefusedInAll}"),
                Targets(each));
        }

        return table;
    }

    private void Run() => AnsiConsole.Live(Draw()).AutoClear(false).Start(context =>
    {
        while (!_stop.Wait(_every))
        {
            context.UpdateTarget(Draw());
        }
    });

    private static Rows Targets(ListenerStatistics listener) => new(listener.Targets.Select(each => new Text(
        $"{each.Address} {(each.IsResting ? "rests" : "up")}, {each.Active} open, {each.Connects} made, {each.Failures} failed",
        each.IsResting ? new Style(Color.Red) : new Style(Color.Green))));

    // What the rates are reckoned from.
    private sealed class Past
    {
        private long _accepted;
        private long _up;
        private long _down;

        public Sparkline Up { get; } = new(SparkWidth);

        public Sparkline Down { get; } = new(SparkWidth);

        public double NewPerSecond { get; private set; }

        public double UpPerSecond { get; private set; }

        public double DownPerSecond { get; private set; }

        public void Take(ListenerStatistics now, double seconds)
        {
            NewPerSecond = Rate(ref _accepted, now.Accepted, seconds);
            UpPerSecond = Rate(ref _up, now.BytesToTargets, seconds);
            DownPerSecond = Rate(ref _down, now.BytesToClients, seconds);
            Up.Add(UpPerSecond);
            Down.Add(DownPerSecond);
        }

        private static double Rate(ref long last, long now, double seconds)
        {
            double rate = Math.Max(0, now - last) / seconds; // below where the listener has been opened anew
            last = now;
            return rate;
        }
    }
}
