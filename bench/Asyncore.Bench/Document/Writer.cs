using System.Text;

namespace Asyncore.Bench.Document;

/// <summary>
/// Puts the results into the document: what lies between its markers is replaced, everything else stays as it was written.
/// </summary>
internal static class Writer
{
    /// <summary>Files that are given replace what was stored; without any, the stored ones are drawn again.</summary>
    /// <param name="docs">The directory of <c>performance.md</c>, <c>results/</c> and <c>charts/</c>.</param>
    /// <param name="files">What runs wrote.</param>
    /// <exception cref="BenchException">A file cannot be read, or a marker is missing.</exception>
    public static void Write(string docs, IReadOnlyList<string> files)
    {
        string store = Path.Combine(docs, "results");
        if (files.Count > 0)
        {
            Store(store, files);
        }

        string[] stored = Directory.Exists(store) ? Directory.GetFiles(store, "*.json") : [];
        var results = new Results(stored.Select(Stored.Read));
        string page = Path.Combine(docs, "performance.md");
        string text = Replace(File.ReadAllText(page), new Tables(results).All); // before anything is written
        DrawCharts(Path.Combine(docs, "charts"), results);
        File.WriteAllText(page, text);
        Console.Error.WriteLine($"{page}: from {stored.Length} file(s) of results");
    }

    private static void Store(string store, IReadOnlyList<string> files)
    {
        Stored[] read = [.. files.Select(Stored.Read)]; // all of them, before any is removed
        Directory.CreateDirectory(store);
        foreach (string old in Directory.GetFiles(store, "*.json"))
        {
            File.Delete(old);
        }

        for (int i = 0; i < read.Length; i++)
        {
            read[i].Write(Path.Combine(store, Path.GetFileName(files[i])));
        }
    }

    private static void DrawCharts(string directory, Results results)
    {
        Directory.CreateDirectory(directory);
        foreach (string old in Directory.GetFiles(directory, "*.svg"))
        {
            File.Delete(old);
        }

        foreach ((string name, string content) in new Charts(results).All())
        {
            File.WriteAllText(Path.Combine(directory, name), content);
        }
    }

    private static string Replace(string page, IReadOnlyDictionary<string, string> blocks)
    {
        foreach ((string name, string block) in blocks)
        {
            string begin = $"<!-- bench:{name} -->";
            string end = $"<!-- /bench:{name} -->";
            int from = page.IndexOf(begin, StringComparison.Ordinal);
            int to = page.IndexOf(end, StringComparison.Ordinal);
            if (from < 0 || to < from)
            {
                throw new BenchException($"performance.md lacks {begin} … {end}");
            }

            var text = new StringBuilder(page[..(from + begin.Length)]).Append('\n');
            if (block.Length > 0)
            {
                text.Append('\n').Append(block).Append('\n');
            }

            page = text.Append(page[to..]).ToString();
        }

        return page;
    }
}
