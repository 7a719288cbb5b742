using System.Net;
using System.Net.Sockets;

namespace Asyncore;

// Receiving and accepting.
public partial class Dispatcher
{
    private bool _acceptedOne;

    /// <summary>Receives into a buffer; see <see cref="Recv(Span{byte}, SocketFlags)"/>.</summary>
    /// <param name="buffer">Where to put what has arrived.</param>
    /// <returns>The bytes read; 0 when nothing is there now, or the end has been met.</returns>
    public int Recv(Span<byte> buffer) => Recv(buffer, SocketFlags.None);

    /// <summary>
    /// Receives into a buffer. Meeting the end of the stream or a broken connection calls <see cref="HandleClose"/>
    /// from in here (or <see cref="HandleEndOfStream"/>, where <see cref="AllowHalfOpen"/>).
    /// </summary>
    /// <param name="buffer">Where to put what has arrived; an empty one reads nothing and closes nothing.</param>
    /// <param name="flags"><see cref="SocketFlags.OutOfBand"/> for urgent data; <see cref="SocketFlags.Peek"/>.</param>
    /// <returns>
    /// The bytes read; 0 when nothing is there now, an empty datagram came, or the channel has closed, of which
    /// <see cref="Connected"/> tells.
    /// </returns>
    /// <exception cref="SocketException">The system refuses for a reason other than a peer that is gone.</exception>
    public virtual int Recv(Span<byte> buffer, SocketFlags flags)
    {
        _loop.CheckThread();
        if (buffer.IsEmpty || !CanReceive)
        {
            return 0;
        }

        int result = _handle.Held is { Length: > 0 } held && (flags & SocketFlags.OutOfBand) == 0
            ? held.Read(buffer, (flags & SocketFlags.Peek) != 0)
            : _loop.Io.Recv(_handle, buffer, flags);
        if (result > 0 || (result == 0 && !MeansEnd(flags)))
        {
            return result;
        }

        EndReceive(result, flags);
        return 0;
    }

    /// <summary>
    /// Receives without a buffer of one's own: what has arrived is looked at where it lies, in a buffer that the loop's
    /// channels share. Otherwise as <see cref="Recv(Span{byte})"/>.
    /// </summary>
    /// <param name="limit">The most bytes to take.</param>
    /// <returns>
    /// What was read, empty when nothing is there now or the end has been met. It is overwritten by the next call on any
    /// channel of the loop.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The limit is below one.</exception>
    /// <exception cref="SocketException">The system refuses for a reason other than a peer that is gone.</exception>
    public ReadOnlySpan<byte> Receive(int limit = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        _loop.CheckThread();
        if (!_traits.OverridesRecv && CanReceive && _handle.Held is not { Length: > 0 }
            && _loop.Io.View(_handle, limit) is { IsEmpty: false } view)
        {
            return view;
        }

        Span<byte> buffer = _loop.ReceiveBuffer;
        return buffer[..Recv(buffer[..Math.Min(limit, buffer.Length)], SocketFlags.None)];
    }

    /// <summary>
    /// Stops reading until <see cref="ResumeReading"/>: nothing is received, nothing is lost, and the peer is held back
    /// once the system's buffers are full. For types that do not override <see cref="Readable"/>.
    /// </summary>
    public void PauseReading() => SetPaused(true);

    /// <summary>Reads again after <see cref="PauseReading"/>.</summary>
    public void ResumeReading() => SetPaused(false);

    /// <summary>Accepts one connection as a socket.</summary>
    /// <returns>
    /// The socket and its peer's address; null when nothing waits, the peer has gone, or there is no descriptor to
    /// accept with just now.
    /// </returns>
    /// <exception cref="SocketException">The system refuses for another reason.</exception>
    /// <exception cref="InvalidOperationException">The channel is no listener.</exception>
    /// <exception cref="ObjectDisposedException">The channel has been closed.</exception>
    public (Socket Socket, EndPoint? Address)? Accept()
    {
        CheckOpen();
        if (!Has(State.Accepting))
        {
            throw new InvalidOperationException("Only a listening channel accepts: call Listen first.");
        }

        if (TryAccept() is not { } accepted)
        {
            return null;
        }

        Socket socket = accepted.ToSocket();
        return (socket, accepted.Address);
    }

