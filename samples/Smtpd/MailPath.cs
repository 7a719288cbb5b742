using System.Text.RegularExpressions;

/// <summary>
/// What is behind <c>FROM:</c> and <c>TO:</c>: a path, then parameters. Wider than RFC 5321 (4.1.2), as Python's smtpd
/// is: brackets may be missing, blanks may be around everything, any mailbox may be without a domain, and dots may be
/// anywhere in a local part. Source routes are taken and dropped.
/// </summary>
internal static partial class MailPath
{
    // Neither special (RFC 5322, 3.2.3) nor blank; controls have been refused before. All else will do, also beyond
    // ASCII.
    private const string Atext = @"[^()<>@,:;.\\""\[\] \t]";
    private const string Blanks = @"[ \t]*";
    private const string Quoted = @"""(?:[^""\\]|\\.)*""";
    private const string Local = $@"(?:(?:{Atext}|\.)+|{Quoted})";
    private const string Domain = $@"(?:{Atext}+(?:\.{Atext}+)*|\[[^\[\]\\ \t]+\])";
    private const string Mailbox = $@"(?<local>{Local})(?:{Blanks}@{Blanks}(?<domain>{Domain}))?";
    private const string Route = $@"(?:@{Domain}(?:{Blanks},{Blanks}@{Domain})*{Blanks}:{Blanks})?";

    /// <summary>Reads a path.</summary>
    /// <param name="text">The path and whatever is behind it.</param>
    /// <returns>
    /// The address, which is empty for <c>&lt;&gt;</c>, and what is behind it; null where there is no path.
    /// </returns>
    public static (string Address, string Parameters)? Read(string text)
    {
        text = text.Trim(' ', '\t');
        Match match = text.StartsWith('<') ? Bracketed().Match(text) : Bare().Match(text);
        if (!match.Success)
        {
            return null;
        }

        string at = match.Groups["domain"].Success ? "@" : string.Empty;
        string address = $"{match.Groups["local"].Value}{at}{match.Groups["domain"].Value}";
        return (address, text[match.Length..].TrimStart(' ', '\t'));
    }

    [GeneratedRegex($"^<(?:{Blanks}{Route}{Mailbox}{Blanks})?>", RegexOptions.CultureInvariant)]
    private static partial Regex Bracketed();

    // Without a bracket only a blank, or the end, says that the address is complete.
    [GeneratedRegex($@"^{Mailbox}(?=[ \t]|\z)", RegexOptions.CultureInvariant)]
    private static partial Regex Bare();
}
