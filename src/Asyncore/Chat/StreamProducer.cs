namespace Asyncore;

/// <summary>
/// Produces what a stream has to read. Reading happens on the loop's thread, which waits for it: for streams that have
/// what they give at hand. For files there is <see cref="FileProducer"/>.
/// </summary>
public sealed class StreamProducer : IProducer, IDisposable
{
    private readonly Stream _stream;
    private readonly bool _leaveOpen;
    private readonly int _bufferSize;
    private byte[] _buffer = [];

    /// <summary>Makes a producer that reads from the stream's position to its end.</summary>
    /// <param name="stream">The stream, disposed with the producer.</param>
    /// <param name="bufferSize">Bytes in a piece at most.</param>
    /// <param name="leaveOpen">Whether the stream stays open afterwards.</param>
    /// <exception cref="ArgumentException">The stream cannot be read.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The size is below one.</exception>
    public StreamProducer(Stream stream, int bufferSize = 64 * 1024, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferSize, 1);
        if (!stream.CanRead)
        {
            throw new ArgumentException("The stream cannot be read.", nameof(stream));
        }

        _stream = stream;
        _bufferSize = bufferSize;
        _leaveOpen = leaveOpen;
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public ReadOnlyMemory<byte> More()
    {
        if (_buffer.Length == 0)
        {
            _buffer = new byte[_bufferSize];
        }

        return _buffer.AsMemory(0, _stream.Read(_buffer));
    }

    /// <summary>Disposes the stream, unless it is to stay open.</summary>
    public void Dispose()
    {
        if (!_leaveOpen)
        {
            _stream.Dispose();
        }
    }
}