    /// <summary>There are no descriptors to accept with: a listener leaves the poller until there are.</summary>
    internal void BeginStarvation(SocketError error)
    {
        Set(State.Starved, true);
        _loop.MarkChanged(this);
        if (!Has(State.StarvedTold))
        {
            Set(State.StarvedTold, true);
            string why = Errno.ToException(error).Message;
            LogSafely($"cannot accept on {Address}: {why}; waiting until it can", "error");
        }
    }

    /// <summary>Descriptors may be had again: a listener that had none tries.</summary>
    internal void EndStarvation()
    {
        if (Has(State.Starved) && !Has(State.Closed))
        {
            Set(State.Starved, false);
            _loop.MarkChanged(this);
        }
    }

    private bool CanReceive => !Has(State.Closed | State.EndRead)
        && (Has(State.Connected | State.InHandleConnect)
            || (_handle.Kind == IoHandleKind.Datagram && _handle.IsOpen));

    /// <summary>Whether PauseReading was called last.</summary>
    private protected bool IsPaused => Has(State.Paused);

    /// <summary>Whether a derived class is delivering, so that the end has to wait.</summary>
    private protected virtual bool DefersEnd => false;

    /// <summary>Whether the end of what the peer sends has been met.</summary>
    private protected bool HasReadEnd => Has(State.EndRead);

    /// <summary>Whether the channel ends by itself once everything has left, whatever the peer does meanwhile.</summary>
    private protected virtual bool OutlivesInput => false;

    /// <summary>Says whether a derived class has received what it has not delivered yet, and will.</summary>
    private protected void SetHoldsInput(bool holds)
    {
        if (Has(State.HoldsInput) != holds)
        {
            Set(State.HoldsInput, holds);
            _loop.MarkChanged(this);
        }
    }

    /// <summary>Reading goes on: a derived class that has kept input back announces it.</summary>
    private protected virtual void ResumeInput()
    {
    }

    /// <summary>Nothing more will come. A derived class delivers what it has held back.</summary>
    private protected virtual void EndInput()
    {
    }

    private bool MeansEnd(SocketFlags flags) =>
        _handle.Kind != IoHandleKind.Datagram && (flags & SocketFlags.OutOfBand) == 0;

    private void EndReceive(int result, SocketFlags flags)
    {
        var error = (SocketError)(-result);
        if (DefersEnd && (result == 0 || Errno.IsDisconnected(error)))
        {
            return; // it is met again once what came before it has been delivered
        }

        if (result == 0)
        {
            if ((AllowHalfOpen || OutlivesInput) && _handle.Kind == IoHandleKind.Stream && !Has(State.SendDead))
            {
                EndInput(); // before the end counts as read: where a handler throws, it is met once more
                Set(State.EndRead, true);
                _loop.MarkChanged(this);
                if (AllowHalfOpen && !Has(State.Closed))
                {
                    HandleEndOfStream();
                }
            }
            else
            {
                EndInput();
                TellClose(Failure);
            }
        }
        else if (Errno.IsDisconnected(error))
        {
            EndInput();
            TellClose(Errno.ToException(error));
        }
        else if (!Errno.IsWouldBlock(error) && error != SocketError.Interrupted
            && !((flags & SocketFlags.OutOfBand) != 0 && error == SocketError.InvalidArgument))
        {
            // EINVAL is how recv(2) says that there is no urgent byte.
            throw Errno.ToException(error);
        }
    }

    private void SetPaused(bool paused)
    {
        CheckOpen();
        if (Has(State.Paused) != paused)
        {
            Set(State.Paused, paused);
            _loop.MarkChanged(this);
            if (!paused)
            {
                ResumeInput();
            }
        }
    }

    private bool HasWaiting => _handle.Accepted is { Count: > 0 } || _loop.Io.HasWaiting(_handle);

