namespace Asyncore;

// The loop asks a channel what it wants, and tells the poller.
public partial class Dispatcher
{
    private IoEvents _wanted;

    /// <summary>Whether a channel that no poller takes has anything to be served with.</summary>
    internal bool WantsService => (_wanted & (IoEvents.Read | IoEvents.Write)) != 0;

    /// <summary>Whether input that was received ahead is to be offered.</summary>
    internal bool WantsHeld => (_wanted & IoEvents.Read) != 0 && _handle.HasHeld && Has(State.Registered);

    /// <summary>Tells the poller what the channel wants now; asks the predicates where its type overrides them.</summary>
    internal void UpdateInterest()
    {
        if (_handle.Slot < 0)
        {
            return;
        }

        try
        {
            _wanted = Has(State.Closed) ? IoEvents.None : FindInterest();
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            CloseAfter(error, "uncaught exception in Readable or Writable, closing channel");
            return;
        }

        if (_handle.Slot < 0)
        {
            return; // it closed itself, or left the loop, when it was asked
        }

        if (Has(State.Closed))
        {
            _wanted = LingeringInterest;
        }

        if (IsAlwaysReady)
        {
            return;
        }

        if (_wanted == IoEvents.None && Has(State.SendBatched))
        {
            FlushOutput(); // who leaves the poller leaves the batch
        }

        int result = _loop.Io.SetInterest(_handle, _wanted);
        if (result == IoBackend.CannotWait)
        {
            _loop.AddAlwaysReady(this);
        }
        else if (result < 0 && !_handle.IsLost)
        {
            CloseAfter(Errno.ToException(result), "the poller refuses the channel, closing it");
        }
    }

    private IoEvents FindInterest()
    {
        bool reads = IsReadable();
        bool isOpen = Has(State.Connected) || (Has(State.Bound) && _handle.Kind == IoHandleKind.Datagram);
        if (!isOpen)
        {
            _ = _traits.OverridesWritable && Writable(); // asked in every pass; the answer changes nothing here
        }

        if (Has(State.Accepting))
        {
            return IoEvents.Present | (reads && !Has(State.Starved) ? IoEvents.Read : 0);
        }

        if (Has(State.Connecting))
        {
            bool starting = CurrentAttempt is { Next: 0 } || Has(State.ConnectFailed);
            IoEvents urgent = _traits.OverridesHandleExpt && reads ? IoEvents.Priority : 0;
            return starting ? IoEvents.None
                : IoEvents.Present | IoEvents.Write | urgent | (reads ? IoEvents.Read : 0);
        }

        if (!isOpen)
        {
            return IoEvents.None; // a fresh TCP socket polls as hung up
        }

        bool writes = IsWritable();
        if (Has(State.Parked) && !reads)
        {
            return IoEvents.None;
        }

        Set(State.Parked, false);
        return IoEvents.Present | (writes ? IoEvents.Write : 0)
            | (reads ? IoEvents.Read | (_traits.OverridesHandleExpt ? IoEvents.Priority : 0) : 0);
    }

    private bool IsReadable()
    {
        bool wants = !_traits.OverridesReadable || Readable();
        return wants && !Has(State.Paused | State.EndRead | State.HoldsInput);
    }

    // Room is wanted for bytes that the kernel would not take, or to call HandleWrite. The answer to the latter holds
    // for the pass, as in asyncore.
    private bool IsWritable()
    {
        Set(State.WantsHandleWrite, AskWritable());
        return Has(State.SendBlocked | State.WantsHandleWrite) && !Has(State.SendDead);
    }

    // Nobody can tell whether the default HandleWrite is called, so for a type that overrides neither it nor Writable
    // the answer is no.
    private bool AskWritable()
    {
        if (Has(State.ShutdownAsked) && !_traits.OverridesWritable)
        {
            return false;
        }

        if (!_traits.OverridesWritable && !_traits.OverridesHandleWrite)
        {
            return _traits.KeepsDefaultWritable && !IgnoreLogTypes.Contains("warning");
        }

        if (_traits is { OverridesWritable: false, KeepsDefaultWritable: true } && _traits.TellOnce())
        {
            LogInfo($"{GetType()} overrides HandleWrite and not Writable, so it is called in every pass");
        }

        return Writable() && !Has(State.ShutdownAsked);
    }
}
