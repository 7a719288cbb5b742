namespace Asyncore;

// Receiving: cuts the stream into items.
public abstract partial class AsyncChat
{
    private Inbox? _inbox;

    /// <summary>Bytes that have come and are to be looked at once more, or for the first time.</summary>
    private ReadOnlyMemory<byte> _putBack;
    private bool _feeding;
    private bool _telling;

    /// <summary>Where the channel was when delivery began, and in which state; it stops where that changes.</summary>
    private EventLoop? _home;
    private int _deliveryState;
    private bool _discarded;
    private bool _isLast;

    /// <summary>
    /// The longest item that a terminator of bytes may take to come, the terminator not counting; 0, as at first, for
    /// no limit. A longer one: <see cref="HandleOverflow"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below zero.</exception>
    public long MaxLineLength
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    }

    /// <summary>
    /// Feeds bytes to the chat as if they had been received: astm's name for what reading does. Handlers run in here.
    /// </summary>
    /// <param name="data">The bytes.</param>
    /// <exception cref="InvalidOperationException">Called from a handler that is being told of earlier bytes.</exception>
    public void Pull(ReadOnlySpan<byte> data)
    {
        Loop.CheckThread();
        if (_feeding)
        {
            throw new InvalidOperationException("Pull was called inside a handler that Pull or reading has called.");
        }

        if (!IsClosed)
        {
            Feed(data);
        }
    }

    /// <summary>What has been collected of the item, which is empty afterwards.</summary>
    /// <returns>A copy.</returns>
    public byte[] GetData() => _inbox is { } inbox ? inbox.Take() : [];

    /// <summary>What has been collected of the item, decoded whole in <see cref="Encoding"/>, and empty afterwards.</summary>
    /// <returns>The text.</returns>
    /// <exception cref="System.Text.DecoderFallbackException">The encoding throws on bytes that it does not know.</exception>
    public string GetText()
    {
        try
        {
            return Encoding.GetString(PeekData());
        }
        finally
        {
            ClearData(); // also what cannot be decoded, or it would spoil every item after it
        }
    }

    /// <summary>
    /// What has been collected of the item, where it lies: nothing is copied while it lies in the receive buffer. To be
    /// used before the handler returns.
    /// </summary>
    /// <returns>A view, good until the next call on this chat.</returns>
    public ReadOnlySpan<byte> PeekData() => _inbox is { } inbox ? inbox.Span : default;

    /// <summary>Forgets what has been collected of the item.</summary>
    public void ClearData() => _inbox?.Clear();

    /// <summary>Drops everything received and everything to be sent, <see cref="CloseWhenDone"/> too. For emergencies.</summary>
    public void DiscardBuffers()
    {
        DiscardInputBuffers();
        DiscardOutputBuffers();
    }

    /// <summary>
    /// Drops everything received that has not been delivered, and what has been collected: also the item that a handler
    /// is being told of.
    /// </summary>
    public void DiscardInputBuffers()
    {
        Loop.CheckThread();
        ClearData();
        SetPutBack(default);
        _matched = 0;
        _lineLength = 0;
        _skipping = false;
        _discarded = true;
    }

    /// <summary>
    /// Bytes of the item have come, never none. By default they are appended to what <see cref="GetData"/> gives.
    /// </summary>
    /// <param name="data">The bytes, to be used before this returns.</param>
    protected internal virtual void CollectIncomingData(ReadOnlySpan<byte> data) =>
        (_inbox ??= new Inbox()).Append(data);

    /// <summary>The item is complete. A terminator set in here applies to what follows it at once.</summary>
    protected internal abstract void FoundTerminator();

    /// <summary>
    /// The item is longer than <see cref="MaxLineLength"/>. By default the channel closes, which is
    /// <see cref="Dispatcher.CloseReason"/>. Otherwise the rest of it is not delivered, <see cref="FoundTerminator"/> is
    /// not called for it, and the next item begins behind its terminator. What was collected of it is dropped
    /// afterwards.
    /// </summary>
    protected internal virtual void HandleOverflow() => EndConnection(
        new InvalidDataException($"More than {MaxLineLength} bytes have come without a terminator."), drain: false);

    /// <summary>Receives, and delivers what has come.</summary>
    protected internal override void HandleRead()
    {
        if (_feeding)
        {
            return; // called by a handler: what it would read comes after what is being delivered
        }

        EventLoop loop = Loop;
        PageBuffer buffer = loop.TakeReceiveBuffer(InBufferSize);
        try
        {
            _inbox?.Enter(buffer);
            int count = Recv(buffer.Span[..InBufferSize]);
            if (count > 0)
            {
                Feed(buffer.Span[..count], buffer);
            }
        }
        finally
        {
            _inbox?.Leave();
            loop.GiveBack(buffer);
        }
    }

    private protected override void EndInput()
    {
        if (_feeding)
        {
            return;
        }

        _isLast = true;
        try
        {
            if (_putBack.Length > 0)
            {
                Feed(default);
            }

            if (_matched != 0 && !IsClosed)
            {
                ReadOnlySpan<byte> held = _matcher!.HeldBack(_matched);
                _matched = 0;
                _feeding = true;
                int used = 0;
                DeliverOfLine(held, ref used);
            }
        }
        finally
        {
            _isLast = false;
            _feeding = false;
        }
    }

    // A handler that reads by itself may meet the end before it has been told of what came earlier.
    private protected override bool DefersEnd => _feeding;

    private protected override void ResumeInput()
    {
        if (_putBack.Length > 0)
        {
            AnnounceNews();
        }
    }

    // Everything that has not been delivered stays, whatever a handler does: throw, pause, leave the loop. It goes on in
    // the next pass, which is the loop's turn to send and to tell of water marks, and nothing is read before.
    private void Feed(ReadOnlySpan<byte> data, PageBuffer? buffer = null)
    {
        _home = Loop;
        _deliveryState = DeliveryState;
        ReadOnlyMemory<byte> source = default;
        ReadOnlySpan<byte> front = default;
        if (buffer is not null && _inbox is null)
        {
            (_inbox = new Inbox()).Enter(buffer);
        }

        _feeding = true;
        _discarded = false;
        try
        {
            // A pause that was asked for before this keeps everything back.
            for (bool goesOn = _isLast || !IsPaused; goesOn; goesOn = GoesOn())
            {
                if (front.IsEmpty && !_putBack.IsEmpty)
                {
                    source = _putBack;
                    front = source.Span;
                    SetPutBack(default);
                }
                else if (front.IsEmpty)
                {
                    front = data;
                    data = default;
                }

                if (front.IsEmpty)
                {
                    return;
                }

                Take(ref front);
                if (_discarded)
                {
                    _discarded = false;
                    front = data = default;
                }
            }
        }
        catch (Exception error) when (Fails(error))
        {
            throw;
        }
        finally
        {
            _feeding = false;
            if (!_discarded) // and then thrown something
            {
                Keep(front, data, source);
            }

            _discarded = false;
        }
    }

    private bool GoesOn() =>
        (DeliveryState == _deliveryState || (_isLast && !IsClosed)) && Loop == _home && (_isLast || !IsAboveHighWater);

    private void Keep(ReadOnlySpan<byte> front, ReadOnlySpan<byte> data, ReadOnlyMemory<byte> source)
    {
        if (IsClosed || (front.IsEmpty && data.IsEmpty))
        {
            return;
        }

        // Where it is kept once more it is not copied once more: an item a pass must not cost the square of them.
        bool isRest = _putBack.IsEmpty && data.IsEmpty && source.Length >= front.Length
            && source.Span[^front.Length..] == front;
        SetPutBack(isRest ? source[^front.Length..] : (byte[])[.. _putBack.Span, .. front, .. data]);
    }

    // What was held back comes before anything else.
    private void PutBack(ReadOnlySpan<byte> held) => SetPutBack((byte[])[.. held, .. _putBack.Span]);

    private void SetPutBack(ReadOnlyMemory<byte> bytes)
    {
        _putBack = bytes;
        SetHoldsInput(!bytes.IsEmpty);
        if (!bytes.IsEmpty && !IsPaused) // or resuming announces it
        {
            AnnounceNews();
        }
    }

    private void Take(ref ReadOnlySpan<byte> front)
    {
        if (_matcher is not null)
        {
            TakeLine(_matcher, ref front);
        }
        else if (_counted > 0)
        {
            TakeCounted(ref front);
        }
        else
        {
            ReadOnlySpan<byte> all = front;
            front = default;
            CollectIncomingData(all);
        }
    }

    private void TakeCounted(ref ReadOnlySpan<byte> front)
    {
        ReadOnlySpan<byte> piece = front[..(int)Math.Min(_counted, front.Length)];
        front = front[piece.Length..];
        _counted -= piece.Length;
        bool found = _counted == 0;
        if (found && RepeatTerminator)
        {
            _counted = _count;
        }

        CollectIncomingData(piece);
        if (found && !IsClosed && !_discarded)
        {
            TellFound();
        }
    }

    private void TellFound()
    {
        _telling = true;
        FoundTerminator();
        _telling = false;
    }

    // An item that fails costs itself alone: what nobody took of it would become part of the next. Here and not around
    // each call, as a try block for every item costs as much as finding its end.
    private bool Fails(Exception error)
    {
        if (_telling && error is not ExitNowException)
        {
            ClearData();
        }

        _telling = false;
        return false;
    }
}
