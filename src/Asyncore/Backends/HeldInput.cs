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
            byte[] larger = Length + data.Length <= _bytes.Length
                ? _bytes
                : GC.AllocateUninitializedArray<byte>(Math.Max(Length + data.Length, _bytes.Length * 2));
            _bytes.AsSpan(_start, Length).CopyTo(larger);
            (_bytes, _start, _end) = (larger, 0, Length);
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
        return count;
    }
}
