using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>That the inputs of the configuration file's fuzz test are worth something.</summary>
public class ConfigurationFuzzTests
{
    private const int Inputs = 20_000;

    [Fact]
    public void Files_that_are_made_are_wrong_in_many_ways()
    {
        using var target = new ConfigurationTarget();
        var problems = new HashSet<string>();
        for (int seed = 0; seed < Inputs; seed++)
        {
            if (ConfigurationTarget.Read(target.Input(seed, out _)).Error is { } error)
            {
                problems.Add(error.Message[error.Message.IndexOf(' ')..]);
            }
        }

        Assert.InRange(problems.Count, 100, Inputs);
    }
}
