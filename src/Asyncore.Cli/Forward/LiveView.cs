using Asyncore.Forwarding;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Asyncore.Cli.Forward;

/// <summary>
/// A table in the terminal that is drawn anew every second, on a thread of its own: the loop only counts, and the counts
/// may be read by anybody. What is written meanwhile stands below it.
/// </summary>
internal sealed class LiveView : IDisposable
{
    private const int LongSpark = 20;
    private const int ShortSpark = 10;
    private const int LinesSaid = 5;
    private const int TableLines = 5; // borders and headings, and the cursor's own

    // From so many columns on there is room for them; below, they are left out and the rest stays readable.
    private const int WidthForNew = 70;
    private const int WidthForRefused = 85;
    private const int WidthForSparks = 112;
    private const int WidthForAll = 150; // longer bars, and what became of each target
    private const int Narrow = 65;
    private const int LongestName = 20;
    private const int NarrowName = 12;

    private static readonly TimeSpan _every = TimeSpan.FromSeconds(1);

    private readonly ForwardService _service;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Past> _past = [];
    private readonly Queue<string> _said = new();
    private readonly Lock _gate = new();
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

    /// <summary>Puts a line below the table, where the last few stay. Of any thread.</summary>
    public void Say(string line)
    {
        lock (_gate)
        {
            _said.Enqueue(line);
            if (_said.Count > LinesSaid)
            {
                _said.Dequeue();
            }
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _thread?.Join();
        _stop.Dispose();
    }

    /// <summary>The table as it is now, and the lines below it; rates are those since the last time.</summary>
    /// <param name="width">The terminal's columns.</param>
    /// <param name="height">And lines: what has no room is counted.</param>
    public IRenderable Draw(int width, int height)
    {
        long now = _time.GetTimestamp();
        double seconds = Math.Max(_time.GetElapsedTime(_lastAt, now).TotalSeconds, 0.001);
        _lastAt = now;
        IReadOnlyList<ListenerStatistics> listeners = _service.Statistics;
        string[] said = Said();
        int room = Math.Max(1, height - TableLines - said.Length);
        bool withTargets = listeners.Sum(each => 1 + each.Targets.Count) <= room;
        int shown = withTargets || listeners.Count <= room ? listeners.Count : Math.Max(1, room - 1);
        Table table = MakeTable(width);
        for (int i = 0; i < listeners.Count; i++)
        {
            Past past = PastOf(listeners[i]);
            past.Take(listeners[i], seconds);
            if (i < shown)
            {
                AddListener(table, listeners[i], past, width);
            }

            if (withTargets)
            {
                AddTargets(table, listeners[i], width);
            }
        }

        var lines = said.Select(line => (IRenderable)new Text(Cut(line, width)));
        return shown < listeners.Count
            ? new Rows([table, new Text($"… and {listeners.Count - shown} more"), .. lines])
            : new Rows([table, .. lines]);
    }

    private void Run()
    {
        Profile terminal = AnsiConsole.Profile;
        AnsiConsole.Live(Draw(terminal.Width, terminal.Height)).AutoClear(false).Start(context =>
        {
            while (!_stop.Wait(_every))
            {
                context.UpdateTarget(Draw(terminal.Width, terminal.Height));
            }

            context.UpdateTarget(Draw(terminal.Width, terminal.Height)); // as it was at the end
        });
    }

    private string[] Said()
    {
        lock (_gate)
        {
            return [.. _said];
        }
    }

    private Past PastOf(ListenerStatistics listener)
    {
        if (!_past.TryGetValue(listener.Name, out Past? past))
        {
            _past[listener.Name] = past = new Past();
        }

        return past;
    }

    private static Table MakeTable(int width)
    {
        Table table = new Table().RoundedBorder();
        foreach (string name in Columns(width))
        {
            table.AddColumn(new TableColumn(name).NoWrap());
        }

        return table;
    }

    // A column without a name has the bars of the one before it.
    private static IEnumerable<string> Columns(int width) =>
    [
        "listener",
        "open",
        .. Where(width >= WidthForNew, "new/s"),
        "to targets",
        .. Where(width >= WidthForSparks, string.Empty),
        "to clients",
        .. Where(width >= WidthForSparks, string.Empty),
        .. Where(width >= WidthForRefused, "refused"),
        "targets",
    ];

    private static void AddListener(Table table, ListenerStatistics listener, Past past, int width)
    {
        int up = listener.Targets.Count(each => !each.IsResting);
        Style style = up == listener.Targets.Count ? Style.Plain : new Style(Color.Red);
        table.AddRow(
        [
            new Text(Name(listener.Name, width)),
            new Text($"{listener.Active}"),
            .. Where<IRenderable>(width >= WidthForNew, new Text($"{past.NewPerSecond:0}")),
            new Text(ShortRate(past.UpPerSecond)),
            .. Where<IRenderable>(width >= WidthForSparks, new Text(past.Up.Last(Spark(width)))),
            new Text(ShortRate(past.DownPerSecond)),
            .. Where<IRenderable>(width >= WidthForSparks, new Text(past.Down.Last(Spark(width)))),
            .. Where<IRenderable>(width >= WidthForRefused, new Text($"{listener.RefusedInAll}")),
            new Text($"{up}/{listener.Targets.Count} up", style),
        ]);
    }

    private static void AddTargets(Table table, ListenerStatistics listener, int width)
    {
        int between = Columns(width).Count() - 3;
        foreach (TargetStatistics each in listener.Targets)
        {
            string state = each.IsResting ? "rests" : "up";
            table.AddRow(
            [
                new Text(Name($"  {each.Address}", width)),
                new Text($"{each.Active}"),
                .. Enumerable.Repeat<IRenderable>(Text.Empty, between),
                new Text(
                    width >= WidthForAll ? $"{state}, {each.Connects} made, {each.Failures} failed" : state,
                    new Style(each.IsResting ? Color.Red : Color.Green)),
            ]);
        }
    }

    private static T[] Where<T>(bool holds, T value) => holds ? [value] : [];

    private static int Spark(int width) => width >= WidthForAll ? LongSpark : ShortSpark;

    private static string Name(string text, int width) => Cut(text, width < Narrow ? NarrowName : LongestName);

    private static string Cut(string text, int most) => text.Length <= most ? text : $"{text[..(most - 1)]}…";

    // Three digits, in units of a thousand: 984 KB/s.
    private static string ShortRate(double bytesPerSecond)
    {
        string[] units = ["B/s", "KB/s", "MB/s", "GB/s"];
        int unit = 0;
        while (bytesPerSecond >= 999.5 && unit < units.Length - 1)
        {
            bytesPerSecond /= 1000;
            unit++;
        }

        return unit > 0 && bytesPerSecond < 9.95 ? $"{bytesPerSecond:0.0} {units[unit]}" : $"{bytesPerSecond:0} {units[unit]}";
    }

    // What the rates are reckoned from.
    private sealed class Past
    {
        private long _accepted;
        private long _up;
        private long _down;

        public Sparkline Up { get; } = new(LongSpark);

        public Sparkline Down { get; } = new(LongSpark);

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
