namespace Asyncore.Bench;

/// <summary>Says on standard error how far it is, one line that is overwritten on a terminal.</summary>
internal static class Progress
{
    public static void Show(string text)
    {
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write($"\r\u001b[K{text}");
        }
    }

    public static void Clear() => Show("");
}
