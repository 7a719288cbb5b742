using System.Net.Sockets;

namespace Asyncore;

// The loop tells a channel what has happened. The one place that calls handlers, and so the one place where their
// exceptions end.
public partial class Dispatcher
{

    private enum Handler
    {
        Read,
        Write,
        Expt,
        Connect,
        ConnectFailed,
        Accept,
        EndOfStream,
        HighWater,
        LowWater,
        EndInput,
        News,
    }

    /// <summary>Tells the channel of events, in the order read, write, expt, close.</summary>
    internal void Serve(IoEvents events)
    {
        if (_handle.IsLost)
        {
            NoticeLost();
            return;
        }

        if (Has(State.Closed))
        {
            ServeLingering(events);
        }
        else if (Has(State.Accepting))
        {
            ServeListener(events);
        }
        else if (ServeConnect(ref events))
        {
            ServeConnection(events);
        }
    }

    /// <summary>Tells the channel what no poller reports.</summary>
    internal void ServePending()
    {
        if (Has(State.Closed) || (_handle.IsOpen && !Has(State.Registered)))
        {
            return; // or out of the loop for now: told when it joins one
        }

        try
        {
            if (Has(State.ConnectFailed))
            {
                Set(State.ConnectFailed, false);
                EndAttempt(ConnectError);
            }
            else if (Has(State.Lost))
            {
                TellClose(Errno.ToException(SocketError.OperationAborted));
            }
            else
            {
                TellWaterMarks();
                TellNews();
                TellSendFailed();
            }
        }
        finally
        {
            // What was not told, because something else came first or ExitNowException came between, is told next time.
            if (!Has(State.Closed) && Has(State.NewsDue | State.HighWaterDue | State.LowWaterDue))
            {
                _loop.MarkPending(this);
            }
        }
    }

    internal void ServeAlwaysReady() => ServeConnection(_wanted & (IoEvents.Read | IoEvents.Write));

    /// <summary>The Socket that owned the descriptor has been disposed elsewhere; this channel ends, nobody else.</summary>
    internal void NoticeLost()
    {
        if (Has(State.Closed))
        {
            FinishClose();
        }
        else if (!Has(State.Lost))
        {
            Set(State.Lost, true);
            _loop.MarkPending(this);
        }
    }

    // Returns true where what follows a connect may go on.
    private bool ServeConnect(ref IoEvents events)
    {
        if (!Has(State.Connecting))
        {
            return true;
        }

        FinishConnect(events);
        events &= ~(IoEvents.Error | IoEvents.HangUp);
        if (!Has(State.Connected))
        {
            return false;
        }

        Set(State.WantsHandleWrite, AskWritable()); // what is wanted now, and not what was while connecting
        return true;
    }

    private void ServeConnection(IoEvents events)
    {
        // Paused by a handler earlier in this pass: the poller reports it again when reading goes on.
        if ((events & IoEvents.Read) != 0 && !Has(State.Paused | State.HoldsInput) && !Invoke(Handler.Read))
        {
            return;
        }

        if ((events & IoEvents.Write) != 0 && !ServeWrite())
        {
            return;
        }

        if ((events & IoEvents.Priority) != 0 && !Invoke(Handler.Expt))
        {
            return;
        }

        if ((events & (IoEvents.Error | IoEvents.HangUp)) != 0)
        {
            ServeHangUp();
        }
    }

    private bool ServeWrite()
    {
        Set(State.SendBlocked, false);
        FlushOutput();
        _loop.MarkChanged(this);

        bool room = OutputLength < SendBound && !Has(State.SendBlocked | State.SendDead);
        return !room || !Has(State.WantsHandleWrite) || Invoke(Handler.Write);
    }

    // An error, or the end of both directions: the end, once everything that had arrived has been read.
    private void ServeHangUp()
    {
        if (!(OutlivesInput && Has(State.SendDead)) && HasUnread())
        {
            if ((_wanted & IoEvents.Read) == 0)
            {
                // Nobody reads just now, and neither epoll nor poll can be told to keep quiet about a hang-up.
                Set(State.Parked, true);
                _loop.MarkChanged(this);
            }

            return;
        }

        if (!Invoke(Handler.EndInput))
        {
            return;
        }

        SocketError error = _loop.Io.TakeError(_handle);
        bool orderly = error == SocketError.Success && !Has(State.SendDead); // a send may have met the error first
        if (orderly && AllowHalfOpen && !Has(State.EndRead) && !TellEndOfStream())
        {
            return;
        }

        TellClose(error == SocketError.Success ? Failure : Errno.ToException(error));
    }

    private bool HasUnread() => Has(State.HoldsInput)
        || (!Has(State.EndRead) && (_handle.Held is { Length: > 0 } || _loop.Io.Unread(_handle) > 0));

    /// <summary>Calls a handler, and sends what it throws where it belongs.</summary>
    /// <returns>Whether the channel may be told more: the handler returned and the channel is open.</returns>
    private bool Invoke(Handler handler)
    {
        if (Has(State.Closed))
        {
            return false;
        }

        try
        {
            Call(handler);
            return !Has(State.Closed);
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            TellError(error);
            return false;
        }
    }