    // HandleAccept by itself takes all it may. One that is overridden takes one, as in asyncore, and is called again
    // while more wait, so that a burst does not need a pass for each.
    private void ServeListener(IoEvents events)
    {
        if ((events & IoEvents.Read) == 0)
        {
            SocketError error = _loop.Io.TakeError(_handle);
            TellClose(error == SocketError.Success ? null : Errno.ToException(error));
            return;
        }

        for (int left = _loop.Options.MaxAcceptsPerPass; left > 0; left--)
        {
            _acceptedOne = false;
            if (!Invoke(Handler.Accept) || !_acceptedOne || !AcceptsMore())
            {
                return;
            }

            if (!HasWaiting)
            {
                Set(State.StarvedTold, false); // all have been served: the next shortage is another one
                return;
            }
        }
    }

    /// <summary>The loop is about to end, and nobody listens any more.</summary>
    /// <param name="accept">Whether what waits in the kernel's queue is accepted first, or reset.</param>
    internal void EndListening(bool accept)
    {
        // Not without end: clients may go on connecting.
        int rounds = accept ? (DefaultBacklog / _loop.Options.MaxAcceptsPerPass) + 1 : 0;
        for (; rounds > 0 && AcceptsMore() && HasWaiting; rounds--)
        {
            ServeListener(IoEvents.Read);
        }

        CloseQuietly();
    }

    private void AcceptAll()
    {
        for (int left = _loop.Options.MaxAcceptsPerPass; left > 0 && Has(State.Accepting) && !Has(State.Starved); left--)
        {
            if (TryAccept() is not { } accepted)
            {
                break;
            }

            try
            {
                HandleAccepted(accepted);
            }
            finally
            {
                accepted.Close(); // unless somebody has taken it
            }

            if (!AcceptsMore())
            {
                break;
            }
        }

        _acceptedOne = false; // what more there is belongs to the next pass
    }

    // Asked between connections too: the rest stays in the kernel's queue where this is enough for now.
    private bool AcceptsMore()
    {
        try
        {
            return Has(State.Accepting) && !Has(State.Starved) && IsReadable();
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            CloseAfter(error, "uncaught exception in Readable or Writable, closing channel");
            return false;
        }
    }

    /// <summary>Closes the first of the connections that were accepted before the listener asked for them.</summary>
    /// <returns>Whether there was one.</returns>
    internal bool CloseAcceptedAhead()
    {
        IoHandle? accepted = TakeAcceptedAhead();
        if (accepted is not null)
        {
            new AcceptedChannel(_loop, accepted, _noDelay).Close();
        }

        return accepted is not null;
    }

    private IoHandle? TakeAcceptedAhead()
    {
        if (_handle.Accepted is not { Count: > 0 } ahead)
        {
            return null;
        }

        IoHandle taken = ahead.Dequeue();
        _loop.Io.Adopt(taken);
        return taken;
    }

    private AcceptedChannel? TryAccept()
    {
        while (true)
        {
            IoHandle? handle = TakeAcceptedAhead();
            int result = handle is null ? _loop.Io.Accept(_handle, out handle) : 0;
            if (result >= 0)
            {
                _acceptedOne = true;
                if (!_loop.LeavesEnough(handle!))
                {
                    Starve(SocketError.TooManyOpenSockets); // as the next one would find out, and the runtime before it
                }

                return new AcceptedChannel(_loop, handle!, _noDelay);
            }

            var error = (SocketError)(-result);
            if (Errno.IsShortage(error))
            {
                Starve(error);
                return null;
            }

            if (Errno.IsWouldBlock(error))
            {
                Set(State.StarvedTold, false); // as above
                return null;
            }

            if (error is not (SocketError.ConnectionAborted or SocketError.Interrupted or SocketError.NetworkDown
                or SocketError.HostUnreachable or SocketError.HostDown or SocketError.NetworkUnreachable
                or SocketError.ProtocolOption or SocketError.OperationNotSupported or SocketError.ConnectionReset))
            {
                throw Errno.ToException(error);
            }

            // accept(2): errors of the connection itself come out here; the next one may be well.
        }
    }

    // Out of descriptors or memory: connections wait in the kernel's queue, and the listener out of the poller, until
    // a descriptor comes free here or a little time has passed. CPython closes the listener.
    private void Starve(SocketError error)
    {
        _loop.BeginShortage(error, andSpare: false);
        _loop.Starve(this, error);
    }
}
