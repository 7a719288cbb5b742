using System.Globalization;
using System.Text;

namespace Asyncore.Testing;

/// <summary>The last things that happened. They are written out only when somebody asks.</summary>
internal sealed class Transcript(SimulatedClock clock)
{
    private const int Most = 1000;

    private readonly Entry[] _entries = new Entry[Most];
    private long _count;

    public void Add(SimulatedSocket socket, string what, int count) => Add(new Entry(clock.Now, socket, what, count, null));

    public void Add(Fault fault, string? whose) => Add(new Entry(clock.Now, null, whose is null ? "fault" : $"fault {whose}", -1, fault));

    public void Add(string line) => Add(new Entry(clock.Now, null, line, -1, null));

    public override string ToString() => Last(Most);

    /// <summary>So many lines at most.</summary>
    public string Last(int lines)
    {
        var text = new StringBuilder();
        if (_count > lines)
        {
            text.Append(CultureInfo.InvariantCulture, $"… {_count - lines} before\n");
        }

        for (long i = Math.Max(0, _count - lines); i < _count; i++)
        {
            Entry entry = _entries[i % Most];
            text.Append(CultureInfo.InvariantCulture, $"{entry.When.TotalSeconds,12:0.000000} ");
            if (entry.Socket is not null)
            {
                text.Append(entry.Socket).Append(' ');
            }

            text.Append(entry.What);
            if (entry.Count >= 0)
            {
                text.Append(CultureInfo.InvariantCulture, $" {entry.Count} bytes");
            }

            if (entry.Fault is { } fault)
            {
                text.Append(' ').Append(fault);
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private void Add(Entry entry) => _entries[_count++ % Most] = entry;

    private readonly record struct Entry(TimeSpan When, SimulatedSocket? Socket, string What, int Count, Fault? Fault);
}
