using Asyncore;

namespace ChatPeer;

/// <summary>
/// Collects by itself: what comes is copied into a buffer of a fixed size, so that an item of any length takes no more
/// memory than that. It is counted, and an item of the wrong length ends the connection.
/// </summary>
internal abstract class UploadChat(AcceptedChannel accepted) : AsyncChat(accepted)
{
    private readonly Copies _copies = new();
    private long _collected;

    protected override void CollectIncomingData(ReadOnlySpan<byte> data)
    {
        _collected += data.Length;
        _copies.Take(data);
    }

    protected void EndItem(long expected)
    {
        if (_collected != expected)
        {
            throw new InvalidDataException($"An item of {_collected} bytes instead of {expected}.");
        }

        _collected = 0;
    }
}

/// <summary>One long item, then an acknowledgement.</summary>
internal sealed class ItemChat : UploadChat
{
    private const string End = "\r\n.\r\n";

    private readonly long _length;
    private readonly Count _count;

    public ItemChat(AcceptedChannel accepted, Settings settings, Count count)
        : base(accepted)
    {
        _length = settings.Total - End.Length;
        _count = count;
        InBufferSize = settings.Buffer;
        SetTerminator(End);
    }

    protected override void FoundTerminator()
    {
        EndItem(_length);
        Push("+"u8);
        _count.Message();
    }
}

/// <summary>Short items, and an acknowledgement after so many.</summary>
internal sealed class ItemsChat : UploadChat
{
    private readonly int _length;
    private readonly long _items;
    private readonly Count _count;
    private long _left;

    public ItemsChat(AcceptedChannel accepted, Settings settings, Count count)
        : base(accepted)
    {
        _length = settings.Size - 1;
        _items = _left = settings.Total / settings.Size;
        _count = count;
        InBufferSize = settings.Buffer;
        SetTerminator((byte)'\n');
    }

    protected override void FoundTerminator()
    {
        EndItem(_length);
        if (--_left == 0)
        {
            _left = _items;
            Push("+"u8);
            _count.Message();
        }
    }
}

/// <summary>What receiving costs when nothing is cut and nothing looked at: a plain channel that counts.</summary>
internal sealed class BytesChannel(AcceptedChannel accepted, Settings settings, Count count) : Dispatcher(accepted)
{
    private readonly Copies _copies = new();
    private long _left = settings.Total;

    protected override void HandleRead()
    {
        ReadOnlySpan<byte> data = Receive(settings.Buffer);
        _copies.Take(data);
        _left -= data.Length;
        if (_left == 0)
        {
            _left = settings.Total;
            Send("+"u8);
            count.Message();
        }
    }

    protected override void HandleClose() => Close();
}

/// <summary>Where received bytes are copied to, round and round: what every program that keeps them has to do.</summary>
internal sealed class Copies
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _end;

    public void Take(ReadOnlySpan<byte> data)
    {
        while (data.Length > _buffer.Length - _end)
        {
            int room = _buffer.Length - _end;
            data[..room].CopyTo(_buffer.AsSpan(_end));
            data = data[room..];
            _end = 0;
        }

        data.CopyTo(_buffer.AsSpan(_end));
        _end += data.Length;
    }
}
