namespace Asyncore.Protocols;

/// <summary>
/// One connection of a <see cref="TimeServer"/>: it sends the four bytes, ends its side, and closes when the client
/// does. What the client says is thrown away: closing over unread bytes would reset the connection, and the time
/// might not arrive.
/// </summary>
public class TimeChannel : Dispatcher
{
    private readonly TimerHandle _patience;

    /// <summary>Takes a connection and answers it.</summary>
    /// <param name="accepted">The connection.</param>
    public TimeChannel(AcceptedChannel accepted)
        : base(accepted)
    {
        AllowHalfOpen = true;
        Span<byte> time = stackalloc byte[TimeCount.Size];
        TimeCount.Write(time, Loop.TimeProvider);
        Send(time);
        ShutdownSend();
        _patience = Loop.CallLater(CloseTimeout, Close); // a client that never ends costs half a minute
    }

    /// <summary>Closes the connection.</summary>
    public override void Close()
    {
        base.Close();
        _patience?.Cancel();
    }

    /// <summary>Throws away what the client says.</summary>
    protected override void HandleRead() => Receive();

    /// <summary>The client has all that it will get, and has said so.</summary>
    protected override void HandleEndOfStream() => Close();

    /// <summary>The connection has ended.</summary>
    protected override void HandleClose() => Close();
}
