namespace Asyncore.Testing;

/// <summary>Bytes in order, which grows as it must.</summary>
internal sealed class ByteQueue
{
    private byte[] _bytes = [];
    private int _first;

    public int Count { get; private set; }

    public void Append(ReadOnlySpan<byte> data)
    {
        if (_first + Count + data.Length > _bytes.Length)
        {
            MakeRoom(data.Length);
        }

        data.CopyTo(_bytes.AsSpan(_first + Count));
        Count += data.Length;
    }

    /// <summary>Copies from the front, and takes what was copied unless it is only looked at.</summary>
    public int Read(Span<byte> buffer, bool peek)
    {
        int count = Math.Min(buffer.Length, Count);
        _bytes.AsSpan(_first, count).CopyTo(buffer);
        if (!peek)
        {
            _first += count;
            Count -= count;
            if (Count == 0)
            {
                _first = 0;
            }
        }

        return count;
    }

    /// <summary>Everything there is, which stays.</summary>
    public byte[] Peek() => _bytes.AsSpan(_first, Count).ToArray();

    /// <summary>So many bytes from the front.</summary>
    public byte[] Take(int count)
    {
        byte[] taken = new byte[count];
        Read(taken, peek: false);
        return taken;
    }

    private void MakeRoom(int more)
    {
        byte[] larger = Count + more <= _bytes.Length ? _bytes : new byte[Math.Max(Count + more, _bytes.Length * 2)];
        _bytes.AsSpan(_first, Count).CopyTo(larger);
        _bytes = larger;
        _first = 0;
    }
}
