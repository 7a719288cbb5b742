using Asyncore.Tests.Chat;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>That the inputs of the matcher's fuzz test are worth something.</summary>
public class MatcherFuzzTests
{
    [Fact]
    public void ThoseThatWereKeptReachAllThereIs()
    {
        using var target = new MatcherTarget();
        MatcherInput[] inputs = [.. target.Corpus.Select(input => new MatcherInput(input))];
        Assert.Contains(inputs, input => input.Terminators is [{ Length: 1 }]);
        Assert.Contains(inputs, input => input.Terminators is [{ Length: > 1 and <= 8 }]);
        Assert.Contains(inputs, input => input.Terminators is [{ Length: > 8 }]);
        Assert.Contains(inputs, input => input.Terminators.Length > 2);
        Assert.Contains(inputs, input => input.KeepsTerminator);
        Assert.Contains(inputs, input => input.MaxLength > 0);
        Assert.All(inputs, input =>
            Assert.NotEmpty(ReferenceSplitter.Split(input.Stream, input.Terminators).Items));
    }
}
