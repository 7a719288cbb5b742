using System.Net.Sockets;

namespace Asyncore;

// Receiving and accepting: handing out what has come.
internal sealed unsafe partial class IoUringBackend
{
    // Small buffers for messages, large ones for streams: a single size was measured to lose somewhere, with a thousand
    // connections or with a fast one.
    private const int SmallSize = 4 * 1024;
    private const int SmallCount = 128;
    private const int LargeSize = 256 * 1024;
    private const int LargeCount = 4;
    private const int FullBeforeLarger = 4;
    private const int SmallBeforeSmaller = 256;

    // Numbers from here on are buffers of the large ring.
    private const int LargeId = 1 << 16;

    private int _viewed = -1;

    public override int Recv(IoHandle handle, Span<byte> buffer, SocketFlags flags)
    {
        if (handle.Uring is not { } channel || (flags & SocketFlags.OutOfBand) != 0 || handle.IsLost
            || !(channel.Ended || channel.Unread > 0 || Delivers(channel, UringRequests.Receive)))
        {
            return base.Recv(handle, buffer, flags);
        }

        if (channel.Unread == 0 && !channel.Ended)
        {
            TakeNews();
        }

        if (channel.Unread > 0)
        {
            return Read(channel, buffer, (flags & SocketFlags.Peek) != 0);
        }

        if (!channel.Ended)
        {
            return -(int)SocketError.WouldBlock;
        }

        SocketError error = handle.PendingError;
        handle.PendingError = SocketError.Success;
        return -(int)error; // or zero, the end
    }

    public override ReadOnlySpan<byte> View(IoHandle handle, int limit)
    {
        // Several pieces are better copied together than handled one in a pass.
        if (handle.Uring is not { Unread: > 0 } channel || channel.Head != channel.Tail || handle.IsLost)
        {
            return default;
        }

        ReturnViewed();
        int id = channel.Head;
        ReceiveRing ring = RingOf(id);
        byte* start = ring.Start(id & ~LargeId) + channel.Offset;
        int count = Math.Min(limit, ring.Lengths[id & ~LargeId] - channel.Offset);
        if (Skip(channel, count))
        {
            _viewed = id;
        }

        return new ReadOnlySpan<byte>(start, count);
    }

    public override int Accept(IoHandle listener, out IoHandle? accepted)
    {
        if (listener.Uring is { } channel)
        {
            if (Delivers(channel, UringRequests.Accept))
            {
                TakeNews();
                accepted = listener.Accepted is { Count: > 0 } waiting ? waiting.Dequeue() : null;
                return accepted is null ? -(int)SocketError.WouldBlock : 0;
            }

            // Together again, unless that fails once more or descriptors are few.
            int result = base.Accept(listener, out accepted);
            channel.AcceptsByPoll = accepted is not null && DescriptorReserve.IsNear(accepted.Fd);
            MarkToArm(channel);
            return result;
        }

        return base.Accept(listener, out accepted);
    }

    public override bool HasWaiting(IoHandle listener)
    {
        if (listener.Uring is not { } channel || !Delivers(channel, UringRequests.Accept))
        {
            return base.HasWaiting(listener);
        }

        TakeNews();
        return listener.Accepted is { Count: > 0 };
    }

    public override int Unread(IoHandle handle)
    {
        if (handle.Uring is not { } channel)
        {
            return base.Unread(handle);
        }

        if (channel.Has(UringRequests.Receive))
        {
            TakeNews();
        }

        return channel.Unread + (channel.Ended ? 0 : base.Unread(handle));
    }

    // Whether what comes next comes by this request. While the loop does not run, its requests take nothing for any
    // thread but their own: others find it with the kernel.
    private bool Delivers(UringChannel channel, UringRequests request) => channel.Has(request) && IsOwner;

    private ReceiveRing RingOf(int id) => id >= LargeId ? _large! : _small!;

    // What has arrived since the wait. Costs a system call only where the kernel has something to tell.
    private void TakeNews()
    {
        if (!IsOwner || !_queues!.HasNews)
        {
            return;
        }

        _queues.Enter(0, IoUring.ENTER_GETEVENTS, 0);
        Reap();
    }

    private void Append(UringChannel channel, int id, int length)
    {
        channel.Unread += length;
        if (channel.Head < 0)
        {
            channel.Head = id;
            channel.Offset = 0;
        }
        else
        {
            RingOf(channel.Tail).Next[channel.Tail & ~LargeId] = id;
        }

        channel.Tail = id;
        if (IsFull(channel))
        {
            MarkToArm(channel);
        }
    }

    private int Read(UringChannel channel, Span<byte> buffer, bool peek)
    {
        ReturnViewed();
        int read = 0;
        while (read < buffer.Length && channel.Head >= 0)
        {
            int id = channel.Head;
            ReceiveRing ring = RingOf(id);
            int index = id & ~LargeId;
            int count = Math.Min(ring.Lengths[index] - channel.Offset, buffer.Length - read);
            new ReadOnlySpan<byte>(ring.Start(index) + channel.Offset, count).CopyTo(buffer[read..]);
            read += count;
            if (peek)
            {
                break; // the first buffer tells enough
            }

            if (Skip(channel, count))
            {
                ring.GiveBack(index);
            }
        }

        return read;
    }

    // Moves over bytes that have been read. True where the buffer they lay in is not the channel's any more.
    private bool Skip(UringChannel channel, int count)
    {
        int id = channel.Head;
        ReceiveRing ring = RingOf(id);
        int index = id & ~LargeId;
        channel.Offset += count;
        channel.Unread -= count;
        if (channel.Offset < ring.Lengths[index])
        {
            return false;
        }

        channel.Head = ring.Next[index];
        channel.Offset = 0;
        if (channel.Head < 0)
        {
            channel.Tail = -1;
            if (!channel.Has(UringRequests.Receive))
            {
                MarkToArm(channel);
            }
        }

        return true;
    }

    private void ReturnViewed()
    {
        if (_viewed >= 0)
        {
            RingOf(_viewed).GiveBack(_viewed & ~LargeId);
            _viewed = -1;
        }
    }

    // Handlers have left so much unread that others might find no buffer.
    private void RelieveBuffers()
    {
        if (_small!.Free < _small.Count / 2 || _large!.Free < _large.Count / 2)
        {
            foreach (UringChannel channel in _ready)
            {
                if (channel.Handle is not null)
                {
                    Spill(channel);
                }
            }
        }
    }

    // Moves what is unread into memory of the connection's own.
    private void Spill(UringChannel channel)
    {
        while (channel.Head >= 0)
        {
            int id = channel.Head;
            ReceiveRing ring = RingOf(id);
            int index = id & ~LargeId;
            int count = ring.Lengths[index] - channel.Offset;
            (channel.Handle.Held ??= new HeldInput()).Append(
                new ReadOnlySpan<byte>(ring.Start(index) + channel.Offset, count));
            Skip(channel, count);
            ring.GiveBack(index);
        }
    }

    private void Discard(UringChannel channel)
    {
        while (channel.Head >= 0)
        {
            int id = channel.Head;
            ReceiveRing ring = RingOf(id);
            Skip(channel, ring.Lengths[id & ~LargeId] - channel.Offset);
            ring.GiveBack(id & ~LargeId);
        }
    }
}
