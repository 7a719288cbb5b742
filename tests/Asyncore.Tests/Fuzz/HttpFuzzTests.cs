using Asyncore.Protocols;
using Asyncore.Tests.Http;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>That the inputs of the HTTP response's fuzz test are worth something.</summary>
public class HttpFuzzTests
{
    private const int Inputs = 20_000;

    [Fact]
    public void ThoseThatWereKeptReachAllThereIs()
    {
        using var target = new HttpTarget();
        ResponseTranscript[] told = [.. target.Corpus.Select(input => ResponseTranscript.Of([input]))];
        Assert.Contains(told, each => each.Surplus == 0);
        Assert.Contains(told, each => each.Surplus > 0);
        Assert.Contains(told, each => each is { Ended: true, Surplus: null });
        foreach (Type kind in (Type[])[typeof(HttpException), typeof(HttpStatusLineException),
            typeof(HttpTruncatedException), typeof(HttpLimitException)])
        {
            Assert.Contains(told, each => each.Failure?.GetType() == kind);
        }
    }

    [Fact]
    public void ThoseThatAreMadeAreWrongInManyWays()
    {
        using var target = new HttpTarget();
        var problems = new HashSet<string>();
        for (int seed = 0; seed < Inputs; seed++)
        {
            if (ResponseTranscript.Of([target.Input(seed, out _)]).Failure is { } error)
            {
                problems.Add(error.Message.Split(':')[0]);
            }
        }

        Assert.InRange(problems.Count, 60, Inputs);
    }
}
