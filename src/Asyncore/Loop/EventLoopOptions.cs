using Microsoft.Extensions.Logging;

namespace Asyncore;

/// <summary>What can be set about an <see cref="EventLoop"/> when it is made. Every limit has a default.</summary>
public sealed class EventLoopOptions
{
    /// <summary>
    /// How the loop waits. <see cref="IoBackendKind.Auto"/> chooses at the first pass; one asked for by name is used
    /// or refused with <see cref="PlatformNotSupportedException"/>, never replaced.
    /// </summary>
    public IoBackendKind Backend { get; init; } = IoBackendKind.Auto;

    /// <summary>The clock of timers. One that is not the system's also wakes the loop, by timers of its own.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where the loop and its channels log; standard error where it is null.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Connections one listener takes in one pass at most, so that other channels are not starved.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public int MaxAcceptsPerPass { get; init => field = AtLeastOne(value); } = 64;

    /// <summary>Posted callbacks that run in one pass at most; the rest keep their order and run in the next.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public int MaxPostsPerPass { get; init => field = AtLeastOne(value); } = 8192;

    /// <summary>Channels that are told of events in one pass at most.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public int MaxEventsPerPass { get; init => field = AtLeastOne(value); } = 1024;

    /// <summary>
    /// Bytes of the one buffer that <see cref="Dispatcher.Receive(int)"/> reads into; the loop has one, not each channel.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public int ReceiveBufferSize { get; init => field = AtLeastOne(value); } = 256 * 1024;

    /// <summary>
    /// How long after its last event, or posted callback, the loop goes on asking for events before it sleeps; zero, as
    /// it is at first, sleeps at once. Waking a thread takes longer than many an answer, and one that posts to a loop
    /// that is awake makes no system call; the price is a core that is busy meanwhile, so give it only where there is a
    /// core to spare for every loop. Timers fire as ever. By the system's clock, whatever <see cref="TimeProvider"/> is.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below zero.</exception>
    public TimeSpan SpinBudget
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            field = value;
        }
    }

    /// <summary>What the loop waits by, made already; null where <see cref="Backend"/> says it.</summary>
    internal IoBackend? Io { get; private init; }

    /// <summary>The same for a loop that waits by something of its own, and goes by its clock.</summary>
    internal EventLoopOptions On(IoBackend io, TimeProvider clock) => new()
    {
        Io = io,
        Backend = io.Kind,
        TimeProvider = clock,
        LoggerFactory = LoggerFactory,
        MaxAcceptsPerPass = MaxAcceptsPerPass,
        MaxPostsPerPass = MaxPostsPerPass,
        MaxEventsPerPass = MaxEventsPerPass,
        ReceiveBufferSize = ReceiveBufferSize,
    };

    private static int AtLeastOne(int value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        return value;
    }
}
