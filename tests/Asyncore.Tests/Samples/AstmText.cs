using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Asyncore.Tests.Samples;

/// <summary>What is said on a link, control characters by their names. It does without the codec.</summary>
internal static partial class AstmText
{
    private static readonly string[] _names =
    [
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI",
        "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
    ];

    /// <summary>The bytes of a text: <c>&lt;ENQ&gt;</c> is one.</summary>
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(
        Name().Replace(text, match => ((char)Array.IndexOf(_names, match.Groups[1].Value)).ToString()));

    /// <summary>The other way about.</summary>
    public static string Show(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (byte each in bytes)
        {
            text.Append(each < _names.Length ? $"<{_names[each]}>" : (char)each);
        }

        return text.ToString();
    }

    /// <summary>A frame; its text may have named characters.</summary>
    public static string Frame(int number, string text, bool last = true)
    {
        string body = $"{number}{text}{(last ? "<ETX>" : "<ETB>")}";
        int sum = Bytes(body).Sum(each => each) & 0xFF;
        return $"<STX>{body}{sum.ToString("X2", CultureInfo.InvariantCulture)}<CR><LF>";
    }

    [GeneratedRegex("<([A-Z0-9]+)>")]
    private static partial Regex Name();
}
