using System.Globalization;
using System.Runtime.CompilerServices;

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

    private const int MostFaults = 5000; // more than that is nobody's to read, and takes for ever to try without
    private const int LastLines = 200;

    /// <summary>Runs a scenario under one seed after the other.</summary>
    /// <param name="scenario">
    /// Makes programs on the network, runs it, and throws where something is wrong: whatever a test framework's assertions
    /// throw. It has to depend on nothing but the network: not on the time of day, on chance of its own, on what other runs
    /// have left in static fields, or on work that is done off the loops.
    /// </param>
    /// <param name="options">How many seeds, and what goes wrong.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are to be no seeds.</exception>
    /// <exception cref="ArgumentException">The scenario is asynchronous: nobody would hear of what it throws later.</exception>
    /// <exception cref="SimulationException">A run has failed; its inner exception is what the scenario threw.</exception>
    public static void Run(Action<SimulatedNetwork> scenario, SimulationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        options ??= new SimulationOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Seeds, 1);
        if (scenario.Method.IsDefined(typeof(AsyncStateMachineAttribute), inherit: false))
        {
            throw new ArgumentException("The scenario is async: nobody would hear of what it throws after its first await.", nameof(scenario));
        }

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
                throw Explain(scenario, options, seed, failed);
            }
        }
    }

    private static SimulationException Explain(
        Action<SimulatedNetwork> scenario, SimulationOptions options, int seed, FailedRun failed)
    {
        Fault[] all = [.. failed.Fired];
        if (all.Length > MostFaults)
        {
            return Failure(seed, $"with {all.Length} faults, too many to find out which of them it needs", null, failed);
        }

        Fault[] needed = new Shrinker(faults => Try(scenario, options, seed, faults), failed.Error, options.ShrinkRuns).Shrink(all);
        if (Try(scenario, options, seed, needed) is not { } last)
        {
            return Failure(
                seed,
                "and does not fail again with the same faults: the scenario depends on something besides the network, such as the time of "
                + "day, chance of its own, static fields or work off the loops",
                all,
                failed);
        }

        string with = needed.Length == 0 ? "without a single fault" : $"with {needed.Length} of {all.Length} faults";
        return Failure(seed, with, needed, last);
    }

    private static void Replay(Action<SimulatedNetwork> scenario, SimulationOptions options, int seed, Fault[]? only)
    {
        if (Try(scenario, options, seed, only, out IReadOnlyList<Fault> fired) is { } failed)
        {
            throw Failure(seed, $"with {fired.Count} faults", only ?? (fired.Count > MostFaults ? null : fired), failed);
        }

        Fault[] missing = [.. (only ?? []).Except(fired)];
        if (missing.Length > 0)
        {
            Console.Error.WriteLine(
                $"{Variable}: seed {seed} does not fail, and of the faults asked for these did not come about: {string.Join(',', missing)}");
        }
    }

    private static FailedRun? Try(Action<SimulatedNetwork> scenario, SimulationOptions options, int seed, IReadOnlyCollection<Fault>? only) =>
        Try(scenario, options, seed, only, out _);

    private static FailedRun? Try(
        Action<SimulatedNetwork> scenario,
        SimulationOptions options,
        int seed,
        IReadOnlyCollection<Fault>? only,
        out IReadOnlyList<Fault> fired)
    {
        using var network = new SimulatedNetwork(seed, only) { Faults = options.Faults };
        fired = network.Fired;
        try
        {
            scenario(network);
            network.ThrowUncaught();
            return null;
        }
        catch (Exception error)
        {
            return new FailedRun(error, network.Fired, network.Transcript.Last(LastLines));
        }
    }

    /// <param name="seed">The seed.</param>
    /// <param name="how">What has to be said about it.</param>
    /// <param name="faults">With which it can be had again; null for those of the seed.</param>
    /// <param name="run">How it failed.</param>
    private static SimulationException Failure(int seed, string how, IEnumerable<Fault>? faults, FailedRun run)
    {
        string which = seed.ToString(CultureInfo.InvariantCulture) + (faults is null ? "" : $"/{string.Join(',', faults)}");
        string problem = (run.Error as SimulationException)?.Problem ?? run.Error.Message;
        return new SimulationException(
            FormattableString.Invariant($"Seed {seed} fails, {how}. To have it again, in this test alone: {Variable}={which}\n")
            + $"{problem}\n{run.Transcript}",
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
