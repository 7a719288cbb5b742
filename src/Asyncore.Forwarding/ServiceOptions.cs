namespace Asyncore.Forwarding;

/// <summary>What a <see cref="ForwardService"/> does: all its listeners, and what holds for them together.</summary>
public sealed record ServiceOptions
{
    /// <summary>The listeners; no two of the same address.</summary>
    public required ValueList<ListenerOptions> Listeners { get; init; }

    /// <summary>How long connections may go on when the service stops. 30 s.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
