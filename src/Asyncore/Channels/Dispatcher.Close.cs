using System.Net.Sockets;

namespace Asyncore;

// Closing: what Send took leaves first, unless the close is a reset.
public partial class Dispatcher
{

    /// <summary>
    /// Closes the channel; no handler of it runs any more. What <see cref="Send"/> took still leaves while the loop
    /// runs, for <see cref="CloseTimeout"/> at most. Twice is harmless. <see cref="HandleClose"/> is not called.
    /// </summary>
    public virtual void Close() => CloseForGood();

    /// <summary>
    /// Closes at once, drops what has not left, and resets the connection. Goes through <see cref="Close"/>, so that one
    /// that is overridden is called here too.
    /// </summary>
    public void Abort()
    {
        _loop.CheckThread();
        if (Has(State.Closed))
        {
            FinishClose(abort: true); // of a close that waits for bytes to leave
            return;
        }

        Set(State.Aborting, true);
        try
        {
            Close();
        }
        finally
        {
            CloseForGood();
        }
    }

    internal void CloseForGood()
    {
        _loop.CheckThread();
        if (Has(State.Closed))
        {
            return;
        }

        LogDebug("closing channel");
        BeforeClose();
        bool abort = Has(State.Aborting);
        if (abort)
        {
            DropOutput();
        }

        bool wasConnected = Has(State.Connected | State.InHandleConnect);
        if (wasConnected && OutputLength > 0)
        {
            FlushOutput();
        }

        bool listened = Has(State.Accepting);
        _loop.Forget(this);
        _state &= ~(State.Connected | State.Connecting | State.Accepting | State.Registered);
        Set(State.Closed, true);
        CurrentAttempt = null;
        bool stays = OutputLength > 0 || Drains;
        if (stays && wasConnected && !abort && !Has(State.SendDead) && _handle.Slot >= 0)
        {
            Linger();
        }
        else
        {
            FinishClose(abort);
        }

        if (listened || UnixPath is not null)
        {
            RemoveUnixPath();
        }
    }

    /// <summary>The descriptor goes, and with it whatever has not left.</summary>
    internal void FinishClose(bool abort = false)
    {
        DropOutput();
        if (CloseTimer is { } timer)
        {
            CloseTimer = null;
            timer.Cancel();
        }

        _loop.RemoveLingering(this);
        if (_handle.IsOpen)
        {
            _loop.Io.Close(_handle, abort);
        }

        _loop.ReleaseSlot(this);
        _handle = _noHandle;
        _loop.DescriptorCameFree();
    }

    /// <summary>What a derived class drops when the channel closes.</summary>
    private protected virtual void BeforeClose()
    {
    }

    private void Linger()
    {
        try
        {
            _out?.CopyBorrowed();
        }
        catch (OutOfMemoryException error)
        {
            BreakOff(error);
            return;
        }

        _loop.AddLingering(this);
        _loop.MarkChanged(this);
        if (OutputLength == 0)
        {
            FinishShutdown();
        }

        // An orderly end in the middle would tell the peer that what it has got is all.
        CloseTimer = _loop.CallInternally(CloseTimeout, () => FinishClose(abort: OutputLength > 0));
    }

    // Whether input is to be thrown away until the peer's end, once everything has left.
    private bool Drains => Has(State.Draining) && !Has(State.EndRead) && _handle.Kind == IoHandleKind.Stream;

    private IoEvents LingeringInterest => IoEvents.Present
        | (OutputLength > 0 ? IoEvents.Write : 0) // what was taken to send still leaves
        | (Drains ? IoEvents.Read : 0);

    private void ServeLingering(IoEvents events)
    {
        if (Drains && (events & ~IoEvents.Write) != 0)
        {
            int result = _loop.Io.Recv(_handle, _loop.ReceiveBuffer, SocketFlags.None);
            if (result == 0 || (result < 0 && !Errno.IsWouldBlock((SocketError)(-result))))
            {
                FinishClose();
                return;
            }
        }
        else if ((events & (IoEvents.Error | IoEvents.HangUp)) != 0)
        {
            FinishClose();
            return;
        }

        if (OutputLength > 0)
        {
            Set(State.SendBlocked, false);
            FlushOutput();
        }
    }

    private void RemoveUnixPath()
    {
        if (UnixPath is { } path)
        {
            UnixPath = null;
            try
            {
                _loop.Io.RemovePath(path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogInfo($"cannot remove {path}: {error.Message}", "error");
            }
        }
    }
}
