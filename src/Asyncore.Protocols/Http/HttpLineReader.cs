namespace Asyncore.Protocols;

internal enum HttpLineResult
{
    /// <summary>The input ended before the line did; what came of it is kept.</summary>
    Partial,

    /// <summary>A line is whole.</summary>
    Whole,

    /// <summary>The line is longer than the limit.</summary>
    TooLong,
}

/// <summary>
/// Puts lines together out of arbitrary cuts. A line that lies whole in the input is a view
/// of the input; only one that was cut is copied, into a buffer that is used again.
/// </summary>
internal sealed class HttpLineReader
{
    private byte[] _buffer = [];
    private int _length;
    private bool _handedOut;

    /// <summary>What has come of a line that is not whole.</summary>
    public ReadOnlySpan<byte> Kept => _handedOut ? default : _buffer.AsSpan(0, _length);

    /// <summary>Takes a line, or what there is of it, from the input.</summary>
    /// <param name="input">Is moved past what was taken.</param>
    /// <param name="limit">The longest line, in bytes, its LF counted.</param>
    /// <param name="line">The line with its LF, valid until the next call.</param>
    public HttpLineResult Read(scoped ref ReadOnlySpan<byte> input, int limit, out ReadOnlySpan<byte> line)
    {
        if (_handedOut)
        {
            _length = 0;
            _handedOut = false;
        }

        line = default;
        int end = input.IndexOf((byte)'\n');
        int taken = end < 0 ? input.Length : end + 1;

        // A line that lacks its LF will be one byte longer than what came of it. Counting
        // that byte makes the outcome independent of where the input was cut.
        long atLeast = (long)_length + taken + (end < 0 ? 1 : 0);
        if (atLeast > limit)
        {
            Keep(input[..Math.Max(0, Math.Min(taken, limit - _length))]);
            return HttpLineResult.TooLong;
        }

        if (end >= 0 && _length == 0)
        {
            line = input[..taken];
            input = input[taken..];
            return HttpLineResult.Whole;
        }

        Keep(input[..taken]);
        input = input[taken..];
        if (end < 0)
        {
            return HttpLineResult.Partial;
        }

        _handedOut = true;
        line = _buffer.AsSpan(0, _length);
        return HttpLineResult.Whole;
    }

    private void Keep(ReadOnlySpan<byte> part)
    {
        if (_length + part.Length > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_length + part.Length, Math.Max(256, 2 * _buffer.Length)));
        }

        part.CopyTo(_buffer.AsSpan(_length));
        _length += part.Length;
    }
}
