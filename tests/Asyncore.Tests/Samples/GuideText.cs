using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

/// <summary>The code blocks of a page, which are the regions of a source that is compiled and run.</summary>
internal static class GuideText
{
    /// <returns>How many blocks there are.</returns>
    public static int AssertSame(string page, string source)
    {
        string[] regions = Sections(source, "#region ", "#endregion");
        string[] blocks = Sections(page, "```csharp", "```");
        Assert.Equal(regions.Select(each => each.Replace("internal class", "class").Replace("public class", "class")), blocks);
        return blocks.Length;
    }

    private static string[] Sections(string file, string begin, string end)
    {
        List<string> sections = [];
        List<string>? lines = null;
        foreach (string line in File.ReadLines(Repository.PathOf(file)))
        {
            if (lines is null && line.StartsWith(begin, StringComparison.Ordinal))
            {
                lines = [];
            }
            else if (lines is not null && line == end)
            {
                sections.Add(string.Join('\n', lines));
                lines = null;
            }
            else
            {
                lines?.Add(line);
            }
        }

        return [.. sections];
    }
}
