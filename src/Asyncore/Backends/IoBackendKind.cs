namespace Asyncore;

/// <summary>The ways a loop can wait for its channels and do their I/O.</summary>
public enum IoBackendKind
{
    /// <summary>
    /// The best one this machine has: <see cref="IoUring"/>, else <see cref="Epoll"/>, else <see cref="Select"/>. A running
    /// loop never says it uses this.
    /// </summary>
    Auto,

    /// <summary>Sockets of the .NET library alone, on every platform; costs time and allocations per channel and pass.</summary>
    Select,

    /// <summary>poll(2), on Linux; costs time per channel and pass.</summary>
    Poll,

    /// <summary>epoll(7), on Linux; costs only what is active.</summary>
    Epoll,

    /// <summary>
    /// io_uring(7), on Linux 6.1 and later, where no container profile or setting denies it; one system call a pass.
    /// </summary>
    IoUring,

    /// <summary>kqueue(2), on macOS and the BSDs.</summary>
    Kqueue,

    /// <summary>Memory: what a loop has that a simulated network has made. It cannot be asked for.</summary>
    Simulated,
}
