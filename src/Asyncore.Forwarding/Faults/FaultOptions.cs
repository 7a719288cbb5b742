namespace Asyncore.Forwarding;

/// <summary>What goes wrong on purpose in one direction of every connection. Nothing, as it is made.</summary>
public sealed record FaultOptions
{
    /// <summary>How long bytes are held back before they are passed on.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How much longer, or shorter, at random; bytes never overtake each other.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Bytes per second of each connection; null is as fast as it goes.</summary>
    public long? Bandwidth { get; init; }

    /// <summary>Bytes are passed on in pieces of so many, each by a send of its own; null leaves them together.</summary>
    public int? Slice { get; init; }

    /// <summary>Both sides are closed after so many bytes of this direction; null never.</summary>
    public long? CutAfter { get; init; }

    /// <summary>Both sides are reset so long after the connection was accepted; null never.</summary>
    public TimeSpan? ResetAfter { get; init; }

    /// <summary>Nothing is passed on, and nobody is told.</summary>
    public bool Stall { get; init; }

    /// <summary>What chance begins with: the same seed gives the same faults to the same connections in turn.</summary>
    public int Seed { get; init; }

    /// <summary>Whether anything goes wrong at all.</summary>
    public bool IsNone => this with { Seed = 0 } == _none;

    private static readonly FaultOptions _none = new();
}
