using Microsoft.Win32.SafeHandles;

namespace Asyncore;

/// <summary>
/// Produces a file, or a part of one. Where the backend has it, the system sends from the file by itself (sendfile(2))
/// and the bytes never come near the program. A file on a slow disk makes the loop wait for it.
/// </summary>
public sealed class FileProducer : IProducer, IDisposable
{
    private const int PieceSize = 64 * 1024;

    // What one system call is asked for; it sends what the peer takes.
    private const int SendSize = 1024 * 1024;

    private readonly bool _owned;
    private readonly bool _toEnd;
    private long _end;
    private byte[] _buffer = [];

    /// <summary>Opens a file, which is closed with the producer.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="count">How many bytes; null: to the end that the file has by then.</param>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be opened.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The offset or the count is below zero.</exception>
    public FileProducer(string path, long offset = 0, long? count = null)
        : this(Open(path, offset, count), offset, count) => _owned = true;

    /// <summary>Produces from an open file, which stays open.</summary>
    /// <param name="file">The file, which can be sought in.</param>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="count">How many bytes; null: to the end that the file has by then.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset or the count is below zero.</exception>
    public FileProducer(SafeFileHandle file, long offset = 0, long? count = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        CheckPart(offset, count);
        File = file;
        Position = offset;
        _toEnd = count is null;
        _end = _toEnd || count > long.MaxValue - offset ? long.MaxValue : offset + count!.Value;
    }

    /// <summary>Where the next piece begins, in bytes.</summary>
    public long Position { get; private set; }

    internal SafeFileHandle File { get; }

    /// <summary>The system reads from such a file and does not send from it.</summary>
    internal bool IsReadOnly { get; set; }

    internal bool IsEmpty => Position >= _end;

    /// <summary>How much to ask the system to send.</summary>
    internal int NextCount => (int)Math.Min(_end - Position, SendSize);

    /// <inheritdoc/>
    /// <exception cref="IOException">The file cannot be read, or has become shorter than what was promised.</exception>
    public ReadOnlyMemory<byte> More()
    {
        if (IsEmpty)
        {
            return default;
        }

        if (_buffer.Length == 0)
        {
            _buffer = new byte[PieceSize];
        }

        int count = RandomAccess.Read(File, _buffer.AsSpan(0, (int)Math.Min(_end - Position, PieceSize)), Position);
        Advance(count);
        return _buffer.AsMemory(0, count);
    }

    // What is refused is refused before a descriptor is opened for it.
    private static SafeFileHandle Open(string path, long offset, long? count)
    {
        CheckPart(offset, count);
        return System.IO.File.OpenHandle(path);
    }

    private static void CheckPart(long offset, long? count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count ?? 0, nameof(count));
    }

    /// <summary>So much of the file has left; none where it has ended.</summary>
    internal void Advance(int count)
    {
        if (count == 0 && !_toEnd)
        {
            throw new EndOfStreamException($"The file ends {_end - Position} bytes before what was to be sent.");
        }

        Position += Math.Max(count, 0);
        if (count == 0)
        {
            _end = Position;
        }
    }

    /// <summary>Closes the file, if the producer has opened it.</summary>
    public void Dispose()
    {
        if (_owned)
        {
            File.Dispose();
        }
    }
}
