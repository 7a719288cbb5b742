using System.Text.RegularExpressions;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

public partial class GuideTests
{
    private const string Guide = "docs/coming-from-python.md";

    /// <summary>The samples of one page: the ports. A larger one is a program of its own.</summary>
    public static TheoryData<string> Samples =>
    [
        .. Directory.GetDirectories(Repository.PathOf("samples")).Select(folder => Path.GetFileName(folder))
            .Where(name => File.Exists(Repository.PathOf($"samples/{name}/{name}.csproj")))
            .Where(name => Directory.GetFiles(Repository.PathOf($"samples/{name}"), "*.cs").Length == 1).Order(),
    ];

    /// <summary>The guide has each sample's page, word for word, in a block that begins with ```csharp FILE.</summary>
    [Theory, MemberData(nameof(Samples))]
    public void ShowsEverySampleAsItIs(string sample)
    {
        string file = $"samples/{sample}/Program.cs";
        string[] blocks = [.. Blocks().Where(block => block.Label == $"csharp {file}").Select(block => block.Text)];
        Assert.Equal(File.ReadAllText(Repository.PathOf(file)), Assert.Single(blocks));
    }

    [Fact]
    public void ShowsPythonBesideEverySample()
    {
        string[] labels = [.. Blocks().Select(block => block.Label)];
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i].StartsWith("csharp samples/", StringComparison.Ordinal))
            {
                Assert.Equal("python", labels[i - 1]);
            }
        }
    }

    private static IEnumerable<(string Label, string Text)> Blocks() =>
        Fence().Matches(File.ReadAllText(Repository.PathOf(Guide)))
            .Select(match => (match.Groups["label"].Value, match.Groups["text"].Value));

    [GeneratedRegex(@"^```(?<label>[^\n]+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
