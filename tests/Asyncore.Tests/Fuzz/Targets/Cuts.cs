namespace Asyncore.Tests.Fuzz;

/// <summary>Cuts an input into pieces, as a network may.</summary>
internal static class Cuts
{
    private const int LongestPiece = 40;

    /// <summary>The pieces, in order. None of them is empty; often each is a single byte.</summary>
    public static IEnumerable<byte[]> Of(byte[] input, Random random)
    {
        int most = random.Next(4) == 0 ? 1 : random.Next(1, LongestPiece);
        for (int at = 0; at < input.Length;)
        {
            int length = Math.Min(random.Next(1, most + 1), input.Length - at);
            yield return input[at..(at + length)];
            at += length;
        }
    }
}
