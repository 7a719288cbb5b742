using System.Net;
using System.Text.Json;

namespace Asyncore.Forwarding;

/// <summary>Values of a file as what they stand for; each throws where it is something else.</summary>
internal static class ValueReading
{
    private delegate string? TextReader<T>(string text, out T value);

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
        Read(value, value.IsNumber, (string text, out int number) => ValueText.ReadInteger(text, least, most, out number));

    public static int AsCount(this ConfigurationValue value) => value.AsInteger(least: 1);

    /// <summary>A duration, which may be zero.</summary>
    public static TimeSpan AsDuration(this ConfigurationValue value) =>
        Read<TimeSpan>(value, value.IsText, ValueText.ReadDuration);

    /// <summary>A duration above zero.</summary>
    public static TimeSpan AsPeriod(this ConfigurationValue value) =>
        Read<TimeSpan>(value, value.IsText, ValueText.ReadPeriod);

    public static long AsBytes(this ConfigurationValue value, long least, long most = long.MaxValue) =>
        Read(
            value,
            value.IsText || value.IsNumber,
            (string text, out long bytes) => ValueText.ReadBytes(text, least, most, out bytes));

    public static long AsRate(this ConfigurationValue value) => Read<long>(value, value.IsText, ValueText.ReadRate);

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

    public static T AsOneOf<T>(this ConfigurationValue value, (string Name, T Value)[] choices) =>
        Read(value, value.IsText, (string text, out T choice) => ValueText.ReadOneOf(text, choices, out choice));

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

    // An empty text is none of these: what is of another kind is refused with the words for one that cannot be read.
    private static T Read<T>(ConfigurationValue value, bool isOfItsKind, TextReader<T> read) =>
        read(isOfItsKind ? value.Text : string.Empty, out T result) is { } problem
            ? throw value.Error($"{value.Shape} {problem}")
            : result;
}
