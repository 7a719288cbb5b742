using System.Text;

namespace Asyncore.Protocols;

/// <summary>
/// The first line of a response (RFC 9112, section 4):
/// <c>HTTP/1.x SP three digits SP reason</c>.
/// </summary>
/// <param name="MinorVersion">The x of HTTP/1.x.</param>
/// <param name="Status">The status code, 100 to 999.</param>
/// <param name="Reason">The reason phrase, often empty.</param>
internal readonly record struct HttpStatusLine(int MinorVersion, int Status, string Reason)
{
    private const int QuotedBytes = 40;

    // "HTTP/1.1 200"
    private const int ShortestLine = 12;

    /// <summary>
    /// Refuses a reply that is not HTTP as soon as enough of it came to be quoted: a peer that
    /// speaks something binary may never send an LF.
    /// </summary>
    public static void CheckStart(ReadOnlySpan<byte> start, bool isAll)
    {
        // One more than is quoted, and one that may turn out to be the CR of the line's end:
        // so the message is the same however the bytes were cut.
        if (!isAll && start.Length < QuotedBytes + 2)
        {
            return;
        }

        ReadOnlySpan<byte> expected = "HTTP/"u8;
        int length = Math.Min(expected.Length, start.Length);
        if (!start[..length].SequenceEqual(expected[..length]))
        {
            throw new HttpStatusLineException(
                $"not an HTTP response: it begins with {HttpText.Quote(start, QuotedBytes)}");
        }
    }

    /// <summary>Parses the line without its line end.</summary>
    public static HttpStatusLine Parse(ReadOnlySpan<byte> line)
    {
        CheckStart(line, isAll: true);
        int control = HttpText.IndexOfControl(line);
        if (control >= 0)
        {
            throw Bad("status line with the control character " + HttpText.NameOf(line[control]), line);
        }

        if (line.Length >= 7 && line[6] == '.' && line[5] != '1')
        {
            throw Bad("HTTP version other than 1.x", line);
        }

        if (line.Length < ShortestLine
            || !line.StartsWith("HTTP/1."u8)
            || !char.IsAsciiDigit((char)line[7])
            || line[8] != ' ')
        {
            throw Bad("malformed status line", line);
        }

        int status = ParseStatus(line);
        string reason = line.Length > ShortestLine ? Encoding.Latin1.GetString(line[(ShortestLine + 1)..]) : "";
        return new HttpStatusLine(line[7] - '0', status, reason.Trim(' ', '\t'));
    }

    private static int ParseStatus(ReadOnlySpan<byte> line)
    {
        int status = 0;
        foreach (byte digit in line[9..ShortestLine])
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                throw Bad("status that is no number of three digits", line);
            }

            status = (10 * status) + digit - '0';
        }

        // The blank before an empty reason is required, and often missing.
        if (status < 100 || (line.Length > ShortestLine && line[ShortestLine] != ' '))
        {
            throw Bad("status that is no number of three digits from 100 on", line);
        }

        return status;
    }

    private static HttpStatusLineException Bad(string what, ReadOnlySpan<byte> line)
    {
        return new HttpStatusLineException($"{what}: {HttpText.Quote(line, QuotedBytes)}");
    }
}
