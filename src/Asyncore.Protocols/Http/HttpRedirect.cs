using System.Text;

namespace Asyncore.Protocols;

/// <summary>Finds where a redirect leads (RFC 9110, sections 10.2.2 and 15.4).</summary>
internal static class HttpRedirect
{
    private const int QuotedCharacters = 200;

    /// <summary>Decodes UTF-8, or throws.</summary>
    private static readonly UTF8Encoding _strictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Whether a status sends a client to what Location names.</summary>
    /// <remarks>300 offers a choice, 304 says the copy is good, 305 and 306 are history.</remarks>
    public static bool IsRedirect(int status)
    {
        return status is 301 or 302 or 303 or 307 or 308;
    }

    /// <summary>The URI to ask next, for GET and HEAD with the same method.</summary>
    /// <param name="from">The URI that was asked.</param>
    /// <param name="header">The header of the redirect.</param>
    /// <exception cref="HttpRedirectException">
    /// There is no Location, or one that is malformed, or one that leads elsewhere than to http.
    /// </exception>
    public static Uri Resolve(Uri from, HttpHeaderCollection header)
    {
        string text = LocationOf(from, header);
        string location = Decode(text);
        if (location.Length == 0)
        {
            throw Fail(from, "with an empty Location", HttpRedirectError.BadLocation);
        }

        // What the caller wanted to see of the page, it wants to see of its new place too.
        if (!location.Contains('#', StringComparison.Ordinal))
        {
            location += from.Fragment;
        }

        if (!Uri.TryCreate(from, location, out Uri? to) || !to.IsAbsoluteUri)
        {
            throw Fail(from, $"with the malformed Location {Quote(text)}", HttpRedirectError.BadLocation);
        }

        if (HttpUri.WhyUnsupported(to.Scheme) is { } why)
        {
            throw Fail(from, $"to {Quote(text)}: {why}", HttpRedirectError.UnsupportedScheme);
        }

        return to;
    }

    internal static HttpRedirectException Fail(Uri from, string what, HttpRedirectError error)
    {
        return new HttpRedirectException($"redirect from {HttpUri.Display(from)} {what}", error);
    }

    private static string LocationOf(Uri from, HttpHeaderCollection header)
    {
        IReadOnlyList<string> locations = header.GetValues("Location");
        if (locations.Count == 0)
        {
            throw Fail(from, "without a Location", HttpRedirectError.MissingLocation);
        }

        if (locations.Any(other => other != locations[0]))
        {
            throw Fail(from, $"with {locations.Count} Locations that differ", HttpRedirectError.BadLocation);
        }

        return locations[0];
    }

    /// <summary>
    /// Takes bytes that should have been escaped for what they most likely are: UTF-8, or
    /// else bytes that are escaped one by one.
    /// </summary>
    private static string Decode(string location)
    {
        if (Ascii.IsValid(location))
        {
            return location;
        }

        byte[] bytes = Encoding.Latin1.GetBytes(location);
        try
        {
            return _strictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return string.Concat(location.Select(c => c < 0x80 ? c.ToString() : Uri.HexEscape(c)));
        }
    }

    private static string Quote(string location)
    {
        return HttpText.Quote(location, QuotedCharacters);
    }
}
