using System.Net;

namespace Asyncore.Forwarding;

/// <summary>A target as it is now: where it is, how it does, and who uses it. Outlives a reload that keeps it.</summary>
internal sealed class Target(TargetOptions options)
{
    private long _connects;
    private long _failures;
    private int _active;
    private bool _isResting;

    public TargetOptions Options { get; set; } = options;

    /// <summary>Where it is, as far as that is known: a name may not have been resolved yet.</summary>
    public IReadOnlyList<EndPoint> Addresses { get; set; } = options.Address is DnsEndPoint ? [] : [options.Address];

    /// <summary>Resolves its name; null where it has none.</summary>
    public NameWatch? Name { get; set; }

    /// <summary>Tries it again while it rests.</summary>
    public TimerHandle? RestTimer { get; set; }

    /// <summary>What it has over the others' turns (smooth weighted round robin).</summary>
    public int Credit { get; set; }

    // Read by whoever collects counters, on any thread.

    /// <summary>It has failed, and gets no connections that another can have.</summary>
    public bool IsResting
    {
        get => Volatile.Read(ref _isResting);
        set => Volatile.Write(ref _isResting, value);
    }

    /// <summary>Connections now, those being made among them.</summary>
    public int Active
    {
        get => Volatile.Read(ref _active);
        set => Volatile.Write(ref _active, value);
    }

    public long Connects
    {
        get => Volatile.Read(ref _connects);
        set => Volatile.Write(ref _connects, value);
    }

    public long Failures
    {
        get => Volatile.Read(ref _failures);
        set => Volatile.Write(ref _failures, value);
    }
}
