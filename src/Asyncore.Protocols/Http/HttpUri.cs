namespace Asyncore.Protocols;

/// <summary>What the client makes of a URI.</summary>
internal static class HttpUri
{
    /// <summary>Why this client does not fetch URIs of a scheme, or null for the one that it does.</summary>
    public static string? WhyUnsupported(string scheme)
    {
        if (scheme == Uri.UriSchemeHttp)
        {
            return null;
        }

        return scheme == Uri.UriSchemeHttps
            ? "https is not supported (there is no TLS yet)"
            : $"the scheme {HttpText.Quote(scheme)} is not supported, only http";
    }

    /// <summary>Refuses a URI that the client cannot fetch.</summary>
    /// <exception cref="ArgumentException">The URI is relative.</exception>
    /// <exception cref="NotSupportedException">Its scheme is not http.</exception>
    public static void Require(Uri uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!uri.IsAbsoluteUri)
        {
            throw new ArgumentException($"not an absolute URI: {HttpText.Quote(uri.OriginalString)}", nameof(uri));
        }

        if (WhyUnsupported(uri.Scheme) is { } why)
        {
            throw new NotSupportedException(why);
        }
    }

    /// <summary>
    /// The host to connect to, for a resolver: a name in its ASCII form, or an address
    /// without brackets, with its zone where it has one.
    /// </summary>
    public static string ConnectHost(Uri uri)
    {
        // RFC 6874: a URI writes the % before a zone as %25.
        return uri.HostNameType == UriHostNameType.IPv6
            ? uri.IdnHost.Replace("%25", "%", StringComparison.Ordinal)
            : uri.IdnHost;
    }

    /// <summary>
    /// The value of the Host field (RFC 9110, section 7.2): a name in its ASCII form or an
    /// address, IPv6 in brackets and without a zone, which means nothing to the server; the
    /// port when it is not the scheme's own.
    /// </summary>
    public static string HostField(Uri uri)
    {
        string host = uri.HostNameType == UriHostNameType.IPv6 ? uri.Host : uri.IdnHost;
        return uri.IsDefaultPort ? host : $"{host}:{uri.Port}";
    }

    /// <summary>A URI for a message: without user name, password and fragment.</summary>
    public static string Display(Uri uri)
    {
        return uri.GetComponents(UriComponents.HttpRequestUrl, UriFormat.UriEscaped);
    }
}
