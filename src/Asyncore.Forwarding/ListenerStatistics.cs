namespace Asyncore.Forwarding;

/// <summary>What a listener has done since it was opened. Written by the loop, read by any thread.</summary>
public sealed class ListenerStatistics
{
    private static readonly int _reasons = Enum.GetValues<RefusalReason>().Length;

    private readonly long[] _refused = new long[_reasons];
    private long _accepted;
    private long _active;
    private long _toTarget;
    private long _toClient;

    private readonly TargetPool _pool;

    internal ListenerStatistics(string name, TargetPool pool)
    {
        Name = name;
        _pool = pool;
    }

    /// <summary>The listener's name.</summary>
    public string Name { get; internal set; }

    /// <summary>How its targets do, in the order of the options.</summary>
    public IReadOnlyList<TargetStatistics> Targets => [.. _pool.Targets.Select(each => new TargetStatistics(
        EndPointText.Format(each.Options.Address), each.IsResting, each.Active, each.Connects, each.Failures))];

    /// <summary>Connections let in.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections that have not ended.</summary>
    public long Active => Volatile.Read(ref _active);

    /// <summary>Bytes that clients sent.</summary>
    public long BytesToTargets => Volatile.Read(ref _toTarget);

    /// <summary>Bytes that targets sent.</summary>
    public long BytesToClients => Volatile.Read(ref _toClient);

    /// <summary>Connections sent away.</summary>
    public long RefusedInAll => _refused.Sum();

    /// <summary>Connections sent away for one reason.</summary>
    /// <param name="reason">The reason.</param>
    public long RefusedFor(RefusalReason reason) => Volatile.Read(ref _refused[(int)reason]);

    internal void Refused(RefusalReason reason) => Volatile.Write(ref _refused[(int)reason], _refused[(int)reason] + 1);

    internal void Entered()
    {
        Volatile.Write(ref _accepted, _accepted + 1);
        Volatile.Write(ref _active, _active + 1);
    }

    internal void Left() => Volatile.Write(ref _active, _active - 1);

    internal void AddToTarget(int count) => Volatile.Write(ref _toTarget, _toTarget + count);

    internal void AddToClient(int count) => Volatile.Write(ref _toClient, _toClient + count);
}

/// <summary>How a target does.</summary>
/// <param name="Address">Where it is, as configured.</param>
/// <param name="IsResting">Whether it has failed and not been seen to work since.</param>
/// <param name="Active">Connections now, those being made among them.</param>
/// <param name="Connects">Connections made.</param>
/// <param name="Failures">Connections that could not be made, probes among them.</param>
public readonly record struct TargetStatistics(string Address, bool IsResting, int Active, long Connects, long Failures);
