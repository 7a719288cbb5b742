namespace Asyncore.Tests.Fuzz;

/// <summary>Makes inputs from inputs: the same ones from the same random numbers.</summary>
public static class Mutator
{
    private const int MaxLength = 64 * 1024;

    /// <summary>Changes an input in one to four places, also by pieces of others.</summary>
    /// <param name="input">What to change; it stays as it is.</param>
    /// <param name="random">What decides.</param>
    /// <param name="corpus">The others.</param>
    /// <returns>A new array, of 64 KiB at most.</returns>
    public static byte[] Mutate(byte[] input, Random random, IReadOnlyList<byte[]> corpus)
    {
        byte[] result = [.. input];
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            int start = random.Next(result.Length + 1);
            int end = random.Next(start, Math.Min(result.Length, start + 64) + 1);
            byte[] piece = result[start..end];
            result = random.Next(7) switch
            {
                0 => [.. result[..start], .. result[end..]],
                1 => [.. result[..end], .. piece, .. result[end..]],
                2 => [.. result[..start], .. Bytes(random, random.Next(1, 9)), .. result[start..]],
                3 => [.. result[..start], .. Bytes(random, piece.Length), .. result[end..]],
                4 => [.. result[..start], .. Flip(random, piece), .. result[end..]],
                5 when corpus.Count > 0 => [.. result[..start], .. Piece(random, corpus), .. result[end..]],
                _ => result[..end],
            };
        }

        return result.Length > MaxLength ? result[..MaxLength] : result;
    }

    private static byte[] Piece(Random random, IReadOnlyList<byte[]> corpus)
    {
        byte[] other = corpus[random.Next(corpus.Count)];
        int start = random.Next(other.Length + 1);
        return other[start..random.Next(start, other.Length + 1)];
    }

    private static byte[] Flip(Random random, byte[] piece) =>
        [.. piece.Select(each => (byte)(each ^ (1 << random.Next(8))))];

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
