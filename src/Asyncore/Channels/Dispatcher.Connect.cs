using System.Net;
using System.Net.Sockets;

namespace Asyncore;

// Connecting: by address or by name, told by the loop whatever the outcome and however soon it is known.
public partial class Dispatcher
{

    /// <summary>
    /// Starts to connect. The loop tells of the outcome: <see cref="HandleConnect"/>, or
    /// <see cref="HandleConnectFailed"/>, also where the system knows at once.
    /// </summary>
    /// <param name="address">Where to; a <see cref="DnsEndPoint"/> is resolved.</param>
    /// <exception cref="InvalidOperationException">The channel is connected, connecting or listening.</exception>
    /// <exception cref="ObjectDisposedException">The channel has been closed.</exception>
    public void Connect(EndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address is DnsEndPoint name)
        {
            Connect(name.Host, name.Port);
            return;
        }

        BeginConnect();
        CurrentAttempt = null;
        Start(address);
    }

    /// <summary>
    /// Starts to connect to a host by name. The name is resolved on the thread pool and its addresses are tried in
    /// order, those of the socket's own family where it has been created.
    /// </summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port, from 0 to 65535.</param>
    /// <exception cref="ArgumentOutOfRangeException">The port is out of range.</exception>
    /// <exception cref="InvalidOperationException">The channel is connected, connecting or listening.</exception>
    /// <exception cref="ObjectDisposedException">The channel has been closed.</exception>
    public void Connect(string host, int port)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        CheckPort(port);
        BeginConnect();
        var attempt = new Attempt(port, anyFamily: !_handle.IsOpen);
        CurrentAttempt = attempt;
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            attempt.Addresses = [literal];
            StartNext();
            return;
        }

        _address = new DnsEndPoint(host, port);
        AddressFamily family = attempt.AnyFamily || _dualMode ? AddressFamily.Unspecified : _handle.Family;
        _loop.Resolve(host, family, (addresses, error) =>
        {
            if (CurrentAttempt != attempt || Has(State.Closed))
            {
                return; // closed, or connecting elsewhere, meanwhile
            }

            attempt.Addresses = addresses;
            attempt.LastError = error?.SocketErrorCode ?? SocketError.NoData;
            StartNext();
        });
    }

    private void BeginConnect()
    {
        CheckOpen();
        if (Has(State.Accepting))
        {
            throw new InvalidOperationException("A listening channel cannot connect.");
        }

        if (Has(State.Connected | State.Connecting))
        {
            throw new InvalidOperationException("The channel is connected or connecting already.");
        }

        Set(State.Connecting, true);
    }

    // The next address of a name. False start: the error of the last is what the handler is told.
    private void StartNext()
    {
        Attempt attempt = CurrentAttempt!;
        if (attempt.Next >= attempt.Addresses.Length)
        {
            FailConnect(attempt.LastError);
            return;
        }

        IPAddress address = attempt.Addresses[attempt.Next++];
        if (!attempt.AnyFamily && _dualMode && address.AddressFamily == AddressFamily.InterNetwork)
        {
            address = address.MapToIPv6();
        }

        Start(new IPEndPoint(address, attempt.Port));
    }

    private void Start(EndPoint address)
    {
        try
        {
            PrepareSocket(address.AddressFamily);
        }
        catch (SocketException error)
        {
            if (Errno.IsShortage(error.SocketErrorCode))
            {
                _loop.BeginShortage(error.SocketErrorCode, andSpare: true);
            }

            FailConnect(error.SocketErrorCode);
            return;
        }

        _address = address;
        int result = _loop.Io.Connect(_handle, address);
        if (result < 0 && (SocketError)(-result) is not (SocketError.InProgress or SocketError.Interrupted))
        {
            // A datagram socket or a Unix listener with a full backlog answers at once, too.
            FailConnect((SocketError)(-result));
            return;
        }

        _loop.MarkChanged(this); // also where it has connected already: the poller will say so
    }

    private void PrepareSocket(AddressFamily family)
    {
        bool wrongFamily = _handle.IsOpen && CurrentAttempt is { AnyFamily: true } && _handle.Family != family;
        bool used = ConnectError != SocketError.Success && !_loop.Io.CanReconnect;
        if (_handle.IsOpen && !wrongFamily && !used)
        {
            ConnectError = SocketError.Success;
            return;
        }

        SocketType type = _handle.Kind == IoHandleKind.Datagram ? SocketType.Dgram : SocketType.Stream;
        Set(State.Connecting, false); // as DropUnusedSocket would not let go of a socket that connects
        CreateSocket(used && !wrongFamily ? _handle.Family : family, type);
        Set(State.Connecting, true);
        ConnectError = SocketError.Success;
    }

    // Told by the loop, never from inside Connect.
    private void FailConnect(SocketError error)
    {
        ConnectError = error;
        Set(State.ConnectFailed, true);
        _loop.MarkPending(this);
    }

    private void FinishConnect(IoEvents events)
    {
        SocketError error = _loop.Io.TakeError(_handle);
        if (error == SocketError.Success && (events & (IoEvents.Write | IoEvents.Read)) == 0)
        {
            error = SocketError.ConnectionReset; // hung up without saying why
        }

        if (error == SocketError.Success)
        {
            TellConnected();
            return;
        }

        EndAttempt(error);
    }

    // A name may have more addresses; only the failure of the last is told.
    private void EndAttempt(SocketError error)
    {
        ConnectError = error;
        if (CurrentAttempt is { } attempt && attempt.Next < attempt.Addresses.Length)
        {
            attempt.LastError = error;
            StartNext();
            return;
        }

        TellConnectFailed();
    }

    private void TellConnected()
    {
        CurrentAttempt = null;
        Set(State.InHandleConnect, true);
        try
        {
            Invoke(Handler.Connect);
        }
        finally
        {
            Set(State.InHandleConnect, false);
            if (!Has(State.Closed))
            {
                // Also where the handler failed and left the channel open: it is not called twice.
                Set(State.Connected, true);
                Set(State.Connecting, false);
                _loop.MarkChanged(this);
                if (OutputLength > 0 || Has(State.ShutdownAsked | State.MoreOutput))
                {
                    _loop.MarkUnflushed(this);
                }
            }
        }
    }

    private void TellConnectFailed()
    {
        SocketException error = ConnectException();
        CurrentAttempt = null;
        Set(State.Connecting, false);
        CloseReason = error;
        Failure = error;
        try
        {
            Invoke(Handler.ConnectFailed);
        }
        finally
        {
            // Also where the handler left by ExitNowException: nothing would ever be told of the channel again.
            if (Has(State.Connecting))
            {
                CloseReason = null; // the handler is trying again
            }
            else
            {
                CloseQuietly();
            }
        }
    }

    // .NET has one number for a path that is not there and an address that is not ours; the words can be right.
    private SocketException ConnectException() =>
        ConnectError == SocketError.AddressNotAvailable && _address is UnixDomainSocketEndPoint
            ? new SocketException((int)ConnectError, "No such file or directory")
            : Errno.ToException(ConnectError);

    private sealed class Attempt(int port, bool anyFamily)
    {
        public int Port { get; } = port;

        public bool AnyFamily { get; } = anyFamily;

        public IPAddress[] Addresses { get; set; } = [];

        public int Next { get; set; }

        public SocketError LastError { get; set; } = SocketError.HostNotFound;
    }
}
