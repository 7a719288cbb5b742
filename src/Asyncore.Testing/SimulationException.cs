namespace Asyncore.Testing;

/// <summary>A simulation did not do what was expected of it. The message has the seed, and the last of what happened.</summary>
public class SimulationException : Exception
{
    private const int LastLines = 40;

    /// <summary>The message without what happened before; null where it has none of that.</summary>
    internal string? Problem { get; }

    /// <summary>Makes one.</summary>
    /// <param name="message">What is wrong.</param>
    public SimulationException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="inner">Why.</param>
    public SimulationException(string message, Exception? inner)
        : base(message, inner)
    {
    }

    /// <summary>Makes one without a message.</summary>
    public SimulationException()
    {
    }

    internal SimulationException(string message, SimulatedNetwork network, Exception? inner = null)
        : base($"{message}\nSeed {network.Seed}, after {network.Now} of the network's time:\n{network.Transcript.Last(LastLines)}", inner) =>
        Problem = message;
}
