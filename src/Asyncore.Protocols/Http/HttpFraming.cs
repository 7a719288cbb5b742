using System.Globalization;

namespace Asyncore.Protocols;

internal enum HttpBodyKind
{
    /// <summary>Of a length that is known, which may be none.</summary>
    Sized,

    /// <summary>Chunked.</summary>
    Chunked,

    /// <summary>Whatever comes until the connection closes.</summary>
    UntilClose,
}

/// <summary>How long a response's body is, and how that is known (RFC 9112, section 6.3).</summary>
/// <param name="Kind">How the end of the body is known.</param>
/// <param name="Length">The length in bytes where it is known beforehand.</param>
internal readonly record struct HttpFraming(HttpBodyKind Kind, long? Length)
{
    /// <summary>Reads the framing from a header; an ambiguous one is refused, not guessed at.</summary>
    /// <param name="isHead">Whether the request was HEAD, which is answered without a body.</param>
    /// <param name="status">The status of the final response.</param>
    /// <param name="header">Its header fields.</param>
    public static HttpFraming Of(bool isHead, int status, HttpHeaderCollection header)
    {
        if (isHead || status is 204 or 304)
        {
            // Whatever the fields say: they may describe the body that GET would have had.
            return new HttpFraming(HttpBodyKind.Sized, 0);
        }

        IReadOnlyList<string> lengths = header.GetValues("Content-Length");
        if (header["Transfer-Encoding"] is { } coding)
        {
            if (lengths.Count > 0)
            {
                throw new HttpException("both Content-Length and Transfer-Encoding in one response");
            }

            if (!coding.Equals("chunked", StringComparison.OrdinalIgnoreCase))
            {
                throw new HttpException($"Transfer-Encoding other than chunked: {HttpText.Quote(coding)}");
            }

            return new HttpFraming(HttpBodyKind.Chunked, null);
        }

        return lengths.Count > 0
            ? new HttpFraming(HttpBodyKind.Sized, ParseLengths(lengths))
            : new HttpFraming(HttpBodyKind.UntilClose, null);
    }

    /// <summary>A length that came several times, in lines or in a list, must be the same each time.</summary>
    private static long ParseLengths(IReadOnlyList<string> values)
    {
        long? length = null;
        foreach (string value in values)
        {
            foreach (string member in value.Split(','))
            {
                long next = ParseLength(member.Trim(' ', '\t'));
                if (length is { } first && first != next)
                {
                    throw new HttpException($"conflicting Content-Length: {first} and {next}");
                }

                length = next;
            }
        }

        return length ?? 0;
    }

    private static long ParseLength(string text)
    {
        if (text.Length == 0 || text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            throw new HttpException($"Content-Length that is no number: {HttpText.Quote(text)}");
        }

        // Digits alone: what does not fit is all that can still go wrong.
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
        {
            throw new HttpException($"Content-Length too large: {HttpText.Quote(text)}");
        }

        return length;
    }
}
