using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Asyncore;

// Sending. Sends of one pass are put together and leave at its end.
public partial class Dispatcher
{
    // Copied below, handed to the kernel above: copying what is this large costs more than the call it saves.
    private const int DirectSendSize = 8 * 1024;

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
        try
        {
            Enqueue(data.Slice(sent, held));
        }
        catch (OutOfMemoryException) when (sent > 0)
        {
            return sent; // it has left, so it has to be said
        }

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
        if (Has(State.Connected) && OutputLength == 0 && !Has(State.MoreOutput))
        {
            FinishShutdown();
        }
    }

    /// <summary>Sends from a file what the kernel takes now; the queue must be empty.</summary>
    /// <returns>
    /// The bytes sent; 0 where the file has ended; −1 where nothing can be sent now; <see cref="CannotSendFile"/> where
    /// the system does not send from such a file.
    /// </returns>
    /// <exception cref="IOException">The file cannot be read.</exception>
    private protected int SendFile(SafeHandle file, long offset, int count)
    {
        int sent = _loop.Io.SendFile(_handle, file, offset, Math.Min(count, WriteLimit));
        if (sent >= 0)
        {
            return sent;
        }

        var error = (SocketError)(-sent);
        if (error is SocketError.InvalidArgument or SocketError.OperationNotSupported)
        {
            return CannotSendFile;
        }

        if (!Errno.IsWouldBlock(error) && !Errno.IsDisconnected(error))
        {
            throw new IOException("Cannot send from the file.", Errno.ToException(sent));
        }

        SendFailed(error);
        return -1;
    }

    private protected const int CannotSendFile = -2;

    /// <summary>Whether the backend sends from files by itself.</summary>
    private protected bool CanSendFile => _handle.Kind == IoHandleKind.Stream && _loop.Io.CanSendFile;

    private protected void EnqueueBorrowed(ReadOnlyMemory<byte> data)
    {
        if (!data.IsEmpty && !Has(State.SendDead))
        {
            Output.AppendBorrowed(data);
            _loop.MarkUnflushed(this);
        }
    }

    /// <summary>The queue that leaves next; made where there is none.</summary>
    private protected OutputQueue Output => _out ??= _loop.Segments.RentQueue();

    private protected bool TakesOutput =>
        (Has(State.Connected | State.InHandleConnect) || (Has(State.Bound) && _handle.Kind == IoHandleKind.Datagram))
        && !Has(State.Closed | State.ShutdownAsked | State.SendDead);

    /// <summary>Whether a class with a queue of its own may take bytes now: also while connecting.</summary>
    private protected bool TakesQueue => Has(State.Connected | State.Connecting | State.InHandleConnect) && TakesEarly;

    /// <summary>The same for a class that may be given bytes before it connects.</summary>
    private protected bool TakesEarly => !Has(State.Closed | State.Accepting | State.ShutdownAsked | State.SendDead);

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

    /// <summary>Sends, and queues what cannot leave at once.</summary>
    /// <exception cref="OutOfMemoryException">
    /// There is no room in the queue. Where a part had left already the connection is broken off, as nobody could know how much.
    /// </exception>
    private protected void SendOrEnqueue(ReadOnlySpan<byte> data)
    {
        int sent = TrySendDirectly(data);
        try
        {
            Enqueue(data[sent..]);
        }
        catch (OutOfMemoryException error) when (sent > 0)
        {
            BreakOff(error);
            throw;
        }
    }

    private protected void TruncateOutput(long length)
    {
        WithdrawSend();
        _out?.Truncate(length);
    }

    // Many bytes with nothing before them go straight to the kernel.
    private protected int TrySendDirectly(ReadOnlySpan<byte> data)
    {
        if (data.Length < DirectSendSize || OutputLength > 0
            || !Has(State.Connected) || Has(State.SendBlocked | State.MoreOutput))
        {
            return 0;
        }

        data = data[..Math.Min(data.Length, WriteLimit)];
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
        WithdrawSend();
        if (_out is not null)
        {
            _out.Truncate(0);
            ReturnQueue();
        }

        if (Has(State.MoreOutput))
        {
            Set(State.MoreOutput, false);
            DropRefills();
        }
    }

    // Segments belong to the pool of one loop, which may be another thread's.
    // All of it or, where there is no memory for that, nothing: buffers belong to their loop.
    private void MoveOutput(EventLoop to)
    {
        BeforeMove();
        OutputQueue? moved = _out?.CopyTo(to.Segments);
        try
        {
            MoveRefills(to.Segments);
        }
        catch
        {
            moved?.Return();
            throw;
        }

        _out?.Return();
        _out = moved;
    }

    /// <summary>The channel goes to another loop: a derived class queues what cannot go along.</summary>
    private protected virtual void BeforeMove()
    {
    }

    /// <summary>The channel goes to another loop: what a derived class has queued moves to that loop's pool.</summary>
    private protected virtual void MoveRefills(SegmentPool pool)
    {
    }

    private void ReturnQueue()
    {
        _loop.Segments.Return(_out!);
        _out = null;
    }
}