    private void Call(Handler handler)
    {
        switch (handler)
        {
            case Handler.Read:
                HandleRead();
                break;
            case Handler.Write:
                HandleWrite();
                break;
            case Handler.Expt:
                HandleExpt();
                break;
            case Handler.Connect:
                HandleConnect();
                break;
            case Handler.ConnectFailed:
                HandleConnectFailed((SocketException)Failure!);
                break;
            case Handler.Accept:
                HandleAccept();
                break;
            case Handler.EndOfStream:
                HandleEndOfStream();
                break;
            case Handler.HighWater:
                OnHighWater();
                break;
            case Handler.LowWater:
                OnLowWater();
                break;
            case Handler.EndInput:
                EndInput();
                break;
            case Handler.News:
                OnNews();
                break;
        }
    }

    private void TellError(Exception error)
    {
        if (Has(State.Closed))
        {
            // Nobody is told of it any more, so at least it is written down.
            LogFailure("uncaught exception after close of", error);
            return;
        }

        Exception? before = CloseReason;
        CloseReason = error;
        try
        {
            HandleError(error);
        }
        catch (Exception second) when (second is not ExitNowException)
        {
            CloseAfter(second, "uncaught exception in HandleError, closing channel");
        }

        if (!Has(State.Closed))
        {
            CloseReason = before;
        }
    }

    /// <summary>Calls HandleClose, once in the channel's life, and sees to it that the channel is closed after it.</summary>
    private void TellClose(Exception? reason)
    {
        if (Has(State.Closed | State.CloseTold))
        {
            return;
        }

        Set(State.CloseTold, true);
        CloseReason ??= reason;
        try
        {
            HandleClose();
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            LogFailure("uncaught exception in HandleClose, closing channel", error);
        }
        finally
        {
            CloseQuietly();
        }
    }

    /// <returns>Whether the channel is still open.</returns>
    private bool TellEndOfStream()
    {
        Set(State.EndRead, true);
        _loop.MarkChanged(this);
        return Invoke(Handler.EndOfStream);
    }

    // Sending has failed, which is the end, though not before what the peer had sent has been read.
    private void TellSendFailed()
    {
        if (!Has(State.SendDead) || Has(State.Closed) || !Has(State.Registered))
        {
            return;
        }

        // A chat that is done outlives its input: nobody waits for what may still be read.
        if ((OutlivesInput || !_handle.IsSocket || !HasUnread()) && Invoke(Handler.EndInput))
        {
            TellClose(Failure);
        }
    }

    /// <summary>A derived class has something to tell its handlers, which <see cref="OnNews"/> does from the loop.</summary>
    private protected void AnnounceNews()
    {
        Set(State.NewsDue, true);
        _loop.MarkPending(this);
    }

    private protected virtual void OnNews()
    {
    }

    private void TellNews()
    {
        // A handler before this may have closed the channel, or taken it out of the loop.
        if (Has(State.NewsDue) && !Has(State.Closed) && (Has(State.Registered) || !_handle.IsOpen))
        {
            Set(State.NewsDue, false);
            Invoke(Handler.News);
        }
    }

    /// <summary>Calls HandleError, and closes the channel where that did not.</summary>
    private protected void TellFatalError(Exception error)
    {
        TellError(error);
        CloseReason ??= error;
        CloseQuietly();
    }

    /// <summary>Calls HandleClose for a reason of the channel's own; null for an orderly end.</summary>
    /// <param name="reason">What <see cref="CloseReason"/> will be.</param>
    /// <param name="drain">
    /// Whether the peer is to get everything: our end is sent, and input is thrown away until the peer's own, because
    /// closing over unread input would reset the connection and take what the peer has not yet read.
    /// </param>
    private protected void EndConnection(Exception? reason, bool drain)
    {
        Set(State.Draining, drain);
        TellClose(reason);
    }

    // Closes for a reason of our own, without a further handler.
    private void CloseAfter(Exception error, string what)
    {
        LogFailure(what, error);
        CloseReason ??= error;
        CloseQuietly();
    }

    // Close may be overridden and may throw; the channel closes all the same.
    private void CloseQuietly()
    {
        if (Has(State.Closed))
        {
            return;
        }

        Set(State.CloseTold, true);
        try
        {
            Close();
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            LogFailure("uncaught exception in Close", error);
        }
        finally
        {
            CloseForGood();
        }
    }

    /// <summary>Writes an exception down that nobody else is told of; one that is thrown by that does not get out.</summary>
    private protected void LogFailure(string what, Exception error)
    {
        _loop.Io.NoteUncaught(error, isExpected: error is SocketException);
        string line = $"{what} {Describe()} ({error.GetType()}: {error.Message} {Place(error)})".ReplaceLineEndings(" ");
        try
        {
            LogInfo(line, "error");
        }
        catch (Exception second) when (second is not ExitNowException)
        {
            _loop.LogError(line, error); // an overridden LogInfo that throws must not take the loop along
        }
    }
}
