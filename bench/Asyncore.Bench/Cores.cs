using System.Globalization;

namespace Asyncore.Bench;

/// <summary>Which processor the server and the load generator are held on.</summary>
/// <param name="Server">The server's processor; <see langword="null"/> when nothing is pinned.</param>
/// <param name="Generator">The load generator's, likewise.</param>
/// <param name="Note">What a reader of the results must know about it.</param>
internal sealed record Cores(int? Server, int? Generator, string Note)
{
    /// <summary>Chooses among the processors that this process may use.</summary>
    public static Cores Choose()
    {
        int[] allowed = Allowed();
        if (allowed.Length < 2)
        {
            return new(null, null,
                "one processor only: server and load generator share it, so rates and latencies are those of both "
                + "together; CPU per message still compares");
        }

        int server = allowed[0];
        int[] siblings = Siblings(server);
        int[] apart = [.. allowed.Except(siblings)];
        int generator = apart.Length > 0 ? apart[0] : allowed[1];
        string note = $"server pinned to processor {server}, load generator to processor {generator}";
        return new(server, generator, siblings.Contains(generator) ? note + ", which share a core" : note);
    }

    /// <summary>The command that runs another one on a processor; empty where nothing is pinned.</summary>
    public static IEnumerable<string> Pin(int? processor) =>
        processor is { } number ? ["taskset", "-c", $"{number}"] : [];

    private static int[] Allowed()
    {
        const string label = "Cpus_allowed_list:";
        string line = File.ReadLines("/proc/self/status").First(one => one.StartsWith(label, StringComparison.Ordinal));
        return ParseList(line[label.Length..]);
    }

    // Two hardware threads of one core slow each other down, so they are a bad pair.
    private static int[] Siblings(int processor)
    {
        string path = $"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list";
        return File.Exists(path) ? ParseList(File.ReadAllText(path)) : [processor];
    }

    // The kernel's form: "0-2,5".
    private static int[] ParseList(string text) =>
        [.. text.Trim().Split(',').SelectMany(part =>
        {
            string[] ends = part.Split('-');
            int first = int.Parse(ends[0], CultureInfo.InvariantCulture);
            return Enumerable.Range(first, int.Parse(ends[^1], CultureInfo.InvariantCulture) - first + 1);
        })];
}
