using System.Net.Sockets;

namespace Asyncore;

// What the kernel answers, and what channels are told of it.
internal sealed unsafe partial class IoUringBackend
{
    private const int ECANCELED = 125;
    private const int ENOBUFS = 105;

    // Takes all completions. Calls no handler: what has come waits on its channel.
    private void Reap()
    {
        do
        {
            while (_queues!.TryTake(out IoUring.Cqe completion))
            {
                Complete(completion);
            }
        }
        while (_queues.Overflowed && IsOwner && _queues.Enter(0, IoUring.ENTER_GETEVENTS, 0) == 0);
    }

    private void Complete(in IoUring.Cqe completion)
    {
        switch ((UringOperation)(completion.UserData >> 56))
        {
            case UringOperation.ReceiveSmall:
                CompleteReceive(completion, _small!, 0);
                break;
            case UringOperation.ReceiveLarge:
                CompleteReceive(completion, _large!, LargeId);
                break;
            case UringOperation.Send:
                CompleteSend(completion);
                break;
            case UringOperation.Accept:
                CompleteAccept(completion);
                break;
            case UringOperation.Set:
                _setArmed = false;
                _setIsReady = true;
                break;
        }
    }

    private void CompleteReceive(in IoUring.Cqe completion, ReceiveRing ring, int idBase)
    {
        int result = completion.Result;
        int id = (completion.Flags & IoUring.CQE_F_BUFFER) != 0 ? (int)(completion.Flags >> IoUring.CQE_BUFFER_SHIFT) : -1;
        if (id >= 0)
        {
            ring.Take(id, Math.Max(result, 0));
        }

        UringChannel? channel = Find(completion.UserData);
        if (channel is null || result <= 0)
        {
            if (id >= 0)
            {
                ring.GiveBack(id); // for a channel that has closed
            }

            if (channel is null)
            {
                _ending -= (completion.Flags & IoUring.CQE_F_MORE) == 0 ? 1 : 0;
                return;
            }
        }

        if ((completion.Flags & IoUring.CQE_F_MORE) == 0)
        {
            channel.Requests &= ~(UringRequests.Receive | UringRequests.ReceiveLarge | UringRequests.Cancelled);
            MarkToArm(channel);
        }

        if (result > 0)
        {
            Append(channel, id + idBase, result);
            channel.HasMore = (completion.Flags & IoUring.CQE_F_SOCK_NONEMPTY) != 0;
            Measure(channel, ring, result);
            MarkReady(channel);
        }
        else if (result == 0)
        {
            channel.Ended = true;
            MarkReady(channel);
        }
        else if (-result is not (ECANCELED or ENOBUFS or Errno.EINTR or Errno.EAGAIN or Errno.ENOMEM))
        {
            channel.Ended = true;
            channel.Handle.PendingError = Errno.ToSocketError(-result);
            MarkReady(channel);
        }
    }

    // A connection that fills small buffers gets large ones; one whose messages are small again does not keep them.
    private void Measure(UringChannel channel, ReceiveRing ring, int received)
    {
        bool asks = channel.UsesLarge ? received <= SmallSize : received == ring.Size;
        channel.Streak = asks ? channel.Streak + 1 : 0;
        if (channel.Streak >= (channel.UsesLarge ? SmallBeforeSmaller : FullBeforeLarger))
        {
            channel.Streak = 0;
            channel.UsesLarge = !channel.UsesLarge;
            MarkToArm(channel);
        }
    }

