using System.Net.Sockets;

namespace Asyncore;

// What channels want, and the requests that the kernel has for it.
internal sealed unsafe partial class IoUringBackend
{
    // A handler that leaves more than this unread is not received for until it has read all of it.
    private const int UnreadLimit = 256 * 1024;

    // Connections that may be accepted ahead of their handler.
    private const int AcceptLimit = 64;

    // Requests that hold the channel's file.
    private const UringRequests Armed = UringRequests.Receive | UringRequests.Accept;

    public override int SetInterest(IoHandle handle, IoEvents wanted)
    {
        if (wanted == handle.Armed)
        {
            return 0;
        }

        if (wanted == IoEvents.None)
        {
            handle.Armed = wanted;
            if (handle.Uring is { } leaving)
            {
                Quiesce(leaving);
                Spill(leaving);
                Detach(leaving);
            }

            return 0;
        }

        UringChannel channel = handle.Uring ?? Attach(handle);
        if (!handle.IsSocket && channel.Watched == IoEvents.None
            && WatchFor(channel, wanted) is not 0 and var refusal)
        {
            Detach(channel);
            return refusal;
        }

        bool pauses = (handle.Armed & ~wanted & IoEvents.Read) != 0;
        handle.Armed = wanted;
        if (pauses)
        {
            Spill(channel); // for nobody knows how long
        }

        MarkToArm(channel);
        if (News(channel) != IoEvents.None)
        {
            MarkReady(channel);
        }

        return 0;
    }

    public override void Close(IoHandle handle, bool abort)
    {
        if (handle.Uring is { } channel)
        {
            // An armed request holds the file: the close alone would neither end the connection nor free the port. A
            // connection may wait until this pass hands over its requests; a port and a reset are wanted at once.
            if (_inRun && !abort && !handle.IsListener && IsOwner)
            {
                _ending += channel.Has(UringRequests.Receive) ? 1 : 0;
                Cancel(channel);
            }
            else
            {
                if (handle is { IsListener: true, Socket: null } && !IsOwner)
                {
                    // Queues of another thread are taken apart by the system in its own time, and hold the file till
                    // then. What listens no more leaves its port to the next that asks for SO_REUSEADDR.
                    Libc.Shutdown(handle.Fd, Libc.SHUT_RDWR);
                }

                Quiesce(channel);
            }

            Discard(channel);
            Detach(channel);
            handle.Armed = IoEvents.None;
        }

        while (handle.Accepted is { Count: > 0 } accepted)
        {
            base.Close(accepted.Dequeue(), abort: false); // as the kernel does with those that it has queued
        }

        base.Close(handle, abort);
    }

    private UringChannel Attach(IoHandle handle)
    {
        if (!_spare.TryPop(out UringChannel? channel))
        {
            if (_used == _channels.Length)
            {
                Array.Resize(ref _channels, _used * 2);
            }

            channel = new UringChannel(_used);
            _channels[_used++] = channel;
        }

        channel.Handle = handle;
        handle.Uring = channel;
        return channel;
    }

    private void Detach(UringChannel channel)
    {
        if (channel.SendIndex >= 0)
        {
            _batch[channel.SendIndex].Channel = null;
        }

        WatchFor(channel, IoEvents.None);
        channel.Handle.Uring = null;
        channel.Reset();
        _spare.Push(channel);
    }

    // Asks for what is wanted and is not asked for yet, and calls off what is not wanted any more.
    private void Arm(UringChannel channel)
    {
        IoHandle handle = channel.Handle;
        IoEvents wanted = handle.Armed;
        channel.AcceptsByPoll |= handle.IsListener && DescriptorReserve.IsNear(handle.Fd);
        bool completes = handle.Kind == IoHandleKind.Stream && (wanted & IoEvents.Priority) == 0
            && !handle.IsConnecting && !channel.AcceptsByPoll && (wanted & IoEvents.Read) != 0;
        if (handle.IsListener)
        {
            ArmAccept(channel, completes && handle.Accepted is null or { Count: < AcceptLimit });
        }
        else
        {
            ArmReceive(channel, completes && !channel.Ended);
        }

        // A receive or accept tells of hang-ups and errors too; then only room to write is left to be watched for.
        IoEvents watched = !completes ? wanted
            : (wanted & IoEvents.Write) != 0 ? IoEvents.Present | IoEvents.Write
            : IoEvents.None;
        if (WatchFor(channel, watched) is < 0 and var refusal && !handle.IsLost)
        {
            // Out of memory or of what may be watched (ENOSPC): better told than never heard of.
            handle.PendingError = (SocketError)(-refusal);
            channel.Found = IoEvents.Error;
            MarkReady(channel);
        }
    }

