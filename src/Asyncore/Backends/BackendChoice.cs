namespace Asyncore;

/// <summary>Which backend a loop gets, and what is said where it cannot.</summary>
internal static class BackendChoice
{
    public static bool IsSupported(IoBackendKind kind) => kind switch
    {
        IoBackendKind.Auto or IoBackendKind.Select => true,
        IoBackendKind.Poll or IoBackendKind.Epoll => OperatingSystem.IsLinux(),
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

    public static IoBackend Create(IoBackendKind kind, bool usePoll) => kind switch
    {
        IoBackendKind.Auto => usePoll ? new PollBackend() : new EpollBackend(),
        IoBackendKind.Poll => new PollBackend(),
        IoBackendKind.Epoll => new EpollBackend(),
        _ => throw new PlatformNotSupportedException(Reason(kind)),
    };

    private static string Reason(IoBackendKind kind) => kind switch
    {
        IoBackendKind.Poll or IoBackendKind.Epoll => $"The {kind} backend needs Linux.",
        IoBackendKind.IoUring => "The IoUring backend is not part of this version.",
        IoBackendKind.Kqueue => "The Kqueue backend is not part of this version.",
        _ => $"There is no backend {(int)kind}.",
    };
}
