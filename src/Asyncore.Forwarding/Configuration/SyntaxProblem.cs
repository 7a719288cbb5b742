using System.Text;
using System.Text.Json;

namespace Asyncore.Forwarding;

/// <summary>What may stand where a file stops to be JSON.</summary>
internal enum SyntaxPlace
{
    /// <summary>The outermost value.</summary>
    Start,

    /// <summary>The first key of an object, or its end.</summary>
    FirstKey,

    /// <summary>A comma and a key, or the object's end.</summary>
    Key,

    /// <summary>The value of a key.</summary>
    Value,

    /// <summary>The first item of a list, or its end.</summary>
    FirstItem,

    /// <summary>A comma and an item, or the list's end.</summary>
    Item,

    /// <summary>Nothing more.</summary>
    End,
}

/// <summary>
/// Why a file is not JSON (RFC 8259), in words for the one who wrote it. The reader says it in terms of its bytes, and
/// where it noticed; that is for what is not known here.
/// </summary>
internal readonly ref struct SyntaxProblem
{
    private readonly ReadOnlySpan<byte> _json;
    private readonly SyntaxPlace _place;
    private readonly bool _hasComma;
    private readonly string? _words;

    /// <param name="json">The file.</param>
    /// <param name="end">Where the last token that was right ends.</param>
    /// <param name="place">What could follow it.</param>
    public SyntaxProblem(ReadOnlySpan<byte> json, int end, SyntaxPlace place)
    {
        _json = json;
        _place = place;
        int start = SkipBlanks(json, end);
        if (place is SyntaxPlace.Key or SyntaxPlace.Item && start < json.Length && json[start] == ',')
        {
            _hasComma = true;
            start = SkipBlanks(json, start + 1);
        }

        // The reader refuses these where a comment ends with its line: they are the end of one elsewhere.
        int separator = json[end..start].IndexOf("\u2028"u8);
        separator = separator < 0 ? json[end..start].IndexOf("\u2029"u8) : separator;
        (Offset, _words) = separator < 0
            ? Find(start)
            : (end + separator, "a comment has a line separator (U+2028 or U+2029), which may not stand there");
    }

    /// <summary>Where it is.</summary>
    public int Offset { get; }

    public string Words(JsonException error)
    {
        if (_words is not null)
        {
            return _words;
        }

        int added = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return "this is not JSON: " + Shown.Plain(added < 0 ? error.Message : error.Message[..added]);
    }

    private static ReadOnlySpan<byte> Delimiters => " \t\r\n,:[]{}\"/"u8;

    private bool IsKeyPlace => _place == SyntaxPlace.FirstKey || (_place == SyntaxPlace.Key && _hasComma);

    private bool IsValuePlace =>
        _place is SyntaxPlace.Start or SyntaxPlace.Value or SyntaxPlace.FirstItem
        || (_place == SyntaxPlace.Item && _hasComma);

    private string Expected => _place switch
    {
        SyntaxPlace.Start => "'{' is expected",
        SyntaxPlace.End => "nothing may follow the end of the object",
        SyntaxPlace.Value => "a value is expected",
        SyntaxPlace.FirstKey => "a key in double quotes or '}' is expected",
        SyntaxPlace.Key => _hasComma ? "a key in double quotes or '}' is expected" : "',' or '}' is expected",
        SyntaxPlace.FirstItem => "a value or ']' is expected",
        _ => _hasComma ? "a value or ']' is expected" : "',' or ']' is expected",
    };

    private (int Offset, string? Words) Find(int start)
    {
        if (start == _json.Length)
        {
            return (start, _place == SyntaxPlace.Start
                ? "the file is empty; '{' is expected"
                : $"the file ends too early; {Expected}");
        }

        char first = (char)_json[start];
        return first switch
        {
            '/' => (start, "a comment is '//' and the rest of its line, or '/*' and all up to '*/'"),
            '"' when IsKeyPlace || IsValuePlace => FindInText(start),
            '\'' => (start, "texts and keys are in double quotes"),
            _ when IsPunctuation(first) || !(IsKeyPlace || IsValuePlace) =>
                (start, $"{Shown.Quoted(Character(start))} is out of place; {Expected}"),
            _ when IsKeyPlace => (start, $"{Shown.Quoted(Word(start))} is not a key in double quotes"),
            '-' or '+' or '.' or (>= '0' and <= '9') => FindInNumber(start),
            _ => (start, $"{Shown.Quoted(Word(start))} is not a value; texts are in double quotes"),
        };
    }

    private (int Offset, string? Words) FindInNumber(int start) => _json[start..].ContainsAny(Delimiters)
        ? (start, $"{Shown.Quoted(Word(start))} is not a number")
        : (_json.Length, "the file ends too early, in a number");

    private (int Offset, string? Words) FindInText(int start)
    {
        for (int at = start + 1; at < _json.Length; at++)
        {
            byte each = _json[at];
            if (each is (byte)'\n' or (byte)'\r')
            {
                break;
            }

            if (each < ' ')
            {
                return (at, "a control character in a text is written \\t, or \\u and four digits");
            }

            if (each == '"')
            {
                return FindAfterText(at + 1);
            }

            if (each == '\\' && at + 1 < _json.Length && !IsEscape(_json[at..]))
            {
                return (at, "'\\' in a text is followed by one of \" \\ / b f n r t, or u and four hexadecimal digits");
            }

            at += each == '\\' ? 1 : 0;
        }

        return (start, "a text has no double quote at its end");
    }

    private (int Offset, string? Words) FindAfterText(int end)
    {
        int next = SkipBlanks(_json, end);
        bool hasColon = next < _json.Length && _json[next] == ':';
        int comment = _json[end..next].IndexOf((byte)'/');
        return !IsKeyPlace ? (end, null)
            : !hasColon ? (next, "':' is expected after a key")
            : comment < 0 ? (end, null)
            : (end + comment, "a comment may not stand between a key and its ':'");
    }

    private static bool IsEscape(ReadOnlySpan<byte> text) =>
        text[1] == 'u'
            ? text.Length > 5 && !text[2..6].ContainsAnyExcept("0123456789abcdefABCDEF"u8)
            : "\"\\/bfnrt"u8.Contains(text[1]);

    private static bool IsPunctuation(char each) => each is '{' or '}' or '[' or ']' or ',' or ':';

    private string Word(int start)
    {
        int length = _json[start..].IndexOfAny(Delimiters);
        return Encoding.UTF8.GetString(length < 0 ? _json[start..] : _json.Slice(start, length));
    }

    private string Character(int start)
    {
        Rune.DecodeFromUtf8(_json[start..], out Rune rune, out _);
        return rune.ToString();
    }

    // Up to what is neither blank nor a comment; a comment that does not end is something itself.
    private static int SkipBlanks(ReadOnlySpan<byte> json, int at)
    {
        while (at < json.Length && BlankLength(json[at..]) is var length and > 0)
        {
            at += length;
        }

        return at;
    }

    private static int BlankLength(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("//"u8))
        {
            int end = text.IndexOfAny("\r\n"u8);
            return end < 0 ? text.Length : end;
        }

        if (text.StartsWith("/*"u8))
        {
            int end = text[2..].IndexOf("*/"u8);
            return end < 0 ? 0 : end + 4;
        }

        return " \t\r\n"u8.Contains(text[0]) ? 1 : 0;
    }
}
