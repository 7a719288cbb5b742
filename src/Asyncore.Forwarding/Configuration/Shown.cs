using System.Globalization;
using System.Text;

namespace Asyncore.Forwarding;

/// <summary>What somebody else wrote, as it may stand in a message of one line.</summary>
internal static class Shown
{
    private const int Longest = 60;

    /// <summary>The text in single quotes; what is long is cut, and what does not print is escaped.</summary>
    public static string Quoted(string text) => $"'{Plain(text)}'";

    /// <summary>The same without quotes.</summary>
    public static string Plain(string text)
    {
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length >= Longest)
            {
                return shown.Append('…').ToString();
            }

            if (Prints(rune))
            {
                shown.Append(rune);
            }
            else
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
        }

        return shown.ToString();
    }

    // Marks of direction would show a message in another order than it was written in.
    private static bool Prints(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.OtherNotAssigned);
}
