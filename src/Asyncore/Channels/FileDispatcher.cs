using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// A pipe, terminal or other descriptor that is no socket, in an event loop. Python's <c>asyncore.file_dispatcher</c>.
/// Linux only.
/// </summary>
/// <remarks>
/// The descriptor is duplicated and the original stays the caller's. Non-blocking mode belongs to what both refer to,
/// so the mode found is set again on close; a terminal's is never changed. A regular file, for which no system call can
/// wait, is read a buffer a pass until its end. <see cref="Writable"/> is false unless overridden.
/// </remarks>
public class FileDispatcher : Dispatcher
{
    private const int SeekSet = 0;
    private const int SeekCurrent = 1;

    /// <summary>Makes a channel for a descriptor.</summary>
    /// <param name="handle">The descriptor, which is duplicated.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="ArgumentException">The descriptor is a socket.</exception>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    /// <exception cref="IOException">The system refuses.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public FileDispatcher(SafeHandle handle, EventLoop? loop = null)
        : base(loop)
    {
        ArgumentNullException.ThrowIfNull(handle);
        Open(FileWrapper.Duplicate(handle), position: -1);
    }

    /// <summary>Makes a channel for an open file, from the stream's position on.</summary>
    /// <param name="file">The file; what it has buffered for writing is written first.</param>
    /// <param name="loop">The loop to join; <see cref="EventLoop.Default"/> where null.</param>
    /// <exception cref="ArgumentException">The descriptor is a socket.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    /// <exception cref="IOException">The system refuses.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public FileDispatcher(FileStream file, EventLoop? loop = null)
        : base(loop)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.CanWrite)
        {
            file.Flush();
        }

        // FileStream keeps a position of its own and leaves the descriptor's where it was.
        Open(FileWrapper.Duplicate(file.SafeFileHandle), file.CanSeek ? file.Position : -1);
    }

    /// <summary>Whether the channel wants to write; false unless overridden.</summary>
    protected internal override bool Writable() => false;

    private static unsafe bool IsSocket(int fd)
    {
        int type;
        uint length = sizeof(int);
        return Libc.GetSockOpt(fd, Libc.SOL_SOCKET, Libc.SO_TYPE, &type, &length) == 0;
    }

    private void Open(int fd, long position)
    {
        if (IsSocket(fd))
        {
            Libc.Close(fd);
            throw new ArgumentException("The descriptor is a socket: use Dispatcher.", "handle");
        }

        if (position >= 0)
        {
            Libc.Seek(fd, position, SeekSet);
        }

        // What can be sought is a file, which is always ready; the poller says so of the devices that remain.
        bool isFile = Libc.Seek(fd, 0, SeekCurrent) >= 0;
        bool isTerminal = !isFile && Libc.IsATty(fd) == 1;
        IoHandleKind kind = isTerminal ? IoHandleKind.Terminal : isFile ? IoHandleKind.File : IoHandleKind.Pipe;
        bool restore = kind == IoHandleKind.Pipe && MakeNonBlocking(fd);
        try
        {
            AdoptFile(Loop.Io.AdoptFile(fd, kind), restore);
        }
        catch
        {
            Libc.Close(fd);
            throw;
        }
    }

    private static bool MakeNonBlocking(int fd)
    {
        int flags = Libc.Fcntl(fd, Libc.F_GETFL, 0);
        return (flags & Libc.O_NONBLOCK) == 0 && Libc.Fcntl(fd, Libc.F_SETFL, flags | Libc.O_NONBLOCK) == 0;
    }
}
