using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// A duplicate of a descriptor that is read and written like a socket, and lives on when the original is closed.
/// Python's <c>asyncore.file_wrapper</c>. Linux only.
/// </summary>
/// <remarks>Calls block where the descriptor does. The duplicate is close-on-exec. For any one thread at a time.</remarks>
public class FileWrapper : IDisposable
{
    // Not zero: a constructor that throws leaves an object to be finalized, which closed standard input once.
    private int _fd = -1;

    /// <summary>Duplicates a descriptor (fcntl(2), F_DUPFD_CLOEXEC).</summary>
    /// <param name="handle">The original, which stays the caller's.</param>
    /// <exception cref="ObjectDisposedException">The handle is closed.</exception>
    /// <exception cref="IOException">The system refuses: there are no more descriptors, for one.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public FileWrapper(SafeHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        _fd = Duplicate(handle);
    }

    /// <summary>The system's number of the duplicate; −1 after close.</summary>
    public int FileDescriptor => _fd;

    /// <summary>Reads (read(2)).</summary>
    /// <param name="buffer">Where to.</param>
    /// <returns>The bytes read; 0 at the end, and where a non-blocking descriptor has none now.</returns>
    /// <exception cref="ObjectDisposedException">The wrapper is closed.</exception>
    /// <exception cref="IOException">The system refuses.</exception>
    public unsafe int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_fd < 0, this);
        while (true)
        {
            int result;
            fixed (byte* start = buffer)
            {
                result = Errno.Result(Libc.Read(_fd, start, (nuint)buffer.Length));
            }

            if (result != -(int)SocketError.Interrupted)
            {
                return Value(result);
            }
        }
    }

    /// <summary>As <see cref="Read"/>, by the name it has on a socket.</summary>
    /// <inheritdoc cref="Read"/>
    public int Recv(Span<byte> buffer) => Read(buffer);

    /// <summary>Writes (write(2)).</summary>
    /// <param name="data">What.</param>
    /// <returns>The bytes written; 0 where a non-blocking descriptor takes none now.</returns>
    /// <exception cref="ObjectDisposedException">The wrapper is closed.</exception>
    /// <exception cref="IOException">The system refuses: nobody reads the pipe, the disk is full.</exception>
    public unsafe int Write(ReadOnlySpan<byte> data)
    {
        ObjectDisposedException.ThrowIf(_fd < 0, this);
        while (true)
        {
            int result;
            fixed (byte* start = data)
            {
                result = Errno.Result(Libc.Write(_fd, start, (nuint)data.Length));
            }

            if (result != -(int)SocketError.Interrupted)
            {
                return Value(result);
            }
        }
    }

    /// <summary>As <see cref="Write"/>, by the name it has on a socket.</summary>
    /// <inheritdoc cref="Write"/>
    public int Send(ReadOnlySpan<byte> data) => Write(data);

    /// <summary>Closes the duplicate. Twice is harmless.</summary>
    public void Close()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0)
        {
            Libc.Close(fd);
        }
    }

    /// <summary>Closes the duplicate.</summary>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes what nobody closed.</summary>
    ~FileWrapper() => Close();

    /// <summary>A duplicate of a handle's descriptor that no child process inherits.</summary>
    internal static int Duplicate(SafeHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Files and pipes as channels need Linux.");
        }

        ObjectDisposedException.ThrowIf(handle.IsClosed || handle.IsInvalid, handle);
        bool entered = false;
        try
        {
            handle.DangerousAddRef(ref entered);
            int fd = Errno.Result(Libc.Fcntl((int)handle.DangerousGetHandle(), Libc.F_DUPFD_CLOEXEC, 0));
            return fd >= 0 ? fd : throw new IOException("Cannot duplicate the descriptor.", Errno.ToException(fd));
        }
        finally
        {
            if (entered)
            {
                handle.DangerousRelease();
            }
        }
    }

    private static int Value(int result) => result >= 0 ? result
        : Errno.IsWouldBlock((SocketError)(-result)) ? 0
        : throw new IOException(Errno.ToException(result).Message, Errno.ToException(result));
}
