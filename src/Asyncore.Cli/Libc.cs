using System.Runtime.InteropServices;

namespace Asyncore.Cli;

/// <summary>The system calls that the .NET library has no form of. None of them is called on Windows.</summary>
internal static unsafe partial class Libc
{
    public const int F_GETFD = 1;
    public const int FD_CLOEXEC = 1;
    public const int O_RDWR = 2;
    public const short POLLOUT = 4;
    public const int RLIMIT_NOFILE = 7; // Linux's number
    public const int EINTR = 4;

    private const string Library = "libc";

    public static int EAGAIN => OperatingSystem.IsLinux() ? 11 : 35;

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int fd, byte* data, nuint length);

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollFd* fds, uint count, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(int fd, int command);

    [LibraryImport(Library, EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Open(string path, int flags);

    [LibraryImport(Library, EntryPoint = "close")]
    public static partial int Close(int fd);

    [LibraryImport(Library, EntryPoint = "getrlimit")]
    public static partial int GetResourceLimit(int resource, ResourceLimit* limit);

    /// <summary>statx(2), the one form of stat whose structure is the same on every processor; Linux alone.</summary>
    [LibraryImport(Library, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int StatX(int folder, string path, int flags, uint mask, StatXBuffer* buffer);

    [StructLayout(LayoutKind.Sequential)]
    public struct ResourceLimit
    {
        public nuint Current;
        public nuint Most;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollFd
    {
        public int Fd;
        public short Events;
        public short Revents;
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public struct StatXBuffer
    {
        [FieldOffset(28)]
        public ushort Mode;
    }
}
