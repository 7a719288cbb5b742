namespace Asyncore;

/// <summary>Produces bytes in pieces of a given size. Python's <c>asynchat.simple_producer</c>.</summary>
public class SimpleProducer : IProducer
{
    private readonly int _bufferSize;
    private ReadOnlyMemory<byte> _data;

    /// <summary>Makes a producer.</summary>
    /// <param name="data">The bytes; not copied, so they must not change until they have left.</param>
    /// <param name="bufferSize">Bytes in a piece at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is below one.</exception>
    public SimpleProducer(ReadOnlyMemory<byte> data, int bufferSize = 512)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferSize, 1);
        _data = data;
        _bufferSize = bufferSize;
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> More()
    {
        ReadOnlyMemory<byte> piece = _data[..Math.Min(_data.Length, _bufferSize)];
        _data = _data[piece.Length..];
        return piece;
    }
}
