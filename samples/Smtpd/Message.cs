/// <summary>
/// A message as it arrives, line by line and in pieces: undoes the dots (RFC 5321, 4.5.2), counts (RFC 1870), and keeps
/// no more than the limit.
/// </summary>
internal class Message(int sizeLimit)
{
    /// <summary>The largest limit that there can be.</summary>
    public static int Largest => Array.MaxLength;

    private MemoryStream _octets = new();
    private long _lineLength;
    private bool _isDotted;

    /// <summary>The octets that have come, CR LF included, and the dots that were undone left out.</summary>
    public long Size { get; private set; }

    public bool IsTooLarge => Size > sizeLimit;

    public ReadOnlySpan<byte> Octets => _octets.GetBuffer().AsSpan(0, (int)_octets.Length);

    /// <summary>Takes a piece of a line, which is not empty.</summary>
    public void Append(ReadOnlySpan<byte> piece)
    {
        if (_lineLength == 0 && !_isDotted && piece[0] == '.')
        {
            _isDotted = true;
            piece = piece[1..];
        }

        _lineLength += piece.Length;
        Keep(piece);
    }

    /// <summary>The line has ended.</summary>
    /// <returns>Whether it was the single dot, which ends the message.</returns>
    public bool EndLine()
    {
        bool isEnd = _isDotted && _lineLength == 0;
        _isDotted = false;
        _lineLength = 0;
        if (!isEnd)
        {
            Keep("\r\n"u8);
        }

        return isEnd;
    }

    /// <summary>Makes room for the next one. An idle connection keeps no buffer.</summary>
    public void Clear()
    {
        _octets = new MemoryStream();
        Size = 0;
    }

    private void Keep(ReadOnlySpan<byte> piece)
    {
        Size += piece.Length;
        if (!IsTooLarge)
        {
            _octets.Write(piece);
        }
        else if (_octets.Length > 0)
        {
            _octets = new MemoryStream(); // nobody will store it: from here on it is only counted
        }
    }
}
