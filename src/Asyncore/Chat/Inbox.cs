using System.Buffers;

namespace Asyncore;

/// <summary>
/// What a chat has collected of an item. While the item lies in one piece in the receive buffer it is only remembered
/// where; it is copied when it goes on elsewhere, or when the buffer is needed for something else.
/// </summary>
internal sealed class Inbox
{
    private const int FirstSize = 256;
    private const int SpareSize = 64 * 1024;

    // The thread's last one, before the shared pool: that is emptied when memory runs short, and what spans reads would
    // be allocated anew each time.
    [ThreadStatic]
    private static byte[]? _spare;


    private byte[] _bytes = [];
    private int _count;
    private PageBuffer? _seen;
    private int _viewStart;
    private int _viewCount;

    public ReadOnlySpan<byte> Span =>
        _viewCount > 0 ? _seen!.Span.Slice(_viewStart, _viewCount) : _bytes.AsSpan(0, _count);

    /// <summary>Data may lie in this buffer from now on, and stays there until <see cref="Leave"/>.</summary>
    public void Enter(PageBuffer buffer)
    {
        Settle();
        _seen = buffer;
    }

    /// <summary>The buffer is about to be used for something else.</summary>
    public void Leave()
    {
        Settle();
        _seen = null;
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        if (_seen is { } buffer && buffer.Span.Overlaps(data, out int start))
        {
            if (_viewCount > 0 && start == _viewStart + _viewCount)
            {
                _viewCount += data.Length;
                return;
            }

            if (_viewCount == 0 && _count == 0)
            {
                (_viewStart, _viewCount) = (start, data.Length);
                return;
            }
        }

        Settle();
        Copy(data);
    }

    public byte[] Take()
    {
        byte[] all = Span.ToArray();
        Clear();
        return all;
    }

    public void Clear()
    {
        _viewCount = 0;
        _count = 0;
        GiveBack();
    }

    private void Settle()
    {
        if (_viewCount > 0)
        {
            ReadOnlySpan<byte> view = Span;
            _viewCount = 0;
            Copy(view);
        }
    }

    private void Copy(ReadOnlySpan<byte> data)
    {
        if (data.Length > _bytes.Length - _count)
        {
            Grow(data.Length);
        }

        data.CopyTo(_bytes.AsSpan(_count));
        _count += data.Length;
    }

    private void Grow(int more)
    {
        long needed = (long)_count + more;
        if (needed > Array.MaxLength)
        {
            throw new InvalidOperationException(
                $"An item of more than {Array.MaxLength:N0} bytes cannot be collected in memory; "
                + $"override {nameof(AsyncChat.CollectIncomingData)}, or set {nameof(AsyncChat.MaxLineLength)}.");
        }

        long size = Math.Min(Math.Max(Math.Max(FirstSize, 2L * _bytes.Length), needed), Array.MaxLength);
        byte[] larger = Rent((int)size);
        _bytes.AsSpan(0, _count).CopyTo(larger);
        GiveBack();
        _bytes = larger;
    }

    // An idle chat owns no buffer.
    private void GiveBack()
    {
        if (_bytes.Length > SpareSize || (_bytes.Length > 0 && _spare is not null))
        {
            ArrayPool<byte>.Shared.Return(_bytes);
        }
        else if (_bytes.Length > 0)
        {
            _spare = _bytes;
        }

        _bytes = [];
    }

    private static byte[] Rent(int size)
    {
        if (_spare is { } spare && spare.Length >= size)
        {
            _spare = null;
            return spare;
        }

        return ArrayPool<byte>.Shared.Rent(size);
    }
}
