namespace Asyncore.Protocols;

/// <summary>
/// One connection of an <see cref="EchoServer"/>. A peer that does not read what it is sent back is not read from: it
/// costs the server what the system buffers, no more. One that ends its sending side still gets everything.
/// </summary>
public class EchoHandler : DispatcherWithSend
{
    /// <summary>Takes a connection.</summary>
    /// <param name="accepted">The connection.</param>
    public EchoHandler(AcceptedChannel accepted)
        : base(accepted)
    {
        AllowHalfOpen = true;
        HighWaterMark = 1; // anything at all that the kernel would not take
    }

    /// <summary>Sends back what has come.</summary>
    protected override void HandleRead() => Send(Receive());

    /// <summary>Everything has been read: send it all, then end.</summary>
    protected override void HandleEndOfStream()
    {
        ShutdownSend();
        if (OutBufferLength == 0)
        {
            Close();
        }
    }

    /// <summary>The peer does not keep up: stop reading.</summary>
    protected override void HandleHighWater() => PauseReading();

    /// <summary>The peer has caught up.</summary>
    protected override void HandleLowWater() => ResumeReading();

    /// <summary>The connection has ended.</summary>
    protected override void HandleClose() => Close();
}
