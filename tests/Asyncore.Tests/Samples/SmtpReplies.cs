using System.Text;
using Asyncore.Tests.Fuzz;

namespace Asyncore.Tests.Samples;

/// <summary>What an SMTP server says.</summary>
internal static class SmtpReplies
{
    private const int LongestLine = 510;

    /// <summary>Cuts a stream into replies, which must be as RFC 5321 (4.2, 4.5.3.1.5) has them.</summary>
    /// <returns>Of each reply the last line.</returns>
    public static string[] Parse(byte[] stream)
    {
        string text = Encoding.Latin1.GetString(stream);
        Property.Holds(text.Length == 0 || text.EndsWith("\r\n", StringComparison.Ordinal), "a reply is cut short");
        var replies = new List<string>();
        string? code = null;
        foreach (string line in text.Split("\r\n")[..^1])
        {
            Property.Holds(IsReply(line), line);
            Property.Holds(code is null || line.StartsWith(code, StringComparison.Ordinal), "another code in a reply");
            code = line[3] == '-' ? line[..3] : null;
            if (code is null)
            {
                replies.Add(line);
            }
        }

        Property.Holds(code is null, "the last reply has ended");
        return [.. replies];
    }

    public static string Codes(IEnumerable<string> replies) => string.Join(' ', replies.Select(reply => reply[..3]));

    private static bool IsReply(string line) =>
        line.Length is >= 4 and <= LongestLine
        && line[0] is >= '2' and <= '5' && char.IsAsciiDigit(line[1]) && char.IsAsciiDigit(line[2])
        && line[3] is ' ' or '-'
        && !line.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
