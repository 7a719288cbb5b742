using System.Buffers;
using System.Globalization;
using System.Text;

namespace Asyncore.Protocols;

/// <summary>The character classes of RFC 9110, section 5.6, and how messages quote a peer's bytes.</summary>
internal static class HttpText
{
    private const string TokenCharacters =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private static readonly SearchValues<byte> _tokenBytes =
        SearchValues.Create(Encoding.ASCII.GetBytes(TokenCharacters));

    private static readonly SearchValues<char> _tokenChars = SearchValues.Create(TokenCharacters);

    // Control characters except HTAB: none has a place in a field (RFC 9110, section 5.5).
    private static readonly SearchValues<byte> _controlBytes = SearchValues.Create(
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
         25, 26, 27, 28, 29, 30, 31, 127]);

    public static bool IsToken(ReadOnlySpan<byte> text)
    {
        return !text.IsEmpty && !text.ContainsAnyExcept(_tokenBytes);
    }

    public static bool IsToken(ReadOnlySpan<char> text)
    {
        return !text.IsEmpty && !text.ContainsAnyExcept(_tokenChars);
    }

    public static int IndexOfControl(ReadOnlySpan<byte> text)
    {
        return text.IndexOfAny(_controlBytes);
    }

    public static bool IsBlank(byte value)
    {
        return value is (byte)' ' or (byte)'\t';
    }

    public static ReadOnlySpan<byte> TrimBlanks(ReadOnlySpan<byte> text)
    {
        return text.Trim(" \t"u8);
    }

    /// <summary>A byte as a message names it: <c>0x0D (CR)</c>.</summary>
    public static string NameOf(byte value)
    {
        string hex = "0x" + value.ToString("X2", CultureInfo.InvariantCulture);
        return value switch
        {
            0 => hex + " (NUL)",
            (byte)'\n' => hex + " (LF)",
            (byte)'\r' => hex + " (CR)",
            > 0x20 and < 0x7F => $"{hex} ('{(char)value}')",
            _ => hex,
        };
    }

    /// <summary>
    /// A peer's bytes in quotes, at most <paramref name="max"/> of them, harmless to a
    /// terminal and a log: what is not printable ASCII is written as <c>\xNN</c>.
    /// </summary>
    public static string Quote(ReadOnlySpan<byte> text, int max = 40)
    {
        var quoted = new StringBuilder("'");
        foreach (byte value in text[..Math.Min(text.Length, max)])
        {
            AppendQuoted(quoted, (char)value);
        }

        return quoted.Append(text.Length > max ? "…'" : "'").ToString();
    }

    /// <summary>The same for text, with <c>\uNNNN</c> beyond Latin-1.</summary>
    public static string Quote(string text, int max = 40)
    {
        var quoted = new StringBuilder("'");
        foreach (char value in text.AsSpan(0, Math.Min(text.Length, max)))
        {
            AppendQuoted(quoted, value);
        }

        return quoted.Append(text.Length > max ? "…'" : "'").ToString();
    }

    private static void AppendQuoted(StringBuilder quoted, char value)
    {
        if (value is >= ' ' and < (char)0x7F and not '\\')
        {
            quoted.Append(value);
        }
        else if (value == '\\')
        {
            quoted.Append(@"\\");
        }
        else
        {
            string format = value <= 0xFF ? @"\x{0:X2}" : @"\u{0:X4}";
            quoted.AppendFormat(CultureInfo.InvariantCulture, format, (int)value);
        }
    }
}
