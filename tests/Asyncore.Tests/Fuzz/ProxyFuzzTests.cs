using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>That the inputs of the PROXY header's fuzz test are worth something.</summary>
public class ProxyFuzzTests
{
    private const int Inputs = 30_000;

    [Fact]
    public void ThoseThatWereKeptReachAllThereIs()
    {
        using var target = new ProxyTarget();
        (ProxyParse Parsed, string? Problem)[] results =
            [.. target.Corpus.Select(input => target.Examine(input, new Random(0)))];
        Assert.Contains(results, result => result.Parsed == ProxyParse.NeedMore);
        Assert.Equal(6, results.Where(result => result.Parsed == ProxyParse.Invalid).Distinct().Count());
        Assert.InRange(results.Count(result => result.Parsed == ProxyParse.Complete), 15, results.Length);
    }

    [Fact]
    public void ThoseThatAreMadeReachAllThereIs()
    {
        using var target = new ProxyTarget();
        var found = new Dictionary<(ProxyParse, string?), int>();
        for (int seed = 0; seed < Inputs; seed++)
        {
            (ProxyParse, string?) result = target.Examine(target.Input(seed, out Random random), random);
            found[result] = found.GetValueOrDefault(result) + 1;
        }

        Assert.InRange(found[(ProxyParse.Complete, null)], Inputs / 10, Inputs);
        Assert.InRange(found[(ProxyParse.NeedMore, null)], Inputs / 100, Inputs);
        Assert.InRange(found.Count, 25, 50);
    }
}
