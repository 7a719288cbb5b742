using System.Text;

namespace Asyncore.Protocols;

/// <summary>
/// Reads field lines up to the empty line that ends them: a header, or the trailer section
/// of a chunked body (RFC 9112, section 5).
/// </summary>
internal sealed class HttpFieldReader
{
    private readonly HttpLineReader _lines;
    private readonly string _section;
    private readonly int _maxBytes;
    private readonly int _maxFields;

    // The last field is added when the next line shows that it is not continued.
    private string? _name;
    private string _value = "";
    private StringBuilder? _folded;

    /// <summary>Makes a reader of one section.</summary>
    /// <param name="lines">Where the lines are put together.</param>
    /// <param name="section">What messages call the section.</param>
    /// <param name="maxBytes">The longest section, line ends included.</param>
    /// <param name="maxFields">The most fields.</param>
    public HttpFieldReader(HttpLineReader lines, string section, int maxBytes, int maxFields)
    {
        _lines = lines;
        _section = section;
        _maxBytes = maxBytes;
        _maxFields = maxFields;
    }

    public HttpHeaderCollection Fields { get; private set; } = new();

    /// <summary>Bytes taken since <see cref="Begin"/>, line ends included.</summary>
    public int Bytes { get; private set; }

    /// <summary>Begins a section anew.</summary>
    public void Begin()
    {
        Fields = new HttpHeaderCollection();
        Bytes = 0;
    }

    /// <summary>Takes field lines; true when the empty line has come.</summary>
    public bool Read(ref ReadOnlySpan<byte> input)
    {
        while (TryReadLine(ref input, out ReadOnlySpan<byte> line))
        {
            if (line.IsEmpty)
            {
                AddPending();
                return true;
            }

            Refuse(line);
            if (HttpText.IsBlank(line[0]))
            {
                Continue(line);
            }
            else
            {
                AddPending();
                Start(line);
            }
        }

        return false;
    }

    /// <summary>Takes one line, which counts for the section's length; false when it is not whole.</summary>
    public bool TryReadLine(scoped ref ReadOnlySpan<byte> input, out ReadOnlySpan<byte> line)
    {
        switch (_lines.Read(ref input, _maxBytes - Bytes, out line))
        {
            case HttpLineResult.Whole:
                Bytes += line.Length;
                line = line[..^1];

                // A line may end in LF alone (RFC 9112, section 2.2).
                line = line is [.., (byte)'\r'] ? line[..^1] : line;
                return true;
            case HttpLineResult.TooLong:
                throw new HttpLimitException($"{_section} longer than {_maxBytes} bytes", _maxBytes);
            default:
                return false;
        }
    }

    private void Refuse(ReadOnlySpan<byte> line)
    {
        int control = HttpText.IndexOfControl(line);
        if (control >= 0)
        {
            throw new HttpException(
                $"{_section} line with the control character {HttpText.NameOf(line[control])}: "
                + HttpText.Quote(line));
        }
    }

    private void Start(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        if (colon < 0)
        {
            throw new HttpException($"{_section} line without a colon: {HttpText.Quote(line)}");
        }

        ReadOnlySpan<byte> name = line[..colon];
        if (!name.IsEmpty && HttpText.IsBlank(name[^1]))
        {
            throw new HttpException($"{_section} line with white space before the colon: {HttpText.Quote(line)}");
        }

        if (!HttpText.IsToken(name))
        {
            throw new HttpException($"{_section} line with a bad field name: {HttpText.Quote(line)}");
        }

        if (Fields.Count >= _maxFields)
        {
            throw new HttpLimitException($"{_section} with more than {_maxFields} fields", _maxFields);
        }

        _name = Encoding.ASCII.GetString(name);
        _value = Encoding.Latin1.GetString(HttpText.TrimBlanks(line[(colon + 1)..]));
    }

    /// <summary>
    /// A line that begins with white space continues the value before it: a user agent takes
    /// the fold for a blank (RFC 9112, section 5.2).
    /// </summary>
    private void Continue(ReadOnlySpan<byte> line)
    {
        if (_name is null)
        {
            throw new HttpException(
                $"{_section} that begins with white space, where there is no field to continue: "
                + HttpText.Quote(line));
        }

        ReadOnlySpan<byte> more = HttpText.TrimBlanks(line);
        if (more.IsEmpty)
        {
            return;
        }

        _folded ??= new StringBuilder();
        if (_folded.Length == 0)
        {
            _folded.Append(_value);
        }

        if (_folded.Length > 0)
        {
            _folded.Append(' ');
        }

        _folded.Append(Encoding.Latin1.GetString(more));
    }

    private void AddPending()
    {
        if (_name is null)
        {
            return;
        }

        bool isFolded = _folded is { Length: > 0 };
        Fields.Add(_name, isFolded ? _folded!.ToString() : _value);
        _folded?.Clear();
        _name = null;
    }
}
