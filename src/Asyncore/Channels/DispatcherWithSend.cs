using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Asyncore;

/// <summary>
/// A channel whose <see cref="Send"/> takes everything and queues what cannot leave yet. Python's
/// <c>asyncore.dispatcher_with_send</c>, whose queue took time quadratic in its length; this one is linear.
/// </summary>
public partial class DispatcherWithSend : Dispatcher
{
    private OutputMarks? _marks;

    /// <inheritdoc cref="Dispatcher(Socket?, EventLoop?)"/>
    [OverloadResolutionPriority(1)]
    public DispatcherWithSend(Socket? socket = null, EventLoop? loop = null)
        : base(socket, loop)
    {
    }

    /// <inheritdoc cref="Dispatcher(AcceptedChannel, EventLoop?)"/>
    public DispatcherWithSend(AcceptedChannel accepted, EventLoop? loop = null)
        : base(accepted, loop)
    {
    }

    /// <summary>Bytes taken that the kernel has not got yet.</summary>
    public long OutBufferLength => OutputLength + LaterLength;

    /// <summary>
    /// Bytes that may be queued at most: <see cref="Send"/> takes no more. Off (<see cref="long.MaxValue"/>) at first.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public long OutBufferLimit
    {
        get => _marks?.Limit ?? long.MaxValue;
        set => Marks.Limit = Positive(value);
    }

    /// <summary>
    /// <see cref="HandleHighWater"/> is called when more bytes than this stay queued at the end of a pass. Off
    /// (<see cref="long.MaxValue"/>) at first.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public long HighWaterMark
    {
        get => _marks?.High ?? long.MaxValue;
        set => Marks.High = Positive(value);
    }

    /// <summary>
    /// <see cref="HandleLowWater"/> is called when the queue has gone down to this, after a high water. 0 at first: empty.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below zero.</exception>
    public long LowWaterMark
    {
        get => _marks?.Low ?? 0;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Marks.Low = value;
        }
    }

    /// <summary>Bytes queued behind something else than bytes.</summary>
    private protected virtual long LaterLength => _pipe?.Length ?? 0;

    /// <summary>Whether more than <see cref="HighWaterMark"/> is queued now.</summary>
    private protected bool IsAboveHighWater => _marks is { } marks && OutBufferLength > marks.High;

    private OutputMarks Marks => _marks ??= new OutputMarks();

    /// <summary>
    /// Sends: everything is taken, up to <see cref="OutBufferLimit"/>, also while connecting. It leaves at the end of the
    /// pass as far as the peer allows; the rest is queued.
    /// </summary>
    /// <param name="data">What to send; copied.</param>
    /// <returns>The bytes taken; none after close.</returns>
    public override int Send(ReadOnlySpan<byte> data)
    {
        Loop.CheckThread();
        if (!TakesQueue)
        {
            return 0;
        }

        int taken = RoomFor(data.Length);
        if (Debug)
        {
            LogInfo($"sending {taken} bytes", "debug");
        }

        data = data[..taken];
        if (_pipe is not null)
        {
            CopyPipe();
            if (!TakesOutput)
            {
                return taken; // there was no memory for what was in it, and nothing may leave behind that
            }
        }

        SendOrEnqueue(data);
        return taken;
    }

    /// <summary>More than <see cref="HighWaterMark"/> is queued: whoever makes the bytes had better pause.</summary>
    protected internal virtual void HandleHighWater()
    {
    }

    /// <summary>The queue has gone down to <see cref="LowWaterMark"/> again.</summary>
    protected internal virtual void HandleLowWater()
    {
    }

    /// <summary>Whether anything waits to be sent; asyncore's own answer. The loop knows without asking.</summary>
    protected internal override bool Writable() => !Connected || OutBufferLength > 0;

    /// <summary>The queue is sent by the loop; there is nothing left to do here.</summary>
    protected internal override void HandleWrite()
    {
    }

    /// <summary>How many of so many bytes <see cref="OutBufferLimit"/> allows to be queued.</summary>
    private protected int RoomFor(int length) =>
        _marks is { } marks ? (int)Math.Clamp(marks.Limit - OutBufferLength, 0, length) : length;

    private protected override void BeforeClose()
    {
        if (_pipe is not null)
        {
            CopyPipe(); // what was taken still leaves
        }

        TruncateOutput(SendBound);
    }

    private protected override bool Refill()
    {
        if (_pipe is { } pipe)
        {
            SpliceOut(pipe);
            if (pipe.Length == 0)
            {
                DropPipe();
                SetMoreOutput(false);
            }
        }

        return false;
    }

    private protected override void DropRefills() => DropPipe();

    private protected override void BeforeMove()
    {
        if (_pipe is not null)
        {
            CopyPipe(); // pipes belong to the loop
        }
    }

    private protected override bool AwaitsFlush => _marks is { IsAbove: true };

    private protected override void AfterFlush()
    {
        if (_marks is { } marks)
        {
            bool above = marks.IsAbove ? OutBufferLength > marks.Low : OutBufferLength > marks.High;
            if (above != marks.IsAbove)
            {
                marks.IsAbove = above;
                MarkWater(above);
            }
        }
    }

    private protected override void OnHighWater() => HandleHighWater();

    private protected override void OnLowWater() => HandleLowWater();

    private static long Positive(long value, [CallerMemberName] string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1, name);
        return value;
    }

    // Apart from the channel, as most channels have none.
    private sealed class OutputMarks
    {
        public long Limit { get; set; } = long.MaxValue;

        public long High { get; set; } = long.MaxValue;

        public long Low { get; set; }

        public bool IsAbove { get; set; }
    }
}
