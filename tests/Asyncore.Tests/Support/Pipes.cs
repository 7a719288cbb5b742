using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>Pipes, terminals and descriptor flags, by the system calls that the library does not offer.</summary>
public static partial class Pipes
{
    public const int NonBlocking = 0x800;
    private const int GetDescriptorFlags = 1;
    private const int GetFlags = 3;
    private const int CloseOnExec = 0x80000;

    /// <summary>A pipe, both ends blocking and owned by what is returned.</summary>
    public static (SafeFileHandle Read, SafeFileHandle Write) Create()
    {
        int[] ends = new int[2];
        Assert.Equal(0, pipe2(ends, CloseOnExec)); // or child programs of other tests inherit it
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>A pseudo-terminal: what one end is written, the other reads.</summary>
    public static (SafeFileHandle Master, SafeFileHandle Terminal) CreateTerminal()
    {
        int master = posix_openpt(2 | 0x100 | CloseOnExec); // O_RDWR | O_NOCTTY
        Assert.True(master >= 0);
        Assert.Equal(0, grantpt(master));
        Assert.Equal(0, unlockpt(master));
        byte[] name = new byte[128];
        Assert.Equal(0, ptsname_r(master, name, name.Length));
        int terminal = open(name, 2 | 0x100 | CloseOnExec);
        Assert.True(terminal >= 0);
        return (new SafeFileHandle(master, true), new SafeFileHandle(terminal, true));
    }

    /// <summary>The flags of the open description, which all duplicates share.</summary>
    public static int Flags(SafeHandle handle) => fcntl((int)handle.DangerousGetHandle(), GetFlags, 0);

    public static bool IsCloseOnExec(int fd) => (fcntl(fd, GetDescriptorFlags, 0) & 1) != 0;

    public static void Write(SafeFileHandle handle, ReadOnlySpan<byte> data)
    {
        byte[] bytes = data.ToArray();
        Assert.Equal(bytes.Length, write((int)handle.DangerousGetHandle(), bytes, bytes.Length));
    }

    public static byte[] Read(SafeFileHandle handle, int limit = 4096)
    {
        byte[] buffer = new byte[limit];
        nint count = read((int)handle.DangerousGetHandle(), buffer, limit);
        return buffer[..(int)count];
    }

    [LibraryImport("libc")]
    private static partial int pipe2([Out] int[] ends, int flags);

    [LibraryImport("libc")]
    private static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc")]
    private static partial nint write(int fd, [In] byte[] data, nint length);

    [LibraryImport("libc")]
    private static partial nint read(int fd, [Out] byte[] data, nint length);

    [LibraryImport("libc")]
    private static partial int posix_openpt(int flags);

    [LibraryImport("libc")]
    private static partial int grantpt(int fd);

    [LibraryImport("libc")]
    private static partial int unlockpt(int fd);

    [LibraryImport("libc")]
    private static partial int ptsname_r(int fd, [Out] byte[] name, nint length);

    [LibraryImport("libc")]
    private static partial int open([In] byte[] path, int flags);
}
