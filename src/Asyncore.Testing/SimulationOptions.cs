namespace Asyncore.Testing;

/// <summary>How <see cref="Simulation.Run"/> runs a scenario.</summary>
public sealed record SimulationOptions
{
    /// <summary>How many seeds; 100 at first.</summary>
    public int Seeds { get; init; } = 100;

    /// <summary>The first; the others follow it.</summary>
    public int FirstSeed { get; init; } = 1;

    /// <summary>What goes wrong from the start; <see cref="NetworkFaults.Rough"/> at first. A scenario may change it.</summary>
    public NetworkFaults Faults { get; init; } = NetworkFaults.Rough;

    /// <summary>About how often a failing scenario is run again at most, to find out which faults it needs.</summary>
    public int ShrinkRuns { get; init; } = 500;
}
