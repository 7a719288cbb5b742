using System.Globalization;

namespace Asyncore.Forwarding;

/// <summary>
/// What may be said in a file and on a command line alike. Each gives what is wrong with a text, in words that follow the
/// text; null where nothing is.
/// </summary>
internal static class ValueText
{
    // What timers of every TimeProvider take: 2^31 ms are 24.8 days.
    private static readonly TimeSpan _longest = TimeSpan.FromDays(24);

    /// <summary>A duration, which may be zero.</summary>
    public static string? ReadDuration(string text, out TimeSpan value) =>
        !Quantity.TryParseDuration(text, out value) ? "is not a duration such as 250ms, 5s or 2m"
        : value > _longest ? $"is longer than {Quantity.FormatDuration(_longest)}"
        : null;

    /// <summary>A duration above zero.</summary>
    public static string? ReadPeriod(string text, out TimeSpan value) =>
        ReadDuration(text, out value) ?? (value > TimeSpan.Zero ? null : "is not a duration above zero");

    public static string? ReadBytes(string text, long least, long most, out long value) =>
        !Quantity.TryParseBytes(text, out value) ? "is not a size such as 100B, 64KB or 64KiB"
        : value < least ? $"is less than {Quantity.FormatBytes(least)}"
        : value > most ? $"is more than {Quantity.FormatBytes(most)}"
        : null;

    public static string? ReadRate(string text, out long value) =>
        !Quantity.TryParseRate(text, out value) ? "is not a rate such as 1MB/s or 500KiB/s"
        : value > 0 ? null
        : "is not a rate above zero";

    public static string? ReadInteger(string text, int least, int most, out int value) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
        && value >= least
        && value <= most
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"is not a whole number from {least} to {most}");

    public static string? ReadOneOf<T>(string text, (string Name, T Value)[] choices, out T value)
    {
        int index = Array.FindIndex(choices, choice => choice.Name == text);
        value = index < 0 ? default! : choices[index].Value;
        return index < 0 ? $"is not one of {string.Join(", ", choices.Select(each => each.Name))}" : null;
    }
}
