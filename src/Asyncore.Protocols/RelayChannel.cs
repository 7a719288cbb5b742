using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>
/// One of two channels back to back: what one receives, the other sends. <see cref="Receiver"/> and
/// <see cref="Sender"/> are the two of a <see cref="Forwarder"/>.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>While one side takes no more, the other is not read: a relay holds at most a few chunks of 256 KiB.</item>
/// <item>The end of one side's stream is passed on as that, behind its bytes; the other direction goes on.</item>
/// <item>What has been received is delivered before an end or a reset is passed on, however slowly it is read.</item>
/// </list>
/// </remarks>
public class RelayChannel : DispatcherWithSend
{
    // One read, and so what is held for a side that takes no more. A quarter of it costs a raw C forwarder half as much
    // again for a stream (bench/, forward-16x64k).
    private const int ChunkSize = 256 * 1024;

    private static readonly TimeSpan _firstCheck = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _slowestCheck = TimeSpan.FromSeconds(1);

    private bool _ended;
    private bool _endPassed;
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

    /// <summary>Bytes received so far, all of which were or will be passed on unless the other side goes first.</summary>
    public long BytesReceived { get; private set; }

    /// <summary>Why this side is not read just now; <see cref="RelayHold.None"/> where it is.</summary>
    internal RelayHold Holds { get; private set; }

    /// <summary>What stands between this side and the other, and gets what is passed on; null, as a rule.</summary>
    internal IRelayStage? Stage { get; set; }

    /// <summary>Says how much may be read now; null is as much as there is.</summary>
    internal IRelayMeter? Meter { get; set; }

    /// <summary>Whether there is a connection, or is about to be one; inside <see cref="Dispatcher.HandleConnect"/> too.</summary>
    internal bool IsOpen => Connected || Connecting;

    /// <summary>Whether it only delivers what it holds, and then ends.</summary>
    internal bool IsFinishing => _finishing;

    /// <summary>Whether it has closed for an error before its stream had ended.</summary>
    internal bool BrokeOff => CloseReason is not null && !_ended && !SaidItsEnd(CloseReason);

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
        Other?.Stage?.Drop(); // nobody takes what it holds
        PassFinish(BrokeOff);
    }

    /// <summary>Has the other side end behind everything that came from this one.</summary>
    internal void PassFinish(bool reset)
    {
        if (Stage is { } stage)
        {
            stage.PassFinish(reset);
        }
        else
        {
            Other?.Finish(reset);
        }
    }

    /// <summary>Passes on what has come.</summary>
    protected override void HandleRead()
    {
        if (Stage is null && Meter is null && !_finishing && Other is { IsOpen: true } other)
        {
            int moved = TransferTo(other, ChunkSize);
            BytesReceived += moved;
            CountPassed(moved);
            return;
        }

        ReadOnlySpan<byte> data = Meter is { } meter && !_finishing ? ReceiveMetered(meter) : Receive(ChunkSize);
        if (_finishing || data.IsEmpty)
        {
            return; // nobody takes it any more; unread, it would make our close a reset over what is on its way out
        }

        BytesReceived += data.Length;
        if (Other is { IsOpen: false, Stage: not null })
        {
            return; // it has gone; what it had sent is on its way to us still, and its end behind that
        }

        if (Other is not { IsOpen: true })
        {
            Finish(reset: true);
        }
        else
        {
            Pass(data);
        }
    }

    /// <summary>Passes on the end of the stream, behind the bytes.</summary>
    protected override void HandleEndOfStream()
    {
        _ended = true;
        if (_finishing || Other is not { IsOpen: true })
        {
            return;
        }

        if (Stage is { } stage)
        {
            stage.PassEnd();
        }
        else
        {
            DeliverEnd();
        }
    }

    /// <summary>This side does not keep up: the other is not read.</summary>
    protected override void HandleHighWater() => Other?.Hold(RelayHold.Water);

    /// <summary>This side has caught up.</summary>
    protected override void HandleLowWater()
    {
        if (_finishing)
        {
            CheckDelivered();
        }
        else if (Other is { _ended: false, IsOpen: true } other)
        {
            other.Release(RelayHold.Water);
        }
        else
        {
            CloseWhenSent();
        }
    }

    private ReadOnlySpan<byte> ReceiveMetered(IRelayMeter meter)
    {
        int most = meter.Allow(ChunkSize);
        if (most == 0)
        {
            return default;
        }

        ReadOnlySpan<byte> data = Receive(most);
        meter.Return(most - data.Length);
        return data;
    }

    /// <summary>Bytes of this side that have been given to the other.</summary>
    internal long BytesPassed { get; private set; }

    /// <summary>Told of bytes that have been given to the other side, for those who count.</summary>
    /// <param name="count">How many.</param>
    internal virtual void Passed(int count)
    {
    }

    /// <summary>Passes bytes of this side on, to what stands between where something does.</summary>
    internal void Pass(ReadOnlySpan<byte> data)
    {
        if (Stage is { } stage)
        {
            stage.Pass(data);
        }
        else
        {
            Deliver(data);
        }
    }

    /// <summary>Gives bytes of this side to the other.</summary>
    internal void Deliver(ReadOnlySpan<byte> data)
    {
        Other!.Send(data);
        CountPassed(data.Length);
    }

    private void CountPassed(int count)
    {
        if (count > 0)
        {
            BytesPassed += count;
            Passed(count);
        }
    }

    /// <summary>Everything of this side has been given to the other, and its end is next.</summary>
    internal void DeliverEnd()
    {
        _endPassed = true;
        if (Other is { IsOpen: true } other)
        {
            other.ShutdownSend();
            CloseWhenSent();
        }
    }

    /// <summary>Resets both sides at once, and drops what they hold.</summary>
    internal void AbortBoth()
    {
        RelayChannel? other = Other;
        _finishing = true; // neither is to tell the other to end in order
        other?._finishing = true;
        Stage?.Drop();
        other?.Stage?.Drop();
        other?.Abort();
        Abort();
    }

    /// <summary>Stops reading for one more reason.</summary>
    internal void Hold(RelayHold reason)
    {
        Holds |= reason;
        if (IsOpen && !_finishing)
        {
            PauseReading();
        }
    }

    /// <summary>A reason not to read has gone; reads where it was the last.</summary>
    internal void Release(RelayHold reason)
    {
        Holds &= ~reason;
        if (Holds == RelayHold.None && IsOpen)
        {
            ResumeReading();
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

        Holds = RelayHold.None;
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

        if (OutBufferLength == 0 && UnacknowledgedBytes == 0)
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

    /// <summary>Closes, if both streams have ended and this side holds nothing any more.</summary>
    internal void CloseWhenSent()
    {
        bool otherIsThrough = Other is null or { _endPassed: true } or { _ended: true, Stage.IsStuck: true };
        if (_ended && otherIsThrough && OutBufferLength == 0)
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
