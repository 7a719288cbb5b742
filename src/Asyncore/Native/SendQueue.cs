namespace Asyncore;

/// <summary>What the system has taken from us for a connection and its peer's system has not got yet.</summary>
internal static unsafe class SendQueue
{
    private const int SIOCOUTQ = 0x5411; // TIOCOUTQ, the same on x64 and Arm64

    /// <summary>How many bytes (tcp(7)); 0 where nobody can tell.</summary>
    public static int Count(IoHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        int count = 0;
        int result = Libc.Ioctl(handle.Enter(), SIOCOUTQ, &count);
        handle.Exit();
        return result == 0 ? count : 0;
    }
}
