namespace Asyncore.Protocols;

/// <summary>
/// Takes the chunked transfer coding off a body (RFC 9112, section 7.1) and hands out the
/// data where it lies in the input.
/// </summary>
/// <remarks>
/// Stricter than with header lines: a chunk line ends in CR LF and in nothing else, for
/// servers that get the framing of a body wrong cannot be guessed right. Extensions are
/// thrown away.
/// </remarks>
internal sealed class ChunkedDecoder
{
    private readonly HttpLineReader _lines;
    private readonly HttpLimits _limits;
    private readonly HttpFieldReader _trailer;
    private State _state = State.Size;
    private long _size;
    private long _left;
    private long _dataBytes;
    private long _extensionBytes;

    public ChunkedDecoder(HttpLineReader lines, HttpLimits limits)
    {
        _lines = lines;
        _limits = limits;
        _trailer = new HttpFieldReader(lines, "trailer section", limits.MaxTrailerBytes, limits.MaxTrailerFields);
    }

    private enum State
    {
        Size,
        Data,
        DataCr,
        DataLf,
        Trailer,
        Done,
    }

    /// <summary>True once the last chunk and the trailer section have come.</summary>
    public bool IsDone => _state == State.Done;

    /// <summary>The fields after the last chunk; most often none.</summary>
    public HttpHeaderCollection Trailer => _trailer.Fields;

    /// <summary>Where the body stopped, for the message about a truncated one.</summary>
    public string Position => _state switch
    {
        State.Size => "where a chunk size was due",
        State.Data => $"after {_size - _left} of {_size} bytes of a chunk",
        State.Trailer => "before the end of the trailer section",
        _ => "before the end of a chunk",
    };

    /// <summary>
    /// The next piece of data. Empty when the input has been used up or the body is whole.
    /// </summary>
    /// <param name="input">Is moved past what was taken; what follows the body stays in it.</param>
    public ReadOnlySpan<byte> Read(ref ReadOnlySpan<byte> input)
    {
        while (true)
        {
            switch (_state)
            {
                case State.Size:
                    if (!ReadSize(ref input))
                    {
                        return default;
                    }

                    break;
                case State.Data:
                    return TakeData(ref input);
                case State.DataCr or State.DataLf:
                    if (input.IsEmpty)
                    {
                        return default;
                    }

                    TakeDataEnd(ref input);
                    break;
                case State.Trailer:
                    _state = _trailer.Read(ref input) ? State.Done : State.Trailer;
                    return default;
                default:
                    return default;
            }
        }
    }

    private ReadOnlySpan<byte> TakeData(ref ReadOnlySpan<byte> input)
    {
        ReadOnlySpan<byte> data = input[..(int)Math.Min(_left, input.Length)];
        input = input[data.Length..];
        _left -= data.Length;
        _dataBytes += data.Length;
        _state = _left > 0 ? State.Data : State.DataCr;
        return data;
    }

    private void TakeDataEnd(ref ReadOnlySpan<byte> input)
    {
        byte expected = _state == State.DataCr ? (byte)'\r' : (byte)'\n';
        if (input[0] != expected)
        {
            throw new HttpException(
                $"chunk of {_size} bytes followed by {HttpText.NameOf(input[0])} where "
                + $"{HttpText.NameOf(expected)} was due");
        }

        input = input[1..];
        _state = _state == State.DataCr ? State.DataLf : State.Size;
    }

    private bool ReadSize(ref ReadOnlySpan<byte> input)
    {
        int limit = _limits.MaxChunkLineBytes;
        switch (_lines.Read(ref input, limit, out ReadOnlySpan<byte> line))
        {
            case HttpLineResult.Partial:
                return false;
            case HttpLineResult.TooLong:
                throw new HttpLimitException($"chunk-size line longer than {limit} bytes", limit);
            default:
                ParseSizeLine(line);
                return true;
        }
    }

    private void ParseSizeLine(ReadOnlySpan<byte> line)
    {
        line = line[..^1];
        if (line is not [.., (byte)'\r'])
        {
            throw new HttpException($"chunk-size line that ends in LF without CR: {HttpText.Quote(line)}");
        }

        line = line[..^1];
        int control = HttpText.IndexOfControl(line);
        if (control >= 0)
        {
            throw new HttpException(
                $"chunk-size line with the control character {HttpText.NameOf(line[control])}: "
                + HttpText.Quote(line));
        }

        int digits = CountHexDigits(line);
        ReadOnlySpan<byte> rest = line[digits..].TrimStart(" \t"u8);
        if (digits == 0 || rest is not ([] or [(byte)';', ..]))
        {
            throw new HttpException($"bad chunk size: {HttpText.Quote(line)}");
        }

        CountExtensions(line.Length - digits);
        _size = ParseHex(line[..digits]);
        _left = _size;
        _state = _size > 0 ? State.Data : State.Trailer;
    }

    private static int CountHexDigits(ReadOnlySpan<byte> line)
    {
        int digits = 0;
        while (digits < line.Length && char.IsAsciiHexDigit((char)line[digits]))
        {
            digits++;
        }

        return digits;
    }

    private static long ParseHex(ReadOnlySpan<byte> digits)
    {
        long size = 0;
        foreach (byte digit in digits)
        {
            if (size > long.MaxValue >> 4)
            {
                throw new HttpException($"chunk size too large: {HttpText.Quote(digits)}");
            }

            size = (size << 4) + HexValue(digit);
        }

        return size;
    }

    private static int HexValue(byte digit)
    {
        // The lower case of a letter is its upper case with one bit more.
        return digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
    }

    private void CountExtensions(int bytes)
    {
        _extensionBytes += bytes;
        int limit = _limits.MaxChunkExtensionBytes;
        if (_extensionBytes - _dataBytes > limit)
        {
            throw new HttpLimitException(
                $"chunk extensions longer than the body by more than {limit} bytes", limit);
        }
    }
}
