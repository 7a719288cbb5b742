namespace Asyncore;

// Items that a terminator of bytes ends, and what is too long to be one.
public abstract partial class AsyncChat
{
    private long _lineLength;
    private bool _skipping;
    private bool _terminatorChanged;

    private void TakeLine(TerminatorMatcher matcher, ref ReadOnlySpan<byte> front)
    {
        ReadOnlySpan<byte> rest = front;
        while (true)
        {
            int before = _matched;
            int end = matcher.Find(rest, ref _matched, out int length);
            if (length == 0 || before != 0 || !IsPlain(end - length))
            {
                front = rest[end..];
                TakeLineSlowly(matcher, before, rest, end, length, ref front);
                return;
            }

            // Nearly every line of nearly every program: nothing held back, nothing kept, nothing too long.
            ReadOnlySpan<byte> line = rest[..(end - length)];
            front = rest = rest[end..];
            _lineLength = 0;
            if (!line.IsEmpty)
            {
                CollectIncomingData(line);
                if (IsClosed || _discarded)
                {
                    return;
                }
            }

            TellFound();
            if (rest.IsEmpty || _matcher != matcher || _discarded || !GoesOn())
            {
                return;
            }
        }
    }

    // What is left of a line whose beginning may have been held back. Of the data, so much has been looked at, and ends
    // with a terminator of some length or with none.
    private void TakeLineSlowly(
        TerminatorMatcher matcher, int before, ReadOnlySpan<byte> data, int end, int length, ref ReadOnlySpan<byte> front)
    {
        bool found = length > 0;
        ReadOnlySpan<byte> held = matcher.HeldBack(before);
        int count = held.Length + end - (found ? length : matcher.HeldBack(_matched).Length);
        int ofHeld = Math.Min(held.Length, count);
        int used = 0;
        bool whole;
        _terminatorChanged = false;
        try
        {
            whole = DeliverOfLine(held[..ofHeld], ref used) && DeliverOfLine(data[..(count - ofHeld)], ref used);
            if (whole && found && !StripTerminator)
            {
                Deliver(held[ofHeld..]);
                Deliver(data[(count - ofHeld)..end]);
            }
        }
        finally
        {
            if (_terminatorChanged)
            {
                // In HandleOverflow: the new one is for all that comes after, which has been searched for the old one.
                front = used < held.Length ? (byte[])[.. held[used..], .. data] : data[(used - held.Length)..];
            }
            else if (found)
            {
                // Also where a handler throws: the line has ended, and the next is neither too long nor skipped.
                _lineLength = 0;
                _skipping = false;
            }
        }

        if (whole && found && !IsClosed && !_discarded)
        {
            TellFound();
        }
    }

    private bool IsPlain(int length) =>
        !_skipping && StripTerminator && (MaxLineLength == 0 || length <= MaxLineLength - _lineLength);

    private void Deliver(ReadOnlySpan<byte> piece)
    {
        if (!piece.IsEmpty && !IsClosed)
        {
            CollectIncomingData(piece);
        }
    }

    /// <param name="piece">What has come of the line.</param>
    /// <param name="used">Counts what has been delivered, and the byte that was too much.</param>
    /// <returns>Whether the line is as it should be: not too long, and the channel open.</returns>
    private bool DeliverOfLine(ReadOnlySpan<byte> piece, ref int used)
    {
        if (_skipping || IsClosed)
        {
            return false;
        }

        long room = MaxLineLength == 0 ? long.MaxValue : Math.Max(MaxLineLength - _lineLength, 0);
        if (piece.Length <= room)
        {
            _lineLength += piece.Length;
            used += piece.Length;
            Deliver(piece);
            return !IsClosed;
        }

        _skipping = true;
        _lineLength = 0;
        used += (int)room + 1;
        Deliver(piece[..(int)room]);
        if (!IsClosed)
        {
            TellOverflow();
        }

        return false;
    }

    private void TellOverflow()
    {
        // The state belongs to bytes that will be looked at again, should the handler set another terminator.
        TerminatorMatcher? matcher = _matcher;
        int state = _matched;
        _matched = 0;
        try
        {
            HandleOverflow();
        }
        finally
        {
            ClearData();
            _terminatorChanged = _matcher != matcher;
            _matched = _terminatorChanged || _discarded ? _matched : state;
        }
    }
}
