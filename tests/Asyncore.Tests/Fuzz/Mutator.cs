namespace Asyncore.Tests.Fuzz;

/// <summary>Makes inputs out of others by small damage; the same random numbers make the same input.</summary>
internal static class Mutator
{
    private const int MaxLength = 4096;

    // Line ends, and where lengths and signs turn over.
    private static readonly byte[] _telling = [0, 1, 7, 8, 9, 10, 13, 32, 0x7F, 0x80, 0xFE, 0xFF];

    /// <summary>Changes an input in one place to four, or puts it together with another one.</summary>
    public static byte[] Mutate(byte[] input, Random random, IReadOnlyList<byte[]> corpus)
    {
        byte[] result = input;
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            result = Change(result, random, corpus);
        }

        return result.Length <= MaxLength ? result : result[..MaxLength];
    }

    private static byte[] Change(byte[] input, Random random, IReadOnlyList<byte[]> corpus)
    {
        int start = random.Next(input.Length + 1);
        int end = random.Next(start, Math.Min(input.Length, start + 32) + 1);
        byte[] piece = input[start..end];
        switch (random.Next(7))
        {
            case 0: // take out
                return [.. input[..start], .. input[end..]];
            case 1: // say twice or more
                return [.. input[..end], .. Enumerable.Repeat(piece, random.Next(1, 5)).SelectMany(each => each), .. input[end..]];
            case 2: // put somewhere else
                int to = random.Next(input.Length + 1);
                return [.. input[..to], .. piece, .. input[to..]];
            case 3: // say something else
                random.NextBytes(piece);
                return [.. input[..start], .. piece, .. input[end..]];
            case 4: // flip a bit
                byte[] flipped = [.. input];
                if (start < input.Length)
                {
                    flipped[start] ^= (byte)(1 << random.Next(8));
                }

                return flipped;
            case 5: // insert
                return [.. input[..start], _telling[random.Next(_telling.Length)], .. input[start..]];
            default: // go on as another one does
                byte[] other = corpus.Count == 0 ? input : corpus[random.Next(corpus.Count)];
                return [.. input[..start], .. other[random.Next(other.Length + 1)..]];
        }
    }
}
