using System.Globalization;

namespace Asyncore.Forwarding;

/// <summary>
/// Durations, sizes and rates as people write them: a number, with a decimal point where it takes one, and a unit right
/// behind it. KB, MB, GB and TB are powers of 1000; KiB, MiB, GiB and TiB are powers of 1024 (IEC 80000-13). The same
/// in every culture.
/// </summary>
public static class Quantity
{
    private const string PerSecond = "/s";
    private const int LongestNumber = 28; // digits that a decimal holds without rounding

    private static readonly Unit[] _durations =
    [
        new("ms", TimeSpan.TicksPerMillisecond),
        new("s", TimeSpan.TicksPerSecond),
        new("m", TimeSpan.TicksPerMinute),
        new("h", TimeSpan.TicksPerHour),
        new("d", TimeSpan.TicksPerDay),
    ];

    private static readonly Unit[] _sizes =
    [
        new("B", 1),
        new("KB", 1_000),
        new("KiB", 1L << 10),
        new("MB", 1_000_000),
        new("MiB", 1L << 20),
        new("GB", 1_000_000_000),
        new("GiB", 1L << 30),
        new("TB", 1_000_000_000_000),
        new("TiB", 1L << 40),
    ];

    /// <summary>Reads a duration: <c>250ms</c>, <c>1.5s</c>, <c>2m</c>, <c>1h</c>, <c>1d</c>, or <c>0</c>.</summary>
    /// <param name="text">What to read.</param>
    /// <param name="duration">The duration, never below zero.</param>
    /// <returns>False where it is none, has a part of 100 ns, or is too long for a <see cref="TimeSpan"/>.</returns>
    public static bool TryParseDuration(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        bool isDuration = TryParse(text, _durations, out long ticks, out ReadOnlySpan<char> unit)
            && (unit.Length > 0 || text is "0");
        duration = isDuration ? new TimeSpan(ticks) : default;
        return isDuration;
    }

    /// <summary>
    /// Reads a size: <c>100B</c>, <c>64KB</c> (64,000), <c>64KiB</c> (65,536), <c>1.5MB</c>; a plain number is bytes.
    /// </summary>
    /// <param name="text">What to read.</param>
    /// <param name="bytes">The size in bytes, never below zero.</param>
    /// <returns>False where it is none, has a part of a byte, or is more than a <see cref="long"/> holds.</returns>
    public static bool TryParseBytes(ReadOnlySpan<char> text, out long bytes) =>
        TryParse(text, _sizes, out bytes, out _);

    /// <summary>Reads a rate: a size per second, as in <c>1MB/s</c> or <c>500KiB/s</c>.</summary>
    /// <param name="text">What to read.</param>
    /// <param name="bytesPerSecond">The rate in bytes per second, never below zero.</param>
    /// <returns>False where it is none; see <see cref="TryParseBytes"/>.</returns>
    public static bool TryParseRate(ReadOnlySpan<char> text, out long bytesPerSecond)
    {
        bytesPerSecond = 0;
        return text.EndsWith(PerSecond, StringComparison.Ordinal)
            && TryParseBytes(text[..^PerSecond.Length], out bytesPerSecond);
    }

    /// <summary>
    /// A duration as <see cref="TryParseDuration"/> reads it, without a loss: <c>90s</c>, <c>2m</c>, <c>1.5s</c>.
    /// </summary>
    /// <param name="duration">The duration.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is below zero.</exception>
    public static string FormatDuration(TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.Zero);
        if (duration == TimeSpan.Zero)
        {
            return "0";
        }

        long ticks = duration.Ticks;
        for (int i = _durations.Length - 1; i >= 2; i--)
        {
            // Nobody writes 90 seconds as 1.5m; only seconds and less have fractions.
            if (ticks % _durations[i].Size == 0)
            {
                return Text(ticks, _durations[i]);
            }
        }

        return Text(ticks, _durations[ticks >= TimeSpan.TicksPerSecond ? 1 : 0]);
    }

    /// <summary>
    /// A size as <see cref="TryParseBytes"/> reads it, without a loss and in the unit that makes it shortest:
    /// <c>64KB</c>, <c>64KiB</c>, <c>1.5MB</c>, <c>1234B</c>.
    /// </summary>
    /// <param name="bytes">The size in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is below zero.</exception>
    public static string FormatBytes(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        string shortest = Text(bytes, _sizes[0]);
        foreach (Unit unit in _sizes.AsSpan(1))
        {
            bool hasOneDecimal = bytes >= unit.Size && (Int128)bytes * 10 % unit.Size == 0;
            if (hasOneDecimal && Text(bytes, unit) is var text && text.Length <= shortest.Length)
            {
                shortest = text;
            }
        }

        return shortest;
    }

    /// <summary>A rate as <see cref="TryParseRate"/> reads it; see <see cref="FormatBytes"/>.</summary>
    /// <param name="bytesPerSecond">The rate in bytes per second.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is below zero.</exception>
    public static string FormatRate(long bytesPerSecond) => FormatBytes(bytesPerSecond) + PerSecond;

    private static bool TryParse(
        ReadOnlySpan<char> text, ReadOnlySpan<Unit> units, out long value, out ReadOnlySpan<char> unit)
    {
        int end = text.IndexOfAnyExcept("0123456789.");
        ReadOnlySpan<char> number = end < 0 ? text : text[..end];
        unit = text[number.Length..];
        value = 0;
        return number.Length is > 0 and <= LongestNumber
            && number[0] != '.'
            && number[^1] != '.'
            && decimal.TryParse(
                number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal amount)
            && TrySize(units, unit, out long size)
            && TryMultiply(amount, size, out value);
    }

    private static bool TrySize(ReadOnlySpan<Unit> units, ReadOnlySpan<char> name, out long size)
    {
        size = 1;
        foreach (Unit unit in units)
        {
            if (name.SequenceEqual(unit.Name))
            {
                size = unit.Size;
                return true;
            }
        }

        return name.IsEmpty;
    }

    private static bool TryMultiply(decimal amount, long size, out long value)
    {
        value = 0;
        if (amount > (decimal)long.MaxValue / size)
        {
            return false;
        }

        decimal exact = amount * size;
        if (exact != decimal.Truncate(exact) || exact > long.MaxValue)
        {
            return false;
        }

        value = (long)exact;
        return true;
    }

    private static string Text(long value, Unit unit) =>
        ((decimal)value / unit.Size).ToString("0.#######", CultureInfo.InvariantCulture) + unit.Name;

    private readonly record struct Unit(string Name, long Size);
}
