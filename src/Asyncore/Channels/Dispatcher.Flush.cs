using System.Net.Sockets;

namespace Asyncore;

// What is queued goes to the kernel: at the end of the pass, and when there is room again.
public partial class Dispatcher
{
    private const int GatherLimit = 16;

    // One channel's share of an end of pass. What is left goes on when the kernel reports room.
    private const int MaxWritesPerFlush = 4;

    internal void FlushAtEndOfPass()
    {
        if (Has(State.Closed | State.Connected) && !TryBatch())
        {
            FlushOutput();
        }

        KeepOutput();
    }

    /// <summary>What could not leave moves out of the buffer that the next pass uses anew.</summary>
    internal void KeepOutput()
    {
        if (Has(State.SendBatched))
        {
            return;
        }

        try
        {
            _out?.LeaveShared();
        }
        catch (OutOfMemoryException error)
        {
            BreakOff(error);
        }
    }

    /// <summary>Told after bytes have left, or could not.</summary>
    private protected virtual void AfterFlush()
    {
    }

    /// <summary>The most bytes that one system call is given.</summary>
    private protected virtual int WriteLimit => int.MaxValue;

    /// <summary>
    /// Everything queued has left, and the class has said that it has more: it queues that now. Called while lists are
    /// walked, so it calls no handler and throws nothing.
    /// </summary>
    /// <returns>Whether there is something to send; false also where it has sent something itself and cannot go on.</returns>
    private protected virtual bool Refill() => false;

    /// <summary>What has not left is given up; a derived class drops what it has queued itself.</summary>
    private protected virtual void DropRefills()
    {
    }

    /// <summary>Says whether <see cref="Refill"/> is to be called when the queue is empty.</summary>
    private protected void SetMoreOutput(bool more)
    {
        Set(State.MoreOutput, more);
        if (more)
        {
            _loop.MarkUnflushed(this);
        }
    }

    /// <summary>Has the queue looked at by the end of the pass: water marks, and what waits for it to be empty.</summary>
    private protected void RequestFlush() => _loop.MarkUnflushed(this);

    // Sends until the queue is empty or the kernel is full. Calls no handler: what went wrong is told by the loop.
    private protected void FlushOutput()
    {
        WithdrawSend();
        for (int writes = 0; !Has(State.SendBlocked | State.SendDead); writes++)
        {
            if (_out is { Length: 0 })
            {
                ReturnQueue();
            }

            if (_out is null && !(Has(State.MoreOutput) && Has(State.Connected)))
            {
                break;
            }

            if (writes == MaxWritesPerFlush)
            {
                Block(); // ask for room, so that the others get their turn
                break;
            }

            if (_out is not null)
            {
                SendFront(_out);
            }
            else if (!Refill())
            {
                break;
            }
            else if (_out is not null)
            {
                writes--; // nothing has been written yet
            }
        }

        if (_out is null && !Has(State.MoreOutput))
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

        if (!Has(State.Closed) || !_handle.IsOpen)
        {
            return;
        }

        if (Drains)
        {
            FinishShutdown();
            _loop.MarkChanged(this);
        }
        else
        {
            FinishClose();
        }
    }

    private void SendFront(OutputQueue queue)
    {
        long offered = Math.Min(queue.Length, WriteLimit);
        int sent = queue.IsOneSegment
            ? _loop.Io.Send(_handle, queue.FirstSegment[..(int)offered])
            : SendGathered(queue, ref offered);
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

    private int SendGathered(OutputQueue queue, ref long offered)
    {
        var front = default(Front);
        int count = queue.Peek(front);
        long left = offered;
        for (int i = 0; i < count; i++)
        {
            if (front[i].Length >= left)
            {
                front[i] = front[i][..(int)left];
                count = i + 1;
            }

            left -= front[i].Length;
        }

        offered -= left;
        return _loop.Io.Send(_handle, ((ReadOnlySpan<ReadOnlyMemory<byte>>)front)[..count]);
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

        GiveUpSending(Errno.ToException(error));
    }

    // There is no memory for bytes that were taken. The peer must not take those before them for all there is: a reset.
    private protected void BreakOff(OutOfMemoryException error)
    {
        Set(State.Aborting, true);
        GiveUpSending(error);
    }

    // The peer is gone. What it had sent before may still be read; then HandleClose, told by the loop.
    private void GiveUpSending(Exception reason)
    {
        Failure = reason;
        Set(State.SendDead, true);
        DropOutput();
        if (Has(State.Closed))
        {
            FinishClose(abort: Has(State.Aborting));
            return;
        }

        AfterFlush(); // a reader that waits for low water need not wait any more

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

    [System.Runtime.CompilerServices.InlineArray(GatherLimit)]
    private struct Front
    {
        private ReadOnlyMemory<byte> _first;
    }
}
