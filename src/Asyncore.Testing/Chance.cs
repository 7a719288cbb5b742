namespace Asyncore.Testing;

/// <summary>
/// What chance decides: a function of the seed and of where the question is asked, and of nothing else. What happens to
/// one connection does not shift what happens to another, so leaving a fault out leaves the others where they were.
/// </summary>
internal sealed class Chance(ulong seed)
{
    /// <summary>64 bits for a place: which fault, of which socket, the how-manieth.</summary>
    public ulong Bits(FaultKind kind, long who, long count)
    {
        ulong mixed = Mix(seed ^ ((ulong)kind * 0x9E3779B97F4A7C15));
        mixed = Mix(mixed ^ (ulong)who);
        return Mix(mixed ^ ((ulong)count * 0xD1B54A32D192ED03));
    }

    /// <summary>Whether something of that probability happens there.</summary>
    public bool Happens(double probability, FaultKind kind, long who, long count) =>
        probability > 0 && Fraction(Bits(kind, who, count)) < probability;

    /// <summary>From zero up, below one.</summary>
    public static double Fraction(ulong bits) => (bits >> 11) * (1.0 / (1UL << 53));

    /// <summary>A number from one to a limit, the limit itself left out where there is another.</summary>
    public static int Part(ulong bits, int whole) => whole <= 1 ? whole : 1 + (int)(Mix(bits) % (ulong)(whole - 1));

    // The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
