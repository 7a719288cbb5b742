namespace Asyncore.Tests.Churn;

/// <summary>What visitors of a chat room say: lines that follow from who says them, so that everybody can check them.</summary>
internal static class ChatText
{
    private const int Rooms = 20;
    private const int Longest = 600; // longer than what a room copies, and shorter than what it refuses

    private static readonly string _letters = Letters(4 * Longest);

    public static string NameOf(long speaker) => $"v{speaker}";

    public static string RoomOf(long speaker) => $"r{speaker % Rooms}";

    /// <summary>A line as it is said.</summary>
    public static string Line(long speaker, int index)
    {
        int start = (int)(((speaker * 31) + (index * 17)) % (_letters.Length - Longest));
        int length = (int)(((speaker * 7) + (index * 131)) % Longest) + 1;
        return $"{speaker}.{index} {_letters.AsSpan(start, length)}";
    }

    /// <summary>Whose line it is that was heard, and which of his; null where it is none, or not as he said it.</summary>
    public static (long Speaker, int Index)? Read(string heard)
    {
        int colon = heard.IndexOf(": ", StringComparison.Ordinal);
        int dot = heard.IndexOf('.', Math.Max(colon, 0));
        int blank = heard.IndexOf(' ', Math.Max(dot, 0));
        if (colon < 0 || dot < 0 || blank < 0
            || !long.TryParse(heard.AsSpan((colon + 2)..dot), out long speaker)
            || !int.TryParse(heard.AsSpan((dot + 1)..blank), out int index))
        {
            return null;
        }

        return heard == $"{NameOf(speaker)}: {Line(speaker, index)}" ? (speaker, index) : null;
    }

    private static string Letters(int length)
    {
        var random = new Random(1);
        return string.Concat(Enumerable.Range(0, length).Select(_ => (char)random.Next('a', 'z' + 1)));
    }
}