    private void CompleteAccept(in IoUring.Cqe completion)
    {
        UringChannel? channel = Find(completion.UserData);
        if (channel is null)
        {
            if (completion.Result >= 0)
            {
                Libc.Close(completion.Result); // for a listener that has closed
            }

            return;
        }

        if ((completion.Flags & IoUring.CQE_F_MORE) == 0)
        {
            channel.Requests &= ~(UringRequests.Accept | UringRequests.Cancelled);
            MarkToArm(channel);
        }

        IoHandle listener = channel.Handle;
        if (completion.Result >= 0)
        {
            var accepted = new IoHandle { Fd = completion.Result, Family = listener.Family, Kind = IoHandleKind.Stream };
            accepted.Peer.IsElsewhere = true;
            (listener.Accepted ??= new Queue<IoHandle>()).Enqueue(accepted);
            channel.AcceptsByPoll = DescriptorReserve.IsNear(accepted.Fd); // or as many as wait would be accepted ahead
            if (listener.Accepted.Count >= AcceptLimit || channel.AcceptsByPoll)
            {
                MarkToArm(channel);
            }
        }
        else if (-completion.Result is not (ECANCELED or Errno.EINTR or Errno.EAGAIN))
        {
            // Most of all: no descriptor, which this accept wants before there is anybody to accept. Whoever waits for
            // the listener to be readable, and accepts then, learns the same when it matters.
            channel.AcceptsByPoll = true;
            return;
        }

        MarkReady(channel);
    }

    private void Watch(UringChannel channel, IoEvents found)
    {
        if (channel.Handle.IsConnecting)
        {
            channel.Handle.IsConnecting = false;
            MarkToArm(channel);
        }

        if ((found & (IoEvents.Error | IoEvents.HangUp)) != 0 && channel.Has(UringRequests.Receive))
        {
            return; // the receive ends too, and says why; a send that came before would take the reason away
        }

        channel.Found = found;
        MarkReady(channel);
    }

    // What a channel would be told now.
    private static IoEvents News(UringChannel channel)
    {
        IoHandle handle = channel.Handle;
        IoEvents wanted = handle.Armed;
        IoEvents news = IoEvents.None;
        bool reads = (wanted & IoEvents.Read) != 0;
        if (handle.IsListener)
        {
            // Those that have been taken from the kernel wait here as they would have waited there.
            news = reads && handle.Accepted is { Count: > 0 } ? IoEvents.Read : news;
        }
        else if (channel.Ended || channel.Unread > 0 || handle.Held is { Length: > 0 })
        {
            news = reads ? IoEvents.Read : news;
            if (channel.Ended)
            {
                news |= handle.PendingError != SocketError.Success ? IoEvents.Error | IoEvents.HangUp
                    : reads && handle.SentEnd ? IoEvents.HangUp
                    : IoEvents.None;
            }
        }

        return news | (channel.Found & (wanted | IoEvents.Error | IoEvents.HangUp) & ~IoEvents.Present);
    }

    // Drops from the list who has nothing to be told any more.
    private void KeepReady()
    {
        int kept = 0;
        for (int i = 0; i < _ready.Count; i++)
        {
            UringChannel channel = _ready[i];
            if (channel.Handle is not null && News(channel) != IoEvents.None)
            {
                _ready[kept++] = channel;
            }
            else
            {
                Unlist(channel);
            }
        }

        _ready.RemoveRange(kept, _ready.Count - kept);
    }

    private void Unlist(UringChannel channel)
    {
        channel.IsListedReady = false;
        channel.Found = IoEvents.None;
        if (channel.Handle is not null && channel.Requests == UringRequests.None)
        {
            MarkToArm(channel); // all that had come before is read
        }
    }

    // Those that found no room come first the next time. All stay in the list: what they leave is offered again.
    private int Collect(Span<IoEvent> events)
    {
        int count = 0;
        _told.Clear();
        int left = 0;
        for (int i = 0; i < _ready.Count; i++)
        {
            UringChannel channel = _ready[i];
            IoEvents news = channel.Handle is null ? IoEvents.None : News(channel);
            if (news == IoEvents.None)
            {
                Unlist(channel);
            }
            else if (count == events.Length)
            {
                channel.Found = IoEvents.None;
                _ready[left++] = channel;
            }
            else
            {
                events[count++] = new IoEvent(channel.Handle!.Slot, channel.Handle.Generation, news);
                _told.Add(channel);
                channel.Found = IoEvents.None;
            }
        }

        _ready.RemoveRange(left, _ready.Count - left);
        _ready.AddRange(_told);
        return count;
    }
}
