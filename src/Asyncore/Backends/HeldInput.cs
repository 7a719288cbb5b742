using System.Buffers;

namespace Asyncore;

/// <summary>
/// Bytes that were received before anybody asked for them and are still to be read. They belong to the connection, and
/// go with it wherever it goes.
/// </summary>
internal sealed class HeldInput
{
    private byte[] _bytes = [];
    private int _start;
    private int _end;

    public int Length => _end - _start;

    public void Append(ReadOnlySpan<byte> data)
    {
        if (data.Length > _bytes.Length - _end)
        {
            MakeRoom(data.Length);
        }

        data.CopyTo(_bytes.AsSpan(_end));
        _end += data.Length;
    }

    /// <returns>How many bytes were copied.</returns>
    public int Read(Span<byte> buffer, bool peek)
    {
        int count = Math.Min(buffer.Length, Length);
        _bytes.AsSpan(_start, count).CopyTo(buffer);
        _start += peek ? 0 : count;
        if (_start == _end)
        {
            Hold([], 0); // a connection that has once been slow does not keep memory for the rest of its life
        }

        return count;
    }

    private void MakeRoom(int count)
    {
        int length = Length;
        byte[] roomy = length + count <= _bytes.Length
            ? _bytes
            : ArrayPool<byte>.Shared.Rent(Math.Max(length + count, _bytes.Length * 2));
        _bytes.AsSpan(_start, length).CopyTo(roomy);
        Hold(roomy, length);
    }

    private void Hold(byte[] bytes, int length)
    {
        byte[] before = _bytes;
        (_bytes, _start, _end) = (bytes, 0, length);
        if (before != bytes && before.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(before);
        }
    }
}
