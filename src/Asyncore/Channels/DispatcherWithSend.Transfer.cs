namespace Asyncore;

// Moving bytes from one channel to another.
public partial class DispatcherWithSend
{
    // So many reads in a row of so many bytes are a stream, for which the kernel is let do it by itself: less than that
    // it does no cheaper than we copy.
    private const int ReadsOfStream = 4;
    private const int ReadOfStream = 64 * 1024;
    private const int MostSpliced = 256 * 1024; // and so what a side that does not read costs

    private SplicePipe? _pipe; // what another channel gave us that the kernel did not take yet
    private byte _largeReads;
    private bool _cannotSplice;

    /// <summary>
    /// Receives, and sends what came by another channel: what a relay does, done the cheapest way there is. Small reads
    /// are copied; streams are moved by the kernel where it can (splice(2)), without ever being seen here.
    /// </summary>
    /// <param name="target">Who sends it. As with <see cref="Send"/>, what cannot leave is queued.</param>
    /// <param name="limit">The most bytes to take where they are copied.</param>
    /// <returns>
    /// The bytes that came; 0 when nothing is there now, or the end has been met, of which the handlers are told as by
    /// <see cref="Dispatcher.Recv(Span{byte})"/>.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The limit is below one.</exception>
    /// <exception cref="InvalidOperationException">The channels are on different loops.</exception>
    public int TransferTo(DispatcherWithSend target, int limit = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        if (target.Loop != Loop)
        {
            throw new InvalidOperationException("Bytes are transferred between channels of one loop.");
        }

        if (_largeReads >= ReadsOfStream && TrySplice(target, out int moved))
        {
            return moved;
        }

        ReadOnlySpan<byte> data = Receive(limit);
        CountRead(data.Length);
        if (!data.IsEmpty)
        {
            target.Send(data);
        }

        return data.Length;
    }

    /// <summary>Whether a pipe can be queued behind nothing at all here; classes with a queue of their own say no.</summary>
    private protected virtual bool TakesPipe => true;

    private void CountRead(int count) =>
        _largeReads = count < ReadOfStream ? (byte)0 : (byte)Math.Min(_largeReads + 1, ReadsOfStream);

    private bool TrySplice(DispatcherWithSend target, out int moved)
    {
        moved = 0;
        if (_cannotSplice || !CanSpliceIn || !target.CanSpliceOut || !target.TakesPipe
            || target.RoomFor(MostSpliced) < MostSpliced || Loop.Io.RentPipe() is not { } pipe)
        {
            return false;
        }

        int taken = SpliceIn(pipe, MostSpliced);
        if (taken == CannotSplice)
        {
            _cannotSplice = true;
            Loop.Io.Return(pipe);
            return false;
        }

        moved = taken;
        if (taken == 0)
        {
            Loop.Io.Return(pipe);
            return true;
        }

        CountRead(taken);
        target.TakePipe(pipe);
        return true;
    }

    private void TakePipe(SplicePipe pipe)
    {
        SpliceOut(pipe);
        if (pipe.Length == 0 || !TakesOutput)
        {
            Loop.Io.Return(pipe);
            return;
        }

        _pipe = pipe;
        SetMoreOutput(true);
    }

    // Somebody sends behind what is in the pipe: it has to come before.
    private void CopyPipe()
    {
        SplicePipe pipe = _pipe!;
        _pipe = null;
        SetMoreOutput(false);
        try
        {
            byte[] buffer = new byte[Math.Min(pipe.Length, ReadOfStream)];
            while (pipe.Length > 0)
            {
                Output.Append(buffer.AsSpan(0, pipe.Read(buffer)), share: false);
            }
        }
        catch (OutOfMemoryException error)
        {
            BreakOff(error); // they were taken from their sender
        }
        finally
        {
            Loop.Io.Return(pipe);
        }
    }

    private void DropPipe()
    {
        if (_pipe is { } pipe)
        {
            _pipe = null;
            Loop.Io.Return(pipe);
        }
    }
}
