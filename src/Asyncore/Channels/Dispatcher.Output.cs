using System.Net.Sockets;

namespace Asyncore;

// Sending. Sends of one pass are put together and leave at its end.
public partial class Dispatcher
{
    // Copied below, handed to the kernel above: copying what is this large costs more than the call it saves.
    private const int DirectSendSize = 8 * 1024;
    private const int GatherLimit = 16;

    // One channel's share of an end of pass. What is left goes on when the kernel reports room.
    private const int MaxWritesPerFlush = 4;

    private OutputQueue? _out;

    /// <summary>
    /// Bytes this channel holds at most for <see cref="Send"/> until the kernel takes them; beyond it <c>Send</c> takes
    /// part, then nothing. 256 KiB at first.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public int SendBound
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    }

    = DefaultSendBound;

    /// <summary>Bytes taken and not yet the kernel's.</summary>
    private protected long OutputLength => _out?.Length ?? 0;

    /// <summary>
    /// Sends. On stream sockets the bytes are copied and leave with the other sends of the pass, at its end at the
    /// latest; many bytes with nothing held go to the kernel at once. On datagram sockets each call is one packet.
    /// </summary>
    /// <param name="data">What to send.</param>
    /// <returns>
    /// The bytes taken, none to all of them: none while connecting, when <see cref="SendBound"/> is reached, after
    /// close, after <see cref="ShutdownSend"/>, and when the peer is gone, of which <see cref="HandleClose"/> is told by
    /// the loop.
    /// </returns>
    /// <exception cref="SocketException">A datagram that the system refuses, for one too large.</exception>
    public virtual int Send(ReadOnlySpan<byte> data)
    {
        _loop.CheckThread();
        if (!TakesOutput)
        {
            return 0;
        }

        if (_handle.Kind == IoHandleKind.Datagram)
        {
            return SendDatagram(data);
        }

        int sent = TrySendDirectly(data);
        if (Has(State.SendDead))
        {
            return 0;
        }

        int held = (int)Math.Clamp(SendBound - OutputLength, 0, data.Length - sent);
        Enqueue(data.Slice(sent, held));
        return sent + held;
    }

    /// <summary>Sends what is held as far as the kernel takes it, without waiting for the end of the pass.</summary>
    /// <exception cref="ObjectDisposedException">The channel has been closed.</exception>
    public void Flush()
    {
        CheckOpen();
        if (Has(State.Connected | State.InHandleConnect))
        {
            FlushOutput();
        }
    }

    /// <summary>
    /// Ends the sending side: what is held leaves, then the peer sees the end of the stream (shutdown(2)). Receiving
    /// goes on.
    /// </summary>
    /// <exception cref="InvalidOperationException">The channel is no connection.</exception>
    /// <exception cref="ObjectDisposedException">The channel has been closed.</exception>
    public virtual void ShutdownSend()
    {
        CheckOpen();
        if (!Has(State.Connected | State.Connecting) || _handle.Kind != IoHandleKind.Stream)
        {
            throw new InvalidOperationException("Only a connection has a sending side to shut down.");
        }

        Set(State.ShutdownAsked, true);
        _loop.MarkChanged(this);
        if (Has(State.Connected) && OutputLength == 0)
        {
            FinishShutdown();
        }
    }

    internal void FlushAtEndOfPass()
    {
        if (Has(State.Closed | State.Connected))
        {
            FlushOutput();
        }

        KeepOutput();
    }

    /// <summary>What could not leave moves out of the buffer that the next pass uses anew.</summary>
    internal void KeepOutput() => _out?.LeaveShared();

    /// <summary>Told after bytes have left, or could not.</summary>
    private protected virtual void AfterFlush()
    {
    }

    private protected bool TakesOutput =>
        (Has(State.Connected | State.InHandleConnect) || (Has(State.Bound) && _handle.Kind == IoHandleKind.Datagram))
        && !Has(State.Closed | State.ShutdownAsked | State.SendDead);

    /// <summary>Whether a class with a queue of its own may take bytes now: also while connecting.</summary>
    private protected bool TakesQueue => Has(State.Connected | State.Connecting | State.InHandleConnect)
        && !Has(State.Closed | State.ShutdownAsked | State.SendDead);

    private protected void Enqueue(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty && !Has(State.SendDead))
        {
            // Not where it would have to be copied once more: while nothing can leave.
            bool share = Has(State.Connected) && !Has(State.SendBlocked);
            (_out ??= _loop.Segments.RentQueue()).Append(data, share);
            _loop.MarkUnflushed(this);
        }
    }

    private protected void TruncateOutput(long length) => _out?.Truncate(length);

    // Sends until the queue is empty or the kernel is full. Calls no handler: what went wrong is told by the loop.
    private protected void FlushOutput()
    {
        for (int writes = 0; _out is not null && !Has(State.SendBlocked | State.SendDead); writes++)
        {
            if (_out.Length == 0)
            {
                ReturnQueue();
                break;
            }

            if (writes == MaxWritesPerFlush)
            {
                Set(State.SendBlocked, true); // ask for room, so that the others get their turn
                _loop.MarkChanged(this);
                break;
            }

            SendFront(_out);
        }

        if (_out is null)
        {
            AfterDrain();
        }

        AfterFlush();
    }

    private void AfterDrain()
    {
        if (Has(State.ShutdownAsked) && Has(State.Connected))
        {
            FinishShutdown();
        }

        if (Has(State.Closed) && _handle.IsOpen)
        {
            FinishClose();
        }
    }

    private void SendFront(OutputQueue queue)
    {
        long offered = queue.Length;
        int sent = queue.IsOneSegment ? _loop.Io.Send(_handle, queue.FirstSegment) : SendGathered(queue, out offered);
        if (sent < 0)
        {
            SendFailed((SocketError)(-sent));
            return;
        }

        queue.Advance(sent);
        if (sent < offered)
        {
            Block(); // the kernel took what it could: asking again at once is known to fail
        }
    }

    private int SendGathered(OutputQueue queue, out long offered)
    {
        var front = default(Front);
        int count = queue.Peek(front);
        offered = 0;
        for (int i = 0; i < count; i++)
        {
            offered += front[i].Length;
        }

        return _loop.Io.Send(_handle, ((ReadOnlySpan<ReadOnlyMemory<byte>>)front)[..count]);
    }

    // Many bytes with nothing before them go straight to the kernel.
    private protected int TrySendDirectly(ReadOnlySpan<byte> data)
    {
        if (data.Length < DirectSendSize || OutputLength > 0 || !Has(State.Connected) || Has(State.SendBlocked))
        {
            return 0;
        }

        int sent = _loop.Io.Send(_handle, data);
        if (sent < 0)
        {
            SendFailed((SocketError)(-sent));
            return 0;
        }

        if (sent < data.Length)
        {
            Block();
        }

        return sent;
    }

    private int SendDatagram(ReadOnlySpan<byte> data)
    {
        int sent = _loop.Io.Send(_handle, data);
        if (sent >= 0)
        {
            return sent;
        }

        var error = (SocketError)(-sent);
        if (Errno.IsWouldBlock(error) || error == SocketError.NoBufferSpaceAvailable)
        {
            return 0;
        }

        return !Errno.IsDisconnected(error) ? throw Errno.ToException(error) : Die(error);

        int Die(SocketError reason)
        {
            SendFailed(reason);
            return 0;
        }
    }

    private void Block()
    {
        Set(State.SendBlocked, true);
        _loop.MarkChanged(this);
    }

    private void SendFailed(SocketError error)
    {
        if (Errno.IsWouldBlock(error) || error is SocketError.NoBufferSpaceAvailable or SocketError.Interrupted)
        {
            Block();
            return;
        }

        // The peer is gone. What it had sent before may still be read; then HandleClose, told by the loop.
        _failure = Errno.ToException(error);
        Set(State.SendDead, true);
        DropOutput();
        if (Has(State.Closed))
        {
            FinishClose();
            return;
        }

        _loop.MarkChanged(this);
        _loop.MarkPending(this);
    }

    private void FinishShutdown()
    {
        if (!Has(State.ShutdownDone))
        {
            Set(State.ShutdownDone, true);
            _loop.Io.ShutdownSend(_handle); // fails only where the peer has gone, which reading tells
        }
    }

    private protected void MarkWater(bool high)
    {
        Set(State.HighWaterDue, high);
        Set(State.LowWaterDue, !high);
        _loop.MarkPending(this);
    }

    private void TellWaterMarks()
    {
        if (Has(State.HighWaterDue))
        {
            Set(State.HighWaterDue, false);
            Invoke(Handler.HighWater);
        }
        else if (Has(State.LowWaterDue))
        {
            Set(State.LowWaterDue, false);
            Invoke(Handler.LowWater);
        }
    }

    private void DropOutput()
    {
        if (_out is not null)
        {
            _out.Truncate(0);
            ReturnQueue();
        }
    }

    // Segments belong to the pool of one loop, which may be another thread's.
    private void MoveOutput(EventLoop to)
    {
        if (_out is { } held)
        {
            _out = to.Segments.RentQueue();
            held.MoveTo(_out);
            _loop.Segments.Return(held);
        }
    }

    private void ReturnQueue()
    {
        _loop.Segments.Return(_out!);
        _out = null;
    }

    [System.Runtime.CompilerServices.InlineArray(GatherLimit)]
    private struct Front
    {
        private ReadOnlyMemory<byte> _first;
    }
}
