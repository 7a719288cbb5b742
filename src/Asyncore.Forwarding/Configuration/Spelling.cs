namespace Asyncore.Forwarding;

/// <summary>Finds the word that was meant.</summary>
internal static class Spelling
{
    private const int LongestWord = 50;
    private const int LettersForEachSlip = 3;

    /// <summary>The word that differs least, letters of either case being the same; null where none is near.</summary>
    public static string? Nearest(string written, IEnumerable<string> words)
    {
        if (written.Length > LongestWord)
        {
            return null;
        }

        (string Word, int Slips) nearest = words
            .Select(word => (word, CountSlips(written.ToUpperInvariant(), word.ToUpperInvariant())))
            .MinBy(each => each.Item2);
        return nearest.Slips <= Math.Max(1, written.Length / LettersForEachSlip) ? nearest.Word : null;
    }

    // Letters to add, drop, change, or swap with the next one (optimal string alignment).
    private static int CountSlips(string first, string second)
    {
        int[,] slips = new int[first.Length + 1, second.Length + 1];
        for (int i = 0; i <= first.Length; i++)
        {
            for (int j = 0; j <= second.Length; j++)
            {
                slips[i, j] = i == 0 || j == 0 ? i + j : Math.Min(
                    Math.Min(slips[i - 1, j], slips[i, j - 1]) + 1,
                    slips[i - 1, j - 1] + (first[i - 1] == second[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1])
                {
                    slips[i, j] = Math.Min(slips[i, j], slips[i - 2, j - 2] + 1);
                }
            }
        }

        return slips[first.Length, second.Length];
    }
}
