namespace Asyncore.Tests.Fuzz;

/// <summary>Changes an input a little, as a fuzzer does: the same seed makes the same input.</summary>
internal static class Mutator
{
    private const int MostChanges = 8;
    private const int MostRepeats = 300;

    // Ends of lines, of strings, of numbers, and what parsers look for.
    private static readonly byte[] _telling = [.. "\0\t\n\r .:<>@\"\\[]=-+,;09AZaz\u007f"u8, 0x80, 0xC3, 0xFF];

    /// <summary>A changed copy of an input.</summary>
    /// <param name="input">What to change.</param>
    /// <param name="random">Chooses the changes.</param>
    /// <param name="corpus">Other inputs, which parts are taken from.</param>
    public static byte[] Mutate(byte[] input, Random random, IReadOnlyList<byte[]> corpus)
    {
        byte[] result = input;
        for (int i = random.Next(1, MostChanges + 1); i > 0; i--)
        {
            result = Change(result, random, corpus);
        }

        return result;
    }

    private static byte[] Change(byte[] input, Random random, IReadOnlyList<byte[]> corpus)
    {
        Range part = Part(input, random);
        byte[] before = input[..part.Start];
        byte[] after = input[part.End..];
        return random.Next(9) switch
        {
            0 => input.Length == 0 ? input : Flip(input, random),
            1 => [.. before, Telling(random), .. input[part.Start..]],
            2 => [.. before, .. after],
            3 => [.. before, Telling(random), .. after],
            4 => [.. input[..part.End], .. input[part.Start..]],
            5 => [.. before, .. Repeat(input[part], random), .. after],
            6 when corpus.Count > 0 => [.. before, .. Donated(corpus, random), .. input[part.Start..]],
            7 when corpus.Count > 0 => [.. before, .. Donated(corpus, random)],
            _ => SwapLines(input, random),
        };
    }

    private static byte Telling(Random random) => _telling[random.Next(_telling.Length)];

    private static Range Part(byte[] input, Random random)
    {
        int start = random.Next(input.Length + 1);

        // Mostly short: what breaks a parser is seldom more than a token.
        int most = random.Next(4) == 0 ? input.Length - start : Math.Min(8, input.Length - start);
        return start..(start + random.Next(most + 1));
    }

    private static byte[] Flip(byte[] input, Random random)
    {
        byte[] result = [.. input];
        result[random.Next(result.Length)] ^= (byte)(1 << random.Next(8));
        return result;
    }

    private static IEnumerable<byte> Repeat(byte[] part, Random random) =>
        Enumerable.Repeat(part, random.Next(2, part.Length > 16 ? 4 : MostRepeats)).SelectMany(each => each);

    private static byte[] Donated(IReadOnlyList<byte[]> corpus, Random random)
    {
        byte[] donor = corpus[random.Next(corpus.Count)];
        return donor[Part(donor, random)];
    }

    private static byte[] SwapLines(byte[] input, Random random)
    {
        const byte LineFeed = 10;

        List<byte[]> lines = [[]];
        foreach (byte each in input)
        {
            lines[^1] = [.. lines[^1], each];
            if (each == LineFeed)
            {
                lines.Add([]);
            }
        }

        int first = random.Next(lines.Count);
        int second = random.Next(lines.Count);
        (lines[first], lines[second]) = (lines[second], lines[first]);
        return [.. lines.SelectMany(line => line)];
    }
}
