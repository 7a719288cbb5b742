using System.Globalization;
using System.Text;
using Asyncore.Forwarding;
using Asyncore.Tests.Fuzz;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>
/// Files that nobody would write. The same in every run; ASYNCORE_FUZZ_RUNS asks for more of them.
/// </summary>
public class ConfigurationFuzzTests
{
    private const int Runs = 20_000;
    private const string Folder = "tests/Asyncore.Tests/Fuzz/Corpus/Configuration";

    [Fact]
    public void A_file_is_read_or_its_line_is_told()
    {
        byte[][] corpus =
            [.. Directory.GetFiles(Repository.PathOf(Folder)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        string? asked = Environment.GetEnvironmentVariable("ASYNCORE_FUZZ_RUNS");
        int runs = asked is null ? Runs : int.Parse(asked, CultureInfo.InvariantCulture);
        int read = 0;
        var problems = new HashSet<string>();
        for (int seed = 0; seed < runs; seed++)
        {
            var random = new Random(seed);
            byte[] input = seed < corpus.Length
                ? corpus[seed]
                : Mutator.Mutate(corpus[random.Next(corpus.Length)], random, corpus);
            try
            {
                read += Check(input, problems) ? 1 : 0;
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, to be kept: {Convert.ToBase64String(input)}\n{error}");
            }
        }

        // Or else nothing much has been tried.
        Assert.InRange(read, runs / 100, runs * 9 / 10);
        Assert.InRange(problems.Count, 100, runs);
    }

    private static bool Check(byte[] input, HashSet<string> problems)
    {
        try
        {
            Assert.NotEmpty(ForwardConfiguration.Parse(input, "f").Listeners);
            return true;
        }
        catch (ForwardConfigurationException error)
        {
            string[] lines = Encoding.UTF8.GetString(input).Split('\n');
            Assert.InRange(error.Line, 1, lines.Length);
            Assert.InRange(error.Column, 1, lines[error.Line - 1].EnumerateRunes().Count() + 1);
            Assert.StartsWith($"f:{error.Line}:{error.Column}: ", error.Message, StringComparison.Ordinal);
            Assert.Contains(error.Key, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(error.Message, char.IsControl);
            problems.Add(error.Message[error.Message.IndexOf(' ')..]);
            return false;
        }
    }
}
