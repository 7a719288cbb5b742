namespace Asyncore.Tests.Fuzz;

/// <summary>
/// Changes an input a little, as a fuzzer does: the same seed makes the same input. Its buffers are used again for each,
/// so it is one thread's.
/// </summary>
/// <param name="corpus">Other inputs, which parts are taken from.</param>
internal sealed class Mutator(byte[][] corpus)
{
    /// <summary>The longest input that it makes.</summary>
    public const int MostBytes = 8 * 1024;

    private const int MostChanges = 8;
    private const int MostRepeats = 300;
    private const byte LineFeed = 10;

    // Ends of lines, of strings, of numbers, and what parsers look for.
    private static readonly byte[] _telling = [.. "\0\t\n\r .:<>@\"\\[]=-+,;09AZaz\u007f"u8, 0x80, 0xC3, 0xFF];

    private readonly byte[] _bytes = new byte[MostBytes];
    private readonly byte[] _copy = new byte[MostBytes];
    private int _length;

    /// <summary>A changed copy of an input.</summary>
    /// <param name="input">What to change.</param>
    /// <param name="random">Chooses the changes.</param>
    public byte[] Mutate(ReadOnlySpan<byte> input, Random random)
    {
        _length = 0;
        Replace(0, 0, input);

        // Mostly few: what is changed everywhere is refused at its beginning.
        for (int i = random.Next(1, random.Next(2, MostChanges + 2)); i > 0; i--)
        {
            Change(random);
        }

        return _bytes[.._length];
    }

    private void Change(Random random)
    {
        (int start, int count) = Part(_length, random);
        switch (random.Next(9))
        {
            case 0:
                Flip(random);
                break;
            case 1:
                Replace(start, 0, [Telling(random)]);
                break;
            case 2:
                Replace(start, count, default);
                break;
            case 3:
                Replace(start, count, [Telling(random)]);
                break;
            case 4:
                Repeat(start, count, 2);
                break;
            case 5:
                Repeat(start, count, Times(count, random));
                break;
            case 6:
                Replace(start, 0, Donated(random));
                break;
            case 7:
                Replace(start, _length - start, Donated(random));
                break;
            default:
                SwapLines(random);
                break;
        }
    }

    private static byte Telling(Random random) => _telling[random.Next(_telling.Length)];

    private static (int Start, int Count) Part(int length, Random random)
    {
        int start = random.Next(length + 1);

        // Mostly short: what breaks a parser is seldom more than a token.
        int most = random.Next(4) == 0 ? length - start : Math.Min(8, length - start);
        return (start, random.Next(most + 1));
    }

    // Seldom often: it is what makes inputs long, and most of what can go wrong goes wrong in short ones.
    private static int Times(int count, Random random) =>
        random.Next(2, count > 16 ? 4 : random.Next(4) == 0 ? MostRepeats : 8);

    private ReadOnlySpan<byte> Donated(Random random)
    {
        byte[] donor = corpus[random.Next(corpus.Length)];
        (int start, int count) = Part(donor.Length, random);
        return donor.AsSpan(start, count);
    }

    // Where it would be too long, what is put in is cut off. It must not lie in the buffer itself.
    private void Replace(int start, int count, ReadOnlySpan<byte> data)
    {
        data = data[..Math.Min(data.Length, MostBytes - (_length - count))];
        _bytes.AsSpan((start + count).._length).CopyTo(_bytes.AsSpan(start + data.Length));
        data.CopyTo(_bytes.AsSpan(start));
        _length += data.Length - count;
    }

    private void Flip(Random random)
    {
        if (_length > 0)
        {
            _bytes[random.Next(_length)] ^= (byte)(1 << random.Next(8));
        }
    }

    private void Repeat(int start, int count, int times)
    {
        int total = Math.Min(count * times, MostBytes);
        for (int done = 0; done < total; done += count)
        {
            _bytes.AsSpan(start, Math.Min(count, total - done)).CopyTo(_copy.AsSpan(done));
        }

        Replace(start, count, _copy.AsSpan(0, total));
    }

    private void SwapLines(Random random)
    {
        int lines = _bytes.AsSpan(0, _length).Count(LineFeed) + 1;
        int one = random.Next(lines);
        int other = random.Next(lines);
        if (one == other)
        {
            return;
        }

        Range first = Line(Math.Min(one, other));
        Range second = Line(Math.Max(one, other));
        byte[] swapped = [.. _bytes[second], .. _bytes[first.End..second.Start], .. _bytes[first]];
        swapped.CopyTo(_bytes.AsSpan(first.Start));
    }

    private Range Line(int number)
    {
        int start = 0;
        for (; number > 0; number--)
        {
            start = EndOfLine(start);
        }

        return start..EndOfLine(start);
    }

    private int EndOfLine(int start)
    {
        int length = _bytes.AsSpan(start.._length).IndexOf(LineFeed) + 1;
        return length == 0 ? _length : start + length;
    }
}
