using System.Runtime.InteropServices;

namespace Asyncore.Protocols;

/// <summary>What the system has taken from us for a connection and its peer's system has not got yet.</summary>
internal static partial class UnsentBytes
{
    private const int SIOCOUTQ = 0x5411; // TIOCOUTQ, the same on x64 and Arm64

    /// <summary>How many bytes (SIOCOUTQ, tcp(7)), the stream's end counting as one; 0 where nobody can tell.</summary>
    public static unsafe int Count(int descriptor)
    {
        int count = 0;
        return OperatingSystem.IsLinux() && Ioctl(descriptor, SIOCOUTQ, &count) == 0 ? count : 0;
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static unsafe partial int Ioctl(int descriptor, nuint request, int* value);
}
