using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Asyncore.Forwarding;

/// <summary>Values of a file as what they stand for; each throws where it is something else.</summary>
internal static class ValueReading
{
    // What timers of every TimeProvider take: 2^31 ms are 24.8 days.
    private static readonly TimeSpan _longest = TimeSpan.FromDays(24);

    public static bool AsFlag(this ConfigurationValue value) => value.Kind switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw value.Error($"{value.Shape} is neither true nor false"),
    };

    public static string AsName(this ConfigurationValue value)
    {
        string name = value.AsText("a name");
        return name.Length is > 0 and <= 100 && !name.Any(char.IsControl)
            ? name
            : throw value.Error($"{value.Shape} is not a name of 1 to 100 characters that print");
    }

    /// <summary>A text of any sort.</summary>
    public static string AsText(this ConfigurationValue value, string what) =>
        value.IsText ? value.Text : throw value.Error($"{value.Shape} is not {what}");

    public static int AsInteger(this ConfigurationValue value, int least, int most = int.MaxValue) =>
        value.Kind == JsonTokenType.Number
        && int.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number)
        && number >= least
        && number <= most
            ? number
            : throw value.Error($"{value.Shape} is not a whole number from {least} to {most}");

    public static int AsCount(this ConfigurationValue value) => value.AsInteger(least: 1);

    /// <summary>A duration, which may be zero.</summary>
    public static TimeSpan AsDuration(this ConfigurationValue value)
    {
        if (!value.IsText || !Quantity.TryParseDuration(value.Text, out TimeSpan duration))
        {
            throw value.Error($"{value.Shape} is not a duration such as 250ms, 5s or 2m");
        }

        return duration <= _longest
            ? duration
            : throw value.Error($"{value.Shape} is longer than {Quantity.FormatDuration(_longest)}");
    }

    /// <summary>A duration above zero.</summary>
    public static TimeSpan AsPeriod(this ConfigurationValue value) =>
        value.AsDuration() is var duration && duration > TimeSpan.Zero
            ? duration
            : throw value.Error($"{value.Shape} is not a duration above zero");

    public static long AsBytes(this ConfigurationValue value, long least, long most = long.MaxValue)
    {
        if (!(value.IsText || value.Kind == JsonTokenType.Number)
            || !Quantity.TryParseBytes(value.Text, out long bytes))
        {
            throw value.Error($"{value.Shape} is not a size such as 100B, 64KB or 64KiB");
        }

        return bytes < least ? throw value.Error($"{value.Shape} is less than {Quantity.FormatBytes(least)}")
            : bytes > most ? throw value.Error($"{value.Shape} is more than {Quantity.FormatBytes(most)}")
            : bytes;
    }

    public static long AsRate(this ConfigurationValue value) =>
        value.IsText && Quantity.TryParseRate(value.Text, out long rate)
            ? rate > 0 ? rate : throw value.Error($"{value.Shape} is not a rate above zero")
            : throw value.Error($"{value.Shape} is not a rate such as 1MB/s or 500KiB/s");

    public static EndPoint AsEndPoint(this ConfigurationValue value, bool listen)
    {
        string text = value.AsText("an address such as 127.0.0.1:80, [::1]:80 or unix:PATH");
        return EndPointText.TryParse(text, listen, out EndPoint? endPoint, out string? problem)
            ? endPoint
            : throw value.Error(problem);
    }

    public static IPNetwork AsNetwork(this ConfigurationValue value)
    {
        string text = value.AsText("a network or address such as 10.0.0.0/8");
        return NetworkText.TryParse(text, out IPNetwork network, out string? problem)
            ? network
            : throw value.Error(problem);
    }

    public static T AsOneOf<T>(this ConfigurationValue value, (string Name, T Value)[] choices)
    {
        int index = value.IsText ? Array.FindIndex(choices, choice => choice.Name == value.Text) : -1;
        return index >= 0
            ? choices[index].Value
            : throw value.Error($"{value.Shape} is not one of {string.Join(", ", choices.Select(each => each.Name))}");
    }

    /// <summary>The items of a list, each read alone.</summary>
    public static ValueList<T> AsList<T>(
        this ConfigurationValue value, string what, Func<ConfigurationValue, T> read) =>
        value.IsList ? [.. value.Children.Select(read)] : throw value.Error($"{value.Shape} is not a list of {what}");

    /// <summary>The same, with one item at least.</summary>
    public static ValueList<T> AsFilledList<T>(
        this ConfigurationValue value, string what, Func<ConfigurationValue, T> read) =>
        value.IsList && value.Children.Count == 0
            ? throw value.Error($"the list is empty; one of {what} is needed at least")
            : value.AsList(what, read);
}
