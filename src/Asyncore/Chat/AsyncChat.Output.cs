using System.Buffers;
using System.Runtime.CompilerServices;

namespace Asyncore;

// Sending: pushes and producers, in the order they were made.
public abstract partial class AsyncChat
{
    private PushQueue? _later;
    private Action? _onReady;

    /// <summary>The producer in front, once it has been asked: nobody else's being ready means anything.</summary>
    private IDeferredProducer? _listensTo;
    private Exception? _producerError;
    private Exception? _refusal;
    private bool _awaitsReady;
    private bool _asking;
    private bool _closesWhenDone;
    private bool _isDone;

    /// <summary>
    /// Sends, as soon as what was pushed before has left. Nothing, once the channel is closed or
    /// <see cref="CloseWhenDone"/> was called. What would pass <see cref="DispatcherWithSend.OutBufferLimit"/> closes the
    /// channel, for that reason.
    /// </summary>
    /// <param name="data">What to send; copied.</param>
    [OverloadResolutionPriority(1)]
    public void Push(ReadOnlySpan<byte> data)
    {
        if (!TakesPush(data.Length))
        {
            return;
        }

        if (HasLater)
        {
            _later!.Append(data, Loop.Segments);
            RequestFlush();
            return;
        }

        SendOrEnqueue(data);
    }

    /// <summary>The same without copying.</summary>
    /// <param name="data">What to send. It must not change until it has left, or the channel has closed.</param>
    public void Push(ReadOnlyMemory<byte> data)
    {
        if (!TakesPush(data.Length))
        {
            return;
        }

        if (HasLater)
        {
            _later!.AppendBorrowed(data, Loop.Segments);
            RequestFlush();
            return;
        }

        EnqueueBorrowed(data[TrySendDirectly(data.Span)..]);
    }

    /// <summary>The same for text, in <see cref="Encoding"/>.</summary>
    /// <param name="text">What to send.</param>
    /// <exception cref="System.Text.EncoderFallbackException">The encoding throws on characters it does not know.</exception>
    public void Push(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        PushText(text, default);
    }

