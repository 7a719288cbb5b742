namespace Asyncore.Testing;

// Hosts that cannot reach each other for a while: what is sent meanwhile arrives afterwards, as TCP sends it again.
public sealed partial class SimulatedNetwork
{
    private readonly HashSet<(SimulatedHost, SimulatedHost)> _cuts = [];
    private readonly List<(SimulatedHost A, SimulatedHost B, Action Arrive)> _held = [];

    internal bool IsAnyCut => _cuts.Count > 0;

    /// <summary>Cuts two hosts off from each other, both ways. Neither is told.</summary>
    /// <param name="a">One's name.</param>
    /// <param name="b">The other's.</param>
    /// <exception cref="ArgumentException">There is no such host, or both are the same.</exception>
    public void Partition(string a, string b)
    {
        (SimulatedHost A, SimulatedHost B) pair = Pair(Existing(a), Existing(b));
        if (pair.A == pair.B)
        {
            throw new ArgumentException($"A host reaches itself: {a}.", nameof(b));
        }

        _cuts.Add(pair);
        Transcript.Add($"{a} and {b} are cut off from each other");
    }

    /// <summary>Ends <see cref="Partition"/>: what had been sent on streams arrives; datagrams were lost.</summary>
    /// <param name="a">One's name.</param>
    /// <param name="b">The other's.</param>
    /// <exception cref="ArgumentException">There is no such host.</exception>
    public void Heal(string a, string b)
    {
        if (!_cuts.Remove(Pair(Existing(a), Existing(b))))
        {
            return;
        }

        Transcript.Add($"{a} and {b} reach each other again");
        (SimulatedHost A, SimulatedHost B, Action Arrive)[] all = [.. _held];
        _held.Clear();
        foreach ((SimulatedHost one, SimulatedHost other, Action arrive) in all)
        {
            if (IsCut(one, other))
            {
                _held.Add((one, other, arrive));
            }
            else
            {
                arrive();
            }
        }
    }

    internal bool IsCut(SimulatedHost a, SimulatedHost b) => _cuts.Count > 0 && _cuts.Contains(Pair(a, b));

    internal void Hold(SimulatedHost a, SimulatedHost b, Action arrive) => _held.Add((a, b, arrive));

    private SimulatedHost Existing(string name) => _hosts.TryGetValue(name, out SimulatedHost? host) ? host
        : throw new ArgumentException($"There is no host {name} yet. There are: {string.Join(", ", _hosts.Keys)}.", nameof(name));

    private static (SimulatedHost, SimulatedHost) Pair(SimulatedHost a, SimulatedHost b) =>
        string.CompareOrdinal(a.Name, b.Name) <= 0 ? (a, b) : (b, a);
}
