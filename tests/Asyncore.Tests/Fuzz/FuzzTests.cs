using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>Inputs that nobody has thought of. The same in every run; tests/fuzz has as many as one likes.</summary>
public class FuzzTests
{
    private const int CutsOfEach = 100;

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Keys];

    [Theory, MemberData(nameof(Targets))]
    public void InputsThatWereKept(string name)
    {
        using FuzzTarget target = FuzzTargets.All[name]();
        Assert.NotEmpty(target.Corpus);
        foreach (byte[] input in target.Corpus)
        {
            for (int seed = 0; seed < CutsOfEach; seed++)
            {
                target.Check(input, new Random(seed));
            }
        }
    }

    // Of so many something has to come, or else nothing much has been tried.
    [Theory]
    [InlineData("matcher", 10_000, 0.4)]
    [InlineData("http", 20_000, 0.1)]
    [InlineData("proxy", 30_000, 0.1)]
    [InlineData("smtp", 5_000, 0.1)]
    [InlineData("astm", 5_000, 0.2)]
    [InlineData("configuration", 20_000, 0.01)]
    public void InputsMadeFromThoseThatWereKept(string name, int inputs, double least)
    {
        using FuzzTarget target = FuzzTargets.All[name]();
        int some = 0;
        for (int seed = 0; seed < inputs; seed++)
        {
            some += target.Run(seed) > 0 ? 1 : 0;
        }

        Assert.InRange(some, inputs * least, inputs * 0.95);
    }

    [Theory, MemberData(nameof(Targets))]
    public void AnInputIsAFunctionOfItsSeed(string name)
    {
        using FuzzTarget one = FuzzTargets.All[name]();
        using FuzzTarget other = FuzzTargets.All[name]();
        byte[][] forwards = [.. Enumerable.Range(0, 200).Select(seed => one.Input(seed, out _))];
        byte[][] backwards =
            [.. Enumerable.Range(0, 200).Reverse().Select(seed => other.Input(seed, out _)).Reverse()];
        Assert.Equal(forwards, backwards);
        Assert.Equal(one.Corpus, forwards[..one.Corpus.Length]);
        Assert.InRange(forwards.Select(Convert.ToBase64String).Distinct().Count(), 150, 200);
    }

    [Fact]
    public void ABrokenPropertyIsToldWithItsSeedAndInput()
    {
        using var target = new Broken();
        Assert.Equal(0, target.Run(6));
        FuzzException error = Assert.Throws<FuzzException>(() => target.Run(7));
        Assert.Contains("seven", error.Message, StringComparison.Ordinal);
        Assert.Contains(Convert.ToBase64String(target.Input(7, out _)), error.Message, StringComparison.Ordinal);
        Assert.Contains("tests/fuzz --only proxy --first 7 --inputs 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatAllocatesFarTooMuchBreaksAProperty()
    {
        using var target = new Broken();
        FuzzException error = Assert.Throws<FuzzException>(() => target.Run(8));
        Assert.Contains("bytes were allocated", error.Message, StringComparison.Ordinal);
    }

    private sealed class Broken() : FuzzTarget("Proxy")
    {
        public override int Check(byte[] input, Random random)
        {
            Property.Holds(input != Corpus[7], "seven");
            byte[] announced = input == Corpus[8] ? new byte[100_000_000] : [];
            return announced.Length;
        }
    }
}
