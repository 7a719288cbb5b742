using System.Net;
using System.Text;
using System.Text.Unicode;

/// <summary>What a session is about just now.</summary>
internal enum SmtpPhase
{
    Commands,

    /// <summary>A message is being sent.</summary>
    Data,

    /// <summary>The client has said QUIT. Nothing more is handled.</summary>
    Over,
}

/// <summary>
/// A session of SMTP: what was said so far, and what is answered to a command. The replies are those of Python's smtpd.
/// They never repeat what the client has said, so nobody can put a line of his own into them.
/// </summary>
internal class SmtpSession(int sizeLimit)
{
    public const string LineTooLong = "500 Error: line too long";

    /// <summary>RFC 5321 wants a hundred at least (4.5.3.1.8).</summary>
    public const int MaxRecipients = 100;

    private const string Supported = "Supported commands: EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP";
    private const int MaxCommandLength = 512;

    // What the extensions that we announce add to MAIL: SIZE (RFC 1870) and SMTPUTF8 (RFC 6531).
    private const int MoreForMail = 26 + 10;

    private static readonly string _host = PlainHostName();

    private bool _isGreeted;
    private bool _isExtended;

    public string Greeting { get; } = $"220 {_host} Asyncore SMTP sample";

    public SmtpPhase Phase { get; private set; }

    /// <summary>Who sends the message; empty for nobody, and null before MAIL.</summary>
    public string? Sender { get; private set; }

    public List<string> Recipients { get; } = [];

    /// <summary>What a line may have without its end; 0 for any length, in a message.</summary>
    public int MaxLineLength => Phase switch
    {
        SmtpPhase.Commands => _isExtended ? MaxCommandLength + MoreForMail : MaxCommandLength,
        _ => 0,
    };

    /// <summary>Carries a command out.</summary>
    /// <param name="line">The line without its end.</param>
    /// <returns>The reply, without the last line's end.</returns>
    public string Answer(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || !Utf8.IsValid(line))
        {
            return "500 Error: bad syntax";
        }

        string text = Encoding.UTF8.GetString(line);
        if (text.Any(each => char.IsControl(each) && each != '\t'))
        {
            return "500 Error: control characters in a command";
        }

        int blank = text.IndexOf(' ');
        string command = (blank < 0 ? text : text[..blank]).ToUpperInvariant();
        string argument = blank < 0 ? string.Empty : text[blank..].Trim(' ', '\t');
        return line.Length > MaxCommandLength && command != "MAIL" ? LineTooLong : Answer(command, argument);
    }

    /// <summary>The message has ended, and so have its sender and recipients.</summary>
    public void EndData() => Reset();

    private string Answer(string command, string argument) => command switch
    {
        "HELO" => Hello(argument, isExtended: false),
        "EHLO" => Hello(argument, isExtended: true),
        "MAIL" => Mail(argument),
        "RCPT" => Rcpt(argument),
        "DATA" => Data(argument),
        "RSET" when argument.Length > 0 => "501 Syntax: RSET",
        "RSET" => Reset(),
        "NOOP" => argument.Length > 0 ? "501 Syntax: NOOP" : "250 OK",
        "VRFY" => Verify(argument),
        "EXPN" => "502 EXPN not implemented",
        "HELP" => Help(argument.ToUpperInvariant()),
        "QUIT" => Quit(),
        _ => "500 Error: command not recognized",
    };

    private string Hello(string argument, bool isExtended)
    {
        if (argument.Length == 0)
        {
            return isExtended ? "501 Syntax: EHLO hostname" : "501 Syntax: HELO hostname";
        }

        if (_isGreeted)
        {
            return "503 Duplicate HELO/EHLO";
        }

        _isGreeted = true;
        _isExtended = isExtended;
        return isExtended
            ? $"250-{_host}\r\n250-SIZE {sizeLimit}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 HELP"
            : $"250 {_host}";
    }

    private string Mail(string argument)
    {
        string syntaxError = $"501 {SyntaxOf("MAIL FROM: <address>")}";
        if (!_isGreeted)
        {
            return "503 Error: send HELO first";
        }

        if (ReadPath(argument, "FROM:") is not { } path || (!_isExtended && path.Parameters.Length > 0))
        {
            return syntaxError;
        }

        if (Sender is not null)
        {
            return "503 Error: nested MAIL command";
        }

        if (MailParameters.RefuseForMail(path.Parameters, sizeLimit, syntaxError) is { } refusal)
        {
            return refusal;
        }

        Sender = path.Address;
        return "250 OK";
    }

    private string Rcpt(string argument)
    {
        string syntaxError = $"501 {SyntaxOf("RCPT TO: <address>")}";
        if (!_isGreeted)
        {
            return "503 Error: send HELO first";
        }

        if (Sender is null)
        {
            return "503 Error: need MAIL command";
        }

        if (ReadPath(argument, "TO:") is not { } path || (!_isExtended && path.Parameters.Length > 0))
        {
            return syntaxError;
        }

        if (MailParameters.RefuseForRcpt(path.Parameters, syntaxError) is { } refusal)
        {
            return refusal;
        }

        if (path.Address.Length == 0)
        {
            return "553 Error: nobody can be a sender, and no recipient";
        }

        if (Recipients.Count == MaxRecipients)
        {
            return "452 Error: too many recipients";
        }

        Recipients.Add(path.Address);
        return "250 OK";
    }

    private string Data(string argument)
    {
        if (!_isGreeted)
        {
            return "503 Error: send HELO first";
        }

        if (Recipients.Count == 0)
        {
            return "503 Error: need RCPT command";
        }

        if (argument.Length > 0)
        {
            return "501 Syntax: DATA";
        }

        Phase = SmtpPhase.Data;
        return "354 End data with <CR><LF>.<CR><LF>";
    }

    private string Reset()
    {
        Phase = SmtpPhase.Commands;
        Sender = null;
        Recipients.Clear();
        return "250 OK";
    }

    private string Quit()
    {
        Phase = SmtpPhase.Over;
        return "221 Bye";
    }

    private string Help(string command) => command switch
    {
        "" => $"250 {Supported}",
        "HELO" or "EHLO" => $"250 Syntax: {command} hostname",
        "MAIL" => $"250 {SyntaxOf("MAIL FROM: <address>")}",
        "RCPT" => $"250 {SyntaxOf("RCPT TO: <address>")}",
        "VRFY" => "250 Syntax: VRFY <address>",
        "HELP" => "250 Syntax: HELP [SP command]",
        "DATA" or "RSET" or "NOOP" or "QUIT" => $"250 Syntax: {command}",
        _ => $"501 {Supported}",
    };

    // Who has a mailbox here is nobody's business (RFC 5321, 7.3).
    private static string Verify(string argument) =>
        argument.Length == 0 ? "501 Syntax: VRFY <address>"
        : MailPath.Read(argument) is null ? "501 Error: that is no address"
        : "252 Cannot VRFY user, but will accept message and attempt delivery";

    private static (string Address, string Parameters)? ReadPath(string argument, string keyword) =>
        argument.StartsWith(keyword, StringComparison.OrdinalIgnoreCase)
            ? MailPath.Read(argument[keyword.Length..])
            : null;

    private string SyntaxOf(string command) =>
        _isExtended ? $"Syntax: {command} [SP <mail-parameters>]" : $"Syntax: {command}";

    // It goes into replies, which are printable ASCII and not longer than 512 octets.
    private static string PlainHostName()
    {
        string name = Dns.GetHostName();
        return name.Length is > 0 and <= 255 && name.All(each => each is > ' ' and <= '~') ? name : "localhost";
    }
}
