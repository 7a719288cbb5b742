using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>Memory of the process that the garbage collector does not know: whole pages, by mmap(2).</summary>
internal sealed unsafe partial class PageMemory : IDisposable
{
    private const int PROT_READ_WRITE = 3;
    private const int MAP_SHARED = 1;
    private const int MAP_PRIVATE = 2;
    private const int MAP_ANONYMOUS = 0x20;
    private const int MAP_POPULATE = 0x8000;

    private readonly nuint _length;

    private PageMemory(byte* start, nuint length)
    {
        Start = start;
        _length = length;
    }

    public byte* Start { get; private set; }

    /// <summary>Zeroed pages of our own; they take up memory once they are touched.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">There is no memory to be had.</exception>
    public static PageMemory Allocate(nuint length) => Map(length, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    /// <summary>A part of what a descriptor stands for, shared with the kernel.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The system refuses.</exception>
    public static PageMemory Share(int fd, long offset, nuint length) =>
        Map(length, MAP_SHARED | MAP_POPULATE, fd, offset);

    public void Dispose()
    {
        if (Start is not null)
        {
            MUnmap(Start, _length);
            Start = null;
        }
    }

    private static PageMemory Map(nuint length, int flags, int fd, long offset)
    {
        byte* start = MMap(null, length, PROT_READ_WRITE, flags, fd, offset);
        return start == (byte*)-1 ? throw Errno.ToException(Errno.LastResult()) : new PageMemory(start, length);
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* MMap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int MUnmap(void* address, nuint length);
}
