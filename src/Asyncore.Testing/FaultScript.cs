namespace Asyncore.Testing;

/// <summary>
/// Decides what goes wrong, by probability or by a list, and remembers what did.
/// </summary>
internal sealed class FaultScript(ulong seed, IReadOnlyCollection<Fault>? only)
{
    private readonly Chance _chance = new(seed);
    private readonly HashSet<Fault>? _only = only is null ? null : [.. only];
    private readonly List<Fault> _fired = [];

    /// <summary>How likely what is.</summary>
    public NetworkFaults Faults { get; set; } = NetworkFaults.None;

    /// <summary>What has gone wrong so far, in order.</summary>
    public IReadOnlyList<Fault> Fired => _fired;

    /// <summary>Told of each as it happens.</summary>
    public Action<Fault>? Told { get; set; }

    /// <summary>Whether something goes wrong now.</summary>
    /// <param name="kind">What could.</param>
    /// <param name="who">The socket or loop.</param>
    /// <param name="count">How often it could have before; counted on.</param>
    public bool Happens(FaultKind kind, long who, ref long count)
    {
        double probability = Faults.Of(kind);
        if (probability <= 0)
        {
            return false;
        }

        var fault = new Fault(kind, who, count++);
        bool happens = _only?.Contains(fault) ?? _chance.Happens(probability, kind, who, fault.Count);
        if (happens)
        {
            _fired.Add(fault);
            Told?.Invoke(fault);
        }

        return happens;
    }

    /// <summary>Of a number, a part: what a fault leaves of it.</summary>
    public int PartOf(int whole, FaultKind kind, long who, long count) =>
        Chance.Part(_chance.Bits(kind, who, count), whole);

    /// <summary>How long a segment takes.</summary>
    public TimeSpan Delay(long who, long count)
    {
        TimeSpan jitter = Faults.Jitter;
        return jitter == TimeSpan.Zero
            ? Faults.Latency
            : Faults.Latency + (jitter * Chance.Fraction(_chance.Bits(FaultKind.Jitter, who, count)));
    }

    /// <summary>Puts a list into an order of chance (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> list, long who, long count)
    {
        for (int i = list.Length - 1; i > 0; i--)
        {
            int other = (int)(_chance.Bits(FaultKind.Reordering, who, (count << 16) + i) % (ulong)(i + 1));
            (list[i], list[other]) = (list[other], list[i]);
        }
    }

    /// <summary>An index below a limit.</summary>
    public int Pick(int limit, FaultKind kind, long who, long count) =>
        (int)(_chance.Bits(kind, who, ~count) % (ulong)limit);
}
