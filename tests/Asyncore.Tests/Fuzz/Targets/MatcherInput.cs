namespace Asyncore.Tests.Fuzz;

/// <summary>
/// What an input of the matcher's fuzz test means. Any bytes mean something: one of options, one of how many
/// terminators, each a length and its bytes, one of how many cuts, so many sizes of pieces, and the stream, which is the
/// rest.
/// </summary>
internal sealed class MatcherInput
{
    private const int MaxTerminators = 6;
    private const int MaxTerminatorLength = 40; // past eight the matcher goes another way
    private const int MaxCuts = 16;
    private const int MaxStream = 600;

    private readonly byte[] _input;
    private int _at;

    public MatcherInput(byte[] input)
    {
        _input = input;
        byte options = Next();

        // Few letters make what bytes taken at random never do: terminators that nearly fit, and fit into each other.
        byte letters = ((options >> 2) & 3) switch
        {
            0 => 0xFF,
            1 => 1,
            2 => 3,
            _ => 7,
        };
        KeepsTerminator = (options & 1) != 0;
        MaxLength = (options & 2) != 0 ? (options >> 4) + 1 : 0;
        Terminators = new byte[(Next() % MaxTerminators) + 1][];
        for (int i = 0; i < Terminators.Length; i++)
        {
            Terminators[i] = Take((Next() % MaxTerminatorLength) + 1, letters);
            if (Terminators[i].Length == 0)
            {
                Terminators[i] = [(byte)i];
            }
        }

        Cuts = Take(Next() % MaxCuts, letters: 0x1F);
        Stream = Take(MaxStream, letters);
    }

    public bool KeepsTerminator { get; }

    /// <summary>The longest item; 0 for any length.</summary>
    public int MaxLength { get; }

    public byte[][] Terminators { get; }

    public byte[] Stream { get; }

    /// <summary>Sizes of pieces, over and over; a size of zero is a piece of nothing.</summary>
    public byte[] Cuts { get; }

    private byte Next() => _at < _input.Length ? _input[_at++] : (byte)0;

    private byte[] Take(int count, byte letters)
    {
        byte[] taken = _input[_at..Math.Min(_at + count, _input.Length)];
        _at += taken.Length;
        return Array.ConvertAll(taken, each => (byte)(each & letters));
    }
}
