using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>
/// One of two channels back to back: what one receives, the other sends. <see cref="Receiver"/> and
/// <see cref="Sender"/> are the two of a <see cref="Forwarder"/>.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>While one side takes no more, the other is not read: a relay holds at most a few chunks of 64 KiB.</item>
/// <item>The end of one side's stream is passed on as that, behind its bytes; the other direction goes on.</item>
/// <item>What has been received is delivered before an end or a reset is passed on, however slowly it is read.</item>
/// </list>
/// </remarks>
public class RelayChannel : DispatcherWithSend
{
    // One read, and so what is held for a side that takes no more; larger ones are no faster.
    private const int ChunkSize = 64 * 1024;

    private static readonly TimeSpan _firstCheck = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _slowestCheck = TimeSpan.FromSeconds(1);

    private bool _ended;
    private bool _finishing;
    private bool _resets;
    private TimeSpan _checkAfter = _firstCheck;
    private TimerHandle? _check;

    /// <inheritdoc cref="Dispatcher(AcceptedChannel, EventLoop?)"/>
    public RelayChannel(AcceptedChannel accepted, EventLoop? loop = null)
        : base(accepted, loop) => Prepare();

    /// <inheritdoc cref="Dispatcher(Socket?, EventLoop?)"/>
    [System.Runtime.CompilerServices.OverloadResolutionPriority(1)]
    public RelayChannel(Socket? socket = null, EventLoop? loop = null)
        : base(socket, loop) => Prepare();

    /// <summary>The channel at its back; null before <see cref="Pair"/>.</summary>
    public RelayChannel? Other { get; private set; }

    private bool IsOpen => Connected || Connecting;

    /// <summary>Puts two channels of one loop back to back.</summary>
    /// <param name="other">The other one.</param>
    /// <exception cref="InvalidOperationException">
    /// One of them has another already, or they are on different loops.
    /// </exception>
    public void Pair(RelayChannel other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Other is not null || other.Other is not null || other == this || other.Loop != Loop)
        {
            throw new InvalidOperationException("A relay is two channels of one loop, each in no other relay.");
        }

        Other = other;
        other.Other = this;
    }

    /// <summary>
    /// Closes the channel, and has the other end once it has delivered what it holds: by a reset where this one closed
    /// for an error before its stream had ended.
    /// </summary>
    public override void Close()
    {
        base.Close();
        _check?.Cancel();
        Other?.Finish(reset: CloseReason is not null && !_ended && !SaidItsEnd(CloseReason));
    }

    /// <summary>Passes on what has come.</summary>
    protected override void HandleRead()
    {
        ReadOnlySpan<byte> data = Receive(ChunkSize);
        if (data.IsEmpty || _finishing)
        {
            return; // nobody takes it any more; unread, it would make our close a reset over what is on its way out
        }

        if (Other is { IsOpen: true } other)
        {
            other.Send(data);
        }
        else
        {
            Finish(reset: true); // Abort() of the other tells nobody
        }
    }

    /// <summary>Passes on the end of the stream, behind the bytes.</summary>
    protected override void HandleEndOfStream()
    {
        _ended = true;
        if (_finishing || Other is not { IsOpen: true } other)
        {
            return;
        }

        other.ShutdownSend();
        if (other._ended)
        {
            CloseWhenSent();
        }
    }

    /// <summary>This side does not keep up: the other is not read.</summary>
    protected override void HandleHighWater()
    {
        if (Other is { IsOpen: true } other)
        {
            other.PauseReading();
        }
    }

    /// <summary>This side has caught up.</summary>
    protected override void HandleLowWater()
    {
        if (_finishing)
        {
            CheckDelivered();
        }
        else if (Other is { _ended: false, IsOpen: true } other)
        {
            other.ResumeReading();
        }
        else
        {
            CloseWhenSent();
        }
    }

    /// <summary>This side has ended; so does the other, once it has delivered what it holds.</summary>
    protected override void HandleClose() => Close();

    // The other side has gone: deliver what it had sent, throw away what it would not take, and then end as it did.
    internal void Finish(bool reset)
    {
        if (_finishing || !IsOpen)
        {
            return;
        }

        _finishing = true;
        _resets = reset;
        if (!Connected)
        {
            End(); // still connecting, as far as we know: there is nothing to deliver
            return;
        }

        if (!reset)
        {
            ShutdownSend();
        }

        ResumeReading();
        Flush();
        CheckDelivered();
    }

    // Closing over bytes that the peer's system has not got yet would be a reset that drops them where there is
    // something unread, and always is where we reset. The system tells nobody when it has sent everything, so it is
    // asked, less and less often.
    private void CheckDelivered()
    {
        if (!Connected)
        {
            return;
        }

        if (OutBufferLength == 0 && UnsentBytes.Count(FileDescriptor) == 0)
        {
            End();
            return;
        }

        if (_check is null)
        {
            _check = Loop.CallLater(_checkAfter, CheckDelivered);
        }
        else
        {
            _checkAfter = TimeSpan.FromTicks(Math.Min(_checkAfter.Ticks * 2, _slowestCheck.Ticks));
            _check.Delay(_checkAfter);
        }
    }

    private void End()
    {
        _check?.Cancel();
        if (_resets)
        {
            Abort();
        }
        else
        {
            Close();
        }
    }

    private void CloseWhenSent()
    {
        if (_ended && Other is null or { _ended: true } && OutBufferLength == 0)
        {
            Close();
        }
    }

    private void Prepare()
    {
        AllowHalfOpen = true;
        HighWaterMark = 1; // anything at all that the system would not take
    }

    // EPIPE: the peer answered our bytes with a reset, having ended its own stream before. That stream is whole.
    private static bool SaidItsEnd(Exception? reason) =>
        reason is SocketException { SocketErrorCode: SocketError.Shutdown };
}
