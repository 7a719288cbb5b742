using System.Globalization;

namespace Asyncore.Testing;

/// <summary>
/// Runs a scenario under many seeds. Where one fails, the faults that it needs are found out, and the message says how to
/// have exactly that again.
/// </summary>
public static class Simulation
{
    /// <summary>
    /// The variable of the environment that has one failure again: a seed, or a seed and its faults as a failure's message
    /// gives them.
    /// </summary>
    public const string Variable = "ASYNCORE_SEED";

    /// <summary>Runs a scenario under one seed after the other.</summary>
    /// <param name="scenario">
    /// Makes programs on the network, runs it, and throws where something is wrong: whatever a test framework's assertions
    /// throw. It has to depend on nothing but the network.
    /// </param>
    /// <param name="options">How many seeds, and what goes wrong.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are to be no seeds.</exception>
    /// <exception cref="SimulationException">A run has failed; its inner exception is what the scenario threw.</exception>
    public static void Run(Action<SimulatedNetwork> scenario, SimulationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        options ??= new SimulationOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Seeds, 1);
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } asked)
        {
            (int seed, Fault[]? only) = Parse(asked);
            Replay(scenario, options, seed, only);
            return;
        }

        for (int i = 0; i < options.Seeds; i++)
        {
            int seed = unchecked(options.FirstSeed + i);
            if (Try(scenario, options, seed, only: null) is { } failed)
            {
                Fault[] needed = new Shrinker(faults => Try(scenario, options, seed, faults), failed.Error, options.ShrinkRuns)
                    .Shrink([.. failed.Fired]);
                FailedRun last = Try(scenario, options, seed, needed) ?? failed;
                throw Failure(seed, needed, failed.Fired.Count, last);
            }
        }
    }

    private static void Replay(Action<SimulatedNetwork> scenario, SimulationOptions options, int seed, Fault[]? only)
    {
        if (Try(scenario, options, seed, only) is { } failed)
        {
            throw Failure(seed, only ?? [.. failed.Fired], failed.Fired.Count, failed);
        }
    }

    private static FailedRun? Try(Action<SimulatedNetwork> scenario, SimulationOptions options, int seed, IReadOnlyCollection<Fault>? only)
    {
        using var network = new SimulatedNetwork(seed, only) { Faults = options.Faults };
        try
        {
            scenario(network);
            return null;
        }
        catch (Exception error)
        {
            return new FailedRun(error, network.Fired, network.TranscriptText);
        }
    }

    private static SimulationException Failure(int seed, Fault[] needed, int fired, FailedRun run)
    {
        string faults = string.Join(',', needed);
        string replay = needed.Length == 0 ? "without a single fault"
            : FormattableString.Invariant($"with {needed.Length} of {fired} faults");
        return new SimulationException(
            $"Seed {seed.ToString(CultureInfo.InvariantCulture)} fails, {replay}. "
            + $"To have it again: {Variable}={seed.ToString(CultureInfo.InvariantCulture)}/{faults}\n{run.Error.Message}\n{run.Transcript}",
            run.Error);
    }

    private static (int Seed, Fault[]? Only) Parse(string text)
    {
        string[] parts = text.Split('/', 2);
        if (!int.TryParse(parts[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int seed))
        {
            throw new FormatException($"{Variable}: '{text}' is no seed such as 17, or 17/PartialRead:3:12");
        }

        return (seed, parts.Length == 1 ? null : [.. parts[1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Fault.Parse)]);
    }

    /// <summary>A run that failed.</summary>
    internal sealed record FailedRun(Exception Error, IReadOnlyList<Fault> Fired, string Transcript);
}
