using System.Net.Sockets;

namespace Asyncore;

/// <summary>Which backend a loop gets, and what is said where it cannot.</summary>
internal static class BackendChoice
{
    public static bool IsSupported(IoBackendKind kind) => kind switch
    {
        IoBackendKind.Auto or IoBackendKind.Select => true,
        IoBackendKind.Poll or IoBackendKind.Epoll => OperatingSystem.IsLinux(),
        IoBackendKind.IoUring => IoUringProbe.Refusal is null,
        _ => false,
    };

    /// <summary>What a new loop has before its first pass.</summary>
    public static IoBackend Initial(IoBackendKind kind)
    {
        if (!IsSupported(kind))
        {
            throw new PlatformNotSupportedException(Reason(kind));
        }

        // Sockets of the portable backend are objects of the .NET library from the start, so it is made at once.
        return kind == IoBackendKind.Select || !OperatingSystem.IsLinux() ? new SelectBackend() : new UnchosenBackend();
    }

    /// <param name="kind">What was asked for.</param>
    /// <param name="usePoll">What <see cref="IoBackendKind.Auto"/> means here.</param>
    /// <param name="instead">Why it is not what would be best, where it is not.</param>
    public static IoBackend Create(IoBackendKind kind, bool usePoll, out string? instead)
    {
        instead = null;
        return kind switch
        {
            IoBackendKind.Auto => usePoll ? new PollBackend() : Best(out instead),
            IoBackendKind.Poll => new PollBackend(),
            IoBackendKind.Epoll => new EpollBackend(),
            IoBackendKind.IoUring => new IoUringBackend(),
            _ => throw new PlatformNotSupportedException(Reason(kind)),
        };
    }

    // What wins the benchmarks, or what is always there.
    private static IoBackend Best(out string? instead)
    {
        instead = IoUringProbe.Refusal;
        if (instead is null)
        {
            try
            {
                return new IoUringBackend();
            }
            catch (SocketException error)
            {
                instead = error.Message; // it could be had when it was tried, and not now: memory, descriptors
            }
        }

        return new EpollBackend();
    }

    private static string Reason(IoBackendKind kind) => kind switch
    {
        IoBackendKind.Poll or IoBackendKind.Epoll => $"The {kind} backend needs Linux.",
        IoBackendKind.IoUring => $"The IoUring backend is not to be had here: {IoUringProbe.Refusal}.",
        IoBackendKind.Kqueue => "The Kqueue backend is not part of this version.",
        IoBackendKind.Simulated => "Loops with the Simulated backend are made by a SimulatedNetwork.",
        _ => $"There is no backend {(int)kind}.",
    };
}