    /// <returns>As <see cref="EpollSet.Change"/>.</returns>
    private int WatchFor(UringChannel channel, IoEvents wanted)
    {
        if (channel.Watched == wanted)
        {
            return 0;
        }

        int result = _set.Change(channel.Handle, channel.Watched, wanted, Tag(UringOperation.Set, channel));
        if (result == 0)
        {
            channel.Watched = wanted;
        }

        return result;
    }

    // Messages come by themselves, into small buffers. A stream is received from once a pass, into a large one, so that
    // a consumer that stops has no more than that ahead of it.
    private void ArmReceive(UringChannel channel, bool wanted)
    {
        if (channel.Has(UringRequests.Receive))
        {
            bool wrongSize = channel.UsesLarge && !channel.Has(UringRequests.ReceiveLarge);
            if (!wanted || wrongSize || IsFull(channel))
            {
                Cancel(channel);
            }

            return;
        }

        if (!wanted || channel.Unread > 0 || channel.Handle.Held is { Length: > 0 })
        {
            return; // armed again when all has been read
        }

        ReceiveRing ring = _small!;
        if (channel.UsesLarge)
        {
            if (_largeLeft == 0)
            {
                MarkToArm(channel); // in the next pass, when these have been read
                return;
            }

            _largeLeft--;
            ring = _large!;
        }

        IoUring.Sqe* entry = _queues!.Next();
        entry->Opcode = IoUring.OP_RECV;
        entry->Flags = IoUring.SQE_BUFFER_SELECT;
        entry->IoPriority = !channel.UsesLarge ? IoUring.RECV_MULTISHOT
            : channel.HasMore ? (ushort)0
            : IoUring.RECV_POLL_FIRST; // a receive at once is known to fail
        entry->BufferGroup = ring.Group;
        entry->UserData = Tag(
            channel.UsesLarge ? UringOperation.ReceiveLarge : UringOperation.ReceiveSmall, channel);
        channel.Requests |= UringRequests.Receive | (channel.UsesLarge ? UringRequests.ReceiveLarge : 0);
        HandOver(entry, channel);
    }

    private static bool IsFull(UringChannel channel) =>
        channel.Unread + (channel.Handle.Held?.Length ?? 0) > UnreadLimit;

    private void ArmAccept(UringChannel channel, bool wanted)
    {
        if (channel.Has(UringRequests.Accept))
        {
            if (!wanted)
            {
                Cancel(channel);
            }
        }
        else if (wanted)
        {
            IoUring.Sqe* entry = _queues!.Next();
            entry->Opcode = IoUring.OP_ACCEPT;
            entry->IoPriority = IoUring.ACCEPT_MULTISHOT;
            entry->OpFlags = Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC;
            entry->UserData = Tag(UringOperation.Accept, channel);
            channel.Requests |= UringRequests.Accept;
            HandOver(entry, channel);
        }
    }

    // A number that a Socket owns may be disposed of by another thread and be somebody else's when the kernel looks at
    // it, so such a request is handed over while the number is held.
    private void HandOver(IoUring.Sqe* entry, UringChannel channel)
    {
        IoHandle handle = channel.Handle;
        entry->Fd = Enter(handle);
        if (handle.Socket is not null)
        {
            _queues!.Enter(0, 0, 0);
        }

        handle.Exit();
    }

    // Calls off the receive or the accept, of which a channel has one at most; once.
    private void Cancel(UringChannel channel)
    {
        if (!channel.Has(Armed) || channel.Has(UringRequests.Cancelled))
        {
            return;
        }

        channel.Requests |= UringRequests.Cancelled;
        IoUring.Sqe* entry = _queues!.Next();
        entry->Opcode = IoUring.OP_ASYNC_CANCEL;
        entry->Flags = IoUring.SQE_CQE_SKIP_SUCCESS;
        entry->Fd = -1;
        entry->Address = Tag(
            channel.Has(UringRequests.Accept) ? UringOperation.Accept
            : channel.Has(UringRequests.ReceiveLarge) ? UringOperation.ReceiveLarge
            : UringOperation.ReceiveSmall,
            channel);
        entry->UserData = Tag(UringOperation.Unasked, null);
    }

    // Waits until the kernel has let go of the channel's file. What came meanwhile is kept.
    private void Quiesce(UringChannel channel)
    {
        if (!channel.Has(Armed))
        {
            return;
        }

        if (!IsOwner)
        {
            DropQueues(); // another thread's: all of it goes, and is made anew when the loop is entered again
            return;
        }

        Cancel(channel);
        while (channel.Has(Armed))
        {
            _queues!.Enter(1, IoUring.ENTER_GETEVENTS, -1);
            Reap();
        }
    }
}
