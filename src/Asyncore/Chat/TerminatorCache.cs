using System.Diagnostics.CodeAnalysis;

namespace Asyncore;

/// <summary>
/// The matchers that a loop's chats use, each made once: programs set the same few terminators for every item and every
/// connection.
/// </summary>
internal sealed class TerminatorCache
{
    // A program that makes terminators up (MIME boundaries) must not fill the memory with them.
    private const int Limit = 256;

    private readonly Dictionary<byte[], TerminatorMatcher> _single = new(Comparer.Instance);
    private readonly Dictionary<byte[], TerminatorMatcher>.AlternateLookup<ReadOnlySpan<byte>> _bySpan;
    private readonly List<TerminatorMatcher> _several = [];

    public TerminatorCache() => _bySpan = _single.GetAlternateLookup<ReadOnlySpan<byte>>();

    public TerminatorMatcher Get(ReadOnlySpan<byte> terminator)
    {
        if (_bySpan.TryGetValue(terminator, out TerminatorMatcher? known))
        {
            return known;
        }

        if (_single.Count == Limit)
        {
            _single.Clear();
        }

        byte[] copy = terminator.ToArray();
        return _single[copy] = new TerminatorMatcher([copy]);
    }

    public TerminatorMatcher Get(byte[][] terminators)
    {
        foreach (TerminatorMatcher each in _several)
        {
            if (each.Is(terminators))
            {
                return each;
            }
        }

        if (_several.Count == Limit / 16)
        {
            _several.Clear();
        }

        var matcher = new TerminatorMatcher(terminators);
        _several.Add(matcher);
        return matcher;
    }

    private sealed class Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly Comparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
