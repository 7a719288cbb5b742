using System.Text.RegularExpressions;

/// <summary>The parameters of MAIL and RCPT: <c>NAME</c> or <c>NAME=VALUE</c>, blanks between them.</summary>
internal static partial class MailParameters
{
    /// <summary>Why parameters of MAIL are refused; null where they are not.</summary>
    /// <param name="text">The parameters.</param>
    /// <param name="sizeLimit">What SIZE may be at most.</param>
    /// <param name="syntaxError">The reply to what cannot be understood.</param>
    public static string? RefuseForMail(string text, int sizeLimit, string syntaxError)
    {
        if (Parse(text) is not { } parameters)
        {
            return syntaxError;
        }

        if (parameters.Remove("BODY", out string? body) && body is not ("7BIT" or "8BITMIME"))
        {
            return "501 Error: BODY can only be one of 7BIT, 8BITMIME";
        }

        if (parameters.Remove("SMTPUTF8", out string? value) && value is not null)
        {
            return "501 Error: SMTPUTF8 takes no arguments";
        }

        if (parameters.Remove("SIZE", out string? size))
        {
            if (size is null || !size.All(char.IsAsciiDigit))
            {
                return syntaxError;
            }

            // RFC 1870 allows twenty digits, which is more than any integer type takes.
            string digits = size.TrimStart('0');
            if (digits.Length > 10 || (digits.Length > 0 && long.Parse(digits) > sizeLimit))
            {
                return "552 Error: message size exceeds fixed maximum message size";
            }
        }

        return parameters.Count > 0 ? "555 MAIL FROM parameters not recognized or not implemented" : null;
    }

    /// <summary>The same for RCPT, which has none that we know.</summary>
    public static string? RefuseForRcpt(string text, string syntaxError) => Parse(text) switch
    {
        null => syntaxError,
        { Count: > 0 } => "555 RCPT TO parameters not recognized or not implemented",
        _ => null,
    };

    private static Dictionary<string, string?>? Parse(string text)
    {
        var parameters = new Dictionary<string, string?>();
        foreach (string word in text.ToUpperInvariant().Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            Match match = Parameter().Match(word);
            if (!match.Success)
            {
                return null;
            }

            Group value = match.Groups["value"];
            parameters[match.Groups["name"].Value] = value.Success ? value.Value : null;
        }

        return parameters;
    }

    [GeneratedRegex(@"^(?<name>[A-Z0-9][A-Z0-9-]*)(?:=(?<value>.+))?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Parameter();
}
