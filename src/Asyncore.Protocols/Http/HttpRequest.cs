using System.Text;

namespace Asyncore.Protocols;

/// <summary>Writes requests without a body (RFC 9112, section 3).</summary>
internal static class HttpRequest
{
    // These say how the exchange is framed, or ask for answers that the parser refuses.
    private static readonly string[] _ownFields =
    [
        "Connection", "Content-Length", "Expect", "Host", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    ];

    // RFC 9110, section 15.4: what was meant for one server is not shown to another.
    private static readonly string[] _credentialFields = ["Authorization", "Cookie", "Proxy-Authorization"];

    /// <summary>The User-Agent unless the caller names another.</summary>
    public static string DefaultUserAgent { get; } =
        "Asyncore/" + (typeof(HttpRequest).Assembly.GetName().Version?.ToString(3) ?? "0");

    /// <summary>The bytes of a request.</summary>
    /// <param name="uri">
    /// What to ask for. Path and query are sent as <see cref="Uri"/> escapes them; user name,
    /// password and fragment are not sent.
    /// </param>
    /// <param name="method"><c>GET</c> or <c>HEAD</c>: the methods that never have a body.</param>
    /// <param name="fields">
    /// More header fields; User-Agent and Accept-Encoding replace the client's own.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The URI is relative or not escaped; the method is another; a field has a bad name, is
    /// one of those the client writes itself, or has a value with control characters (so that
    /// no value can add a field or a request) or characters beyond Latin-1.
    /// </exception>
    /// <exception cref="NotSupportedException">The URI's scheme is not http.</exception>
    public static byte[] Format(
        Uri uri,
        string method = "GET",
        IEnumerable<KeyValuePair<string, string>>? fields = null)
    {
        HttpUri.Require(uri);
        if (method is not ("GET" or "HEAD"))
        {
            throw new ArgumentException($"method other than GET and HEAD: {HttpText.Quote(method)}", nameof(method));
        }

        var more = new StringBuilder();
        bool hasUserAgent = false;
        bool hasAcceptEncoding = false;
        foreach ((string name, string value) in fields ?? [])
        {
            RequireField(name, value);
            more.Append(name).Append(": ").Append(value).Append("\r\n");
            hasUserAgent |= name.Equals("User-Agent", StringComparison.OrdinalIgnoreCase);
            hasAcceptEncoding |= name.Equals("Accept-Encoding", StringComparison.OrdinalIgnoreCase);
        }

        var request = new StringBuilder();
        request.Append(method).Append(' ').Append(RequireAscii(uri.PathAndQuery)).Append(" HTTP/1.1\r\n");
        request.Append("Host: ").Append(RequireAscii(HttpUri.HostField(uri))).Append("\r\n");
        if (!hasUserAgent)
        {
            request.Append("User-Agent: ").Append(DefaultUserAgent).Append("\r\n");
        }

        if (!hasAcceptEncoding)
        {
            // The body is handed on as it comes: nobody here takes a compression off.
            request.Append("Accept-Encoding: identity\r\n");
        }

        request.Append("Connection: close\r\n").Append(more).Append("\r\n");
        return Encoding.Latin1.GetBytes(request.ToString());
    }

    /// <summary>The fields that may go along to where a redirect leads.</summary>
    public static IEnumerable<KeyValuePair<string, string>> FieldsAfterRedirect(
        Uri from,
        Uri to,
        IEnumerable<KeyValuePair<string, string>> fields)
    {
        const UriComponents Origin = UriComponents.SchemeAndServer;
        bool isSameOrigin =
            Uri.Compare(from, to, Origin, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;
        return isSameOrigin
            ? fields
            : fields.Where(field => !_credentialFields.Contains(field.Key, StringComparer.OrdinalIgnoreCase));
    }

    private static void RequireField(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(name, "fields");
        ArgumentNullException.ThrowIfNull(value, "fields");
        if (!HttpText.IsToken(name))
        {
            throw new ArgumentException($"bad field name: {HttpText.Quote(name)}", "fields");
        }

        if (_ownFields.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"the field {name} is written by the client itself", "fields");
        }

        foreach (char character in value)
        {
            if ((char.IsControl(character) && character != '\t') || character > '\xFF')
            {
                throw new ArgumentException(
                    $"the value of {name} has a character that cannot be sent: {HttpText.Quote(value)}",
                    "fields");
            }
        }
    }

    private static string RequireAscii(string text)
    {
        // A Uri can be told not to escape anything; then a blank would end the target early
        // and a line end would begin a field.
        if (text.Length == 0 || text.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            throw new ArgumentException($"URI that is not escaped: {HttpText.Quote(text)}", "uri");
        }

        return text;
    }
}
