namespace Asyncore.Tests.Churn;

/// <summary>Visitors that come one after the other, so many at a time. All of it on the thread of their loop.</summary>
internal sealed class Crowd
{
    private static readonly VisitKind[] _kinds = Enum.GetValues<VisitKind>();

    private readonly int _atATime;
    private readonly (VisitKind Kind, int Share)[] _shares;
    private readonly int _allShares;
    private readonly Action<Visit> _begin;
    private readonly HashSet<Visit> _here = [];
    private readonly long[] _ended = new long[_kinds.Length];
    private long _toCome;
    private long _last;

    /// <param name="name">Whose visitors they are.</param>
    /// <param name="atATime">How many there are at once.</param>
    /// <param name="shares">Of how many of them what becomes.</param>
    /// <param name="begin">Makes the connection.</param>
    public Crowd(string name, int atATime, (VisitKind Kind, int Share)[] shares, Action<Visit> begin)
    {
        Name = name;
        _atATime = atATime;
        _shares = shares;
        _allShares = shares.Sum(each => each.Share);
        _begin = begin;
    }

    public string Name { get; }

    /// <summary>Where all their chances come from.</summary>
    public Random Random { get; } = new(1);

    public bool IsEmpty => _here.Count == 0 && _toCome == 0;

    public long Visits => _ended.Sum();

    /// <summary>Visits in which something went wrong, on purpose.</summary>
    public long Faults => Visits - _kinds.Where(Visit.IsQuiet).Sum(kind => _ended[(int)kind]);

    /// <summary>Visits that have ended, by kind.</summary>
    public IEnumerable<Count> Ended =>
        _kinds.Where(kind => _ended[(int)kind] > 0).Select(kind => new Count($"{Name}: {kind}", _ended[(int)kind]));

    /// <summary>Some who are there, for who wonders why.</summary>
    public string Here => string.Join(", ", _here.Take(10).Select(each => $"{each.Number} ({each.Kind})"));

    /// <summary>Lets so many come.</summary>
    public void Come(long visits)
    {
        _toCome = visits;
        Fill();
    }

    /// <summary>Nobody comes any more.</summary>
    public void Rest() => _toCome = 0;

    public void Over(Visit visit)
    {
        _here.Remove(visit);
        _ended[(int)visit.Kind]++;
        Fill();
    }

    private void Fill()
    {
        while (_here.Count < _atATime && _toCome > 0)
        {
            _toCome--;
            var visit = new Visit(this, NextKind(), ++_last);
            _here.Add(visit);
            _begin(visit);
        }
    }

    private VisitKind NextKind()
    {
        int chance = Random.Next(_allShares);
        int next = 0;
        while (chance >= _shares[next].Share)
        {
            chance -= _shares[next++].Share;
        }

        return _shares[next].Kind;
    }
}