    /// <summary>Sends a text and what ends it as one: the peer gets both or neither.</summary>
    private protected void PushText(string text, ReadOnlySpan<byte> end)
    {
        int most = Encoding.GetMaxByteCount(text.Length) + end.Length;
        byte[]? rented = most > 1024 ? ArrayPool<byte>.Shared.Rent(most) : null;
        Span<byte> bytes = rented ?? stackalloc byte[1024];
        int count = Encoding.GetBytes(text, bytes);
        end.CopyTo(bytes[count..]);
        Push(bytes[..(count + end.Length)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>
    /// Sends what a producer makes, as soon as what was pushed before has left. It is asked for a piece when the one
    /// before has left. One that throws ends the channel, through <see cref="Dispatcher.HandleError"/>.
    /// </summary>
    /// <param name="producer">The producer; disposed when it is not needed any more, if it can be.</param>
    public void PushWithProducer(IProducer producer)
    {
        ArgumentNullException.ThrowIfNull(producer);
        Loop.CheckThread();
        if (!TakesEarly || TakesNoMore)
        {
            (producer as IDisposable)?.Dispose();
            return;
        }

        (_later ??= new PushQueue()).Add(producer);
        SetMoreOutput(true);
    }

    /// <summary>
    /// Closes the channel, through <see cref="Dispatcher.HandleClose"/>, once all that was pushed before has left; later
    /// pushes are dropped. The peer receives everything: our end is sent, and what the peer still says is thrown away
    /// until it ends too, for <see cref="Dispatcher.CloseTimeout"/> at most. A channel that is not connected yet closes
    /// once it has connected and sent. How long a peer may take that does not read is not limited: set a timer, or
    /// <see cref="DispatcherWithSend.OutBufferLimit"/>.
    /// </summary>
    public void CloseWhenDone()
    {
        Loop.CheckThread();
        if (!IsClosed && !_closesWhenDone)
        {
            _closesWhenDone = true;
            (_later ??= new PushQueue()).AddClose();
            SetMoreOutput(true);
        }
    }

    /// <summary>Drops everything that has not left, and cancels <see cref="CloseWhenDone"/>.</summary>
    public void DiscardOutputBuffers()
    {
        Loop.CheckThread();
        if (!IsClosed)
        {
            TruncateOutput(0);
            SetMoreOutput(false);
            DropRefills();
            _closesWhenDone = false;
            _isDone = false;
            RequestFlush();
            if (HasReadEnd)
            {
                AnnounceNews(); // the end was met and not told, as the channel was about to close
            }
        }
    }

    /// <summary>Sends as the base class does, and behind what has been pushed.</summary>
    /// <inheritdoc/>
    public override int Send(ReadOnlySpan<byte> data)
    {
        if (TakesNoMore)
        {
            return 0;
        }

        if (!HasLater)
        {
            return base.Send(data);
        }

        Loop.CheckThread();
        int taken = TakesQueue ? RoomFor(data.Length) : 0;
        _later!.Append(data[..taken], Loop.Segments);
        RequestFlush();
        return taken;
    }

    /// <summary>Whether anything waits to be sent; asynchat's own answer. The loop knows without asking.</summary>
    protected internal override bool Writable() => base.Writable() || (HasLater && !_awaitsReady);

    private protected override int WriteLimit => OutBufferSize;

    private protected override bool OutlivesInput => _closesWhenDone;

    private protected override long LaterLength => _later?.Length ?? 0;

    /// <summary>What was pushed was the last: the channel closes when it has left, or for what was too much.</summary>
    private bool TakesNoMore => _closesWhenDone || _refusal is not null;

    private bool HasLater => _later is { IsEmpty: false };

    private protected override bool TakesPipe => false;

    private protected override bool Refill()
    {
        if (_asking)
        {
            return false; // a producer calls Flush
        }

        _asking = true;
        try
        {
            while (HasLater)
            {
                PushQueue later = _later!;
                if (later.Bytes is not null)
                {
                    later.TransferFirst(Output, Loop.Segments);
                    SetMoreOutput(HasLater);
                    return true;
                }

                if (later.Producer is not { } producer)
                {
                    later.RemoveFirst(Loop.Segments);
                    _isDone = true;
                    AnnounceNews();
                    break;
                }

                if (_awaitsReady)
                {
                    return false;
                }

                bool? sent = Ask(producer);
                if (sent is { } result)
                {
                    return result;
                }
            }

            SetMoreOutput(false);
        }
        catch (Exception error)
        {
            if (IsClosed)
            {
                LogFailure("uncaught exception in a producer that has closed", error);
                return false;
            }

            // Told from the loop: nobody's handler runs inside Push or Flush.
            _producerError = error;
            _awaitsReady = true;
            AnnounceNews();
        }
        finally
        {
            _asking = false;
        }

        return false;
    }

    /// <returns>Whether to go on sending; null where the producer is done.</returns>
    private bool? Ask(IProducer producer)
    {
        if (producer is FileProducer { IsReadOnly: false, IsEmpty: false } file && CanSendFile)
        {
            int sent = SendFile(file.File, file.Position, file.NextCount);
            file.IsReadOnly = sent == CannotSendFile;
            file.Advance(sent);
            return true;
        }

        if (producer is IDeferredProducer deferred)
        {
            _awaitsReady = true; // before it is asked: it may say that it is ready inside
            if (_listensTo != deferred)
            {
                _listensTo = deferred;
                deferred.Ready += _onReady ??= AskAgain;
            }
        }

        ReadOnlyMemory<byte> piece = producer.More();
        if (IsClosed || _later?.Producer != producer)
        {
            return false; // it has closed the channel, or discarded what is to be sent
        }

        if (!piece.IsEmpty)
        {
            _awaitsReady = false;
            Output.AppendBorrowed(piece);
            return true;
        }

        if (producer is IDeferredProducer { IsDone: false })
        {
            return false;
        }

        _awaitsReady = false;
        _later.RemoveFirst(Loop.Segments);
        Release(producer);
        return null;
    }

    private protected override void DropRefills()
    {
        while (HasLater)
        {
            IProducer? producer = _later!.Producer;
            _later.RemoveFirst(Loop.Segments);
            Release(producer);
        }

        _awaitsReady = false;
    }

    private protected override void MoveRefills(SegmentPool pool) => _later?.MoveTo(pool);

    private protected override void BeforeClose()
    {
        base.BeforeClose();
        SetMoreOutput(false);
        DropRefills();
        _putBack = default;
    }

    private protected override void OnNews()
    {
        EventLoop home = Loop;
        try
        {
            TellNext();
            if (_isDone && !IsClosed && Loop == home)
            {
                EndConnection(null, drain: true);
            }
        }
        finally
        {
            // Where a handler threw, or took the channel elsewhere, the rest is told in another pass.
            if (!IsClosed && (_isDone || _refusal is not null || (!_putBack.IsEmpty && !IsPaused)))
            {
                AnnounceNews();
            }
        }
    }

    private void TellNext()
    {
        if (_producerError is ExitNowException exit)
        {
            _producerError = null;
            AskAgain();
            throw exit;
        }

        if (_producerError is { } error)
        {
            _producerError = null;
            TellFatalError(error);
        }
        else if (_refusal is not null)
        {
            EndConnection(_refusal, drain: false);
        }
        else if (_putBack.Length > 0)
        {
            Feed(default); // which does nothing while reading is paused
        }
        else if (HasReadEnd && !AllowHalfOpen && !_closesWhenDone)
        {
            EndConnection(null, drain: false);
        }
    }

    private bool TakesPush(int length)
    {
        Loop.CheckThread();
        if (length == 0 || !TakesEarly || TakesNoMore)
        {
            return false;
        }

        if (RoomFor(length) == length)
        {
            return true;
        }

        _refusal = new IOException(
            $"The peer does not take what it is sent: {OutBufferLength} bytes wait, {length} more would pass the limit of "
            + $"{OutBufferLimit}.");
        AnnounceNews();
        return false;
    }

    private void AskAgain()
    {
        Loop.CheckThread();
        if (_producerError is not null)
        {
            return; // it has failed, which is still to be told
        }

        _awaitsReady = false;
        if (HasLater && !IsClosed)
        {
            SetMoreOutput(true);
        }
    }

    private void Release(IProducer? producer)
    {
        if (_listensTo is { } deferred && deferred == producer)
        {
            _listensTo = null;
            deferred.Ready -= _onReady;
        }

        try
        {
            (producer as IDisposable)?.Dispose();
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            LogFailure("uncaught exception in Dispose of a producer of", error);
        }
    }
}
