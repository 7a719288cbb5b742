using System.Net;
using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>
/// Asks a server for the time (RFC 868) and calls <see cref="AdjustTime"/> with the difference, or
/// <see cref="HandleFailure"/> with the reason, once; then the connection is closed.
/// </summary>
/// <remarks>
/// The count of seconds since 1900 is 32 bits and wraps on 2036-02-07: the era that puts the server nearest to the
/// local clock is assumed, so that differences of up to 68 years come out right, before that day and after it. The
/// local time is that of the loop's <see cref="EventLoop.TimeProvider"/>.
/// </remarks>
public class TimeRequest : Dispatcher
{
    private static readonly TimeSpan _defaultTimeout = TimeSpan.FromSeconds(10);

    // A server that leaves closing to the client sees us end our side; one that does not answer to that either has
    // told the time all the same.
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(1);

    private readonly byte[] _bytes = new byte[TimeCount.Size];
    private readonly TimerHandle _timer;
    private readonly string _server;
    private int _count;
    private long _delta;
    private bool _told;

    /// <summary>Asks a server by name or address.</summary>
    /// <param name="host">A name, which is resolved without holding the loop, or an address.</param>
    /// <param name="port">The port; 37 is the protocol's own.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The port is not from 0 to 65535.</exception>
    public TimeRequest(string host, int port = 37, EventLoop? loop = null)
        : this(new DnsEndPoint(host, port), loop)
    {
    }

    /// <summary>Asks a server at an address.</summary>
    /// <param name="address">The server; a <see cref="DnsEndPoint"/> is resolved without holding the loop.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    public TimeRequest(EndPoint address, EventLoop? loop = null)
        : base(null, loop)
    {
        ArgumentNullException.ThrowIfNull(address);
        _server = address.Text();
        Connect(address);
        _timer = Loop.CallLater(_defaultTimeout, HandleTimeout);
    }

    /// <summary>
    /// How long the server may take to be connected to, and then to send the next byte; 10 seconds at first. Setting it
    /// starts the wait anew.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not above zero.</exception>
    public TimeSpan Timeout
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
            field = value;
            Expect(value);
        }
    }

    = _defaultTimeout;

    /// <summary>Closes the connection; nothing is told after it.</summary>
    public override void Close()
    {
        _told = true;
        base.Close();
        _timer?.Cancel();
    }

    /// <summary>The server has told its time. By default the difference is logged.</summary>
    /// <param name="delta">Local time minus the server's, in whole seconds.</param>
    protected internal virtual void AdjustTime(long delta) => LogInfo($"time difference is {delta}");

    /// <summary>There is no time to be had from this server. By default that is logged in one line.</summary>
    /// <param name="error">
    /// A <see cref="SocketException"/> where the connection failed, a <see cref="TimeoutException"/>, an
    /// <see cref="EndOfStreamException"/> for fewer than four bytes, an <see cref="InvalidDataException"/> for more.
    /// </param>
    protected internal virtual void HandleFailure(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        LogInfo($"no time from {_server}: {error.Message}", "error");
    }

    /// <summary>Connected: the server speaks first.</summary>
    protected override void HandleConnect() => Expect(Timeout);

    /// <summary>There is no connection to be had.</summary>
    /// <param name="error">Why.</param>
    protected override void HandleConnectFailed(SocketException error) => Fail(error);

    /// <summary>Takes the bytes as they come, all at once or one at a time.</summary>
    protected override void HandleRead()
    {
        ReadOnlySpan<byte> data = Receive(TimeCount.Size * 2);
        if (data.IsEmpty)
        {
            return;
        }

        if (_count + data.Length > TimeCount.Size)
        {
            Fail(new InvalidDataException("the server sent more than four bytes"));
            return;
        }

        data.CopyTo(_bytes.AsSpan(_count));
        _count += data.Length;
        if (_count < TimeCount.Size)
        {
            Expect(Timeout);
            return;
        }

        // RFC 868 lets either side close; not before the server has is it known that there is no fifth byte.
        _delta = TimeCount.Difference(_bytes, Loop.TimeProvider);
        ShutdownSend();
        Expect(_grace);
    }

    /// <summary>The server has ended: with four bytes received, that is the answer.</summary>
    protected override void HandleClose()
    {
        if (_count == TimeCount.Size)
        {
            Succeed();
            return;
        }

        Fail(CloseReason ?? new EndOfStreamException($"the server sent {_count} of four bytes and closed"));
    }

    private void HandleTimeout()
    {
        if (_count == TimeCount.Size)
        {
            Succeed();
            return;
        }

        Fail(new TimeoutException(Connecting
            ? $"no connection within {Timeout.TotalSeconds:0.###} seconds"
            : $"no answer within {Timeout.TotalSeconds:0.###} seconds"));
    }

    private void Succeed()
    {
        bool told = _told;
        Close();
        if (!told)
        {
            AdjustTime(_delta);
        }
    }

    private void Fail(Exception error)
    {
        bool told = _told;
        Close();
        if (!told)
        {
            HandleFailure(error);
        }
    }

    private void Expect(TimeSpan wait)
    {
        if (_timer is { IsCancelled: false })
        {
            _timer.Delay(wait);
        }
    }
}
