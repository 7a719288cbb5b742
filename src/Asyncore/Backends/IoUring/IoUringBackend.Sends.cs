using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Asyncore;

// Sends that leave together. Each takes what the kernel takes at once (MSG_DONTWAIT), so that its outcome is known when
// the system call returns and its memory is free again; and only one that fell short says so (MSG_WAITALL counts a
// part as failure, and success is not reported), so that it costs no completion and ends no wait.
internal sealed unsafe partial class IoUringBackend
{
    private const uint SendFlags = Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT | Libc.MSG_WAITALL;

    private Batched[] _batch = new Batched[64];
    private SendOutcome[] _outcomes = new SendOutcome[64];
    private int _batched;

    public override bool HasBatch => _batched > 0;

    public override bool TryBatchSend(IoHandle handle, ReadOnlySpan<byte> data)
    {
        // A descriptor that a Socket owns could be another thread's to close before the batch leaves.
        if (handle.Kind != IoHandleKind.Stream || handle.Uring is not { } channel || handle.Socket is not null || !IsOwner)
        {
            return false;
        }

        if (_batched == _batch.Length)
        {
            Array.Resize(ref _batch, _batched * 2);
            Array.Resize(ref _outcomes, _batched * 2);
        }

        IoUring.Sqe* entry = _queues!.Next();
        entry->Opcode = IoUring.OP_SEND;
        entry->Flags = IoUring.SQE_CQE_SKIP_SUCCESS;
        entry->Fd = handle.Fd;
        entry->Address = (ulong)Unsafe.AsPointer(ref MemoryMarshal.GetReference(data));
        entry->Length = (uint)data.Length;
        entry->OpFlags = SendFlags;
        entry->UserData = Tag(UringOperation.Send, channel);
        channel.SendIndex = _batched;
        _batch[_batched++] = new Batched
        {
            Channel = channel,
            Entry = entry,
            Number = _queues.Submitted + _queues.Pending - 1,
            Offered = data.Length,
            Result = data.Length,
        };
        return true;
    }

    public override bool WithdrawSend(IoHandle handle, out SendOutcome outcome)
    {
        UringChannel channel = handle.Uring!;
        ref Batched send = ref _batch[channel.SendIndex];
        bool left = (int)(_queues!.Submitted - send.Number) > 0;
        if (left)
        {
            Reap(); // where it fell short, that is known by now
        }
        else
        {
            send.Entry->Opcode = IoUring.OP_NOP;
            send.Entry->OpFlags = 0;
            send.Entry->UserData = Tag(UringOperation.Unasked, null);
        }

        outcome = Outcome(send);
        send.Channel = null;
        channel.SendIndex = -1;
        return left;
    }

    public override ReadOnlySpan<SendOutcome> TakeOutcomes()
    {
        if (_queues!.Pending > 0)
        {
            _queues.Enter(0, IoUring.ENTER_GETEVENTS, 0); // nobody has waited since
            Reap();
        }

        int count = 0;
        for (int i = 0; i < _batched; i++)
        {
            ref Batched send = ref _batch[i];
            if (send.Channel is { } channel)
            {
                channel.SendIndex = -1;
                _outcomes[count++] = Outcome(send);
                send.Channel = null;
            }
        }

        _batched = 0;
        return _outcomes.AsSpan(0, count);
    }

    private static SendOutcome Outcome(in Batched send) =>
        new(send.Channel!.Handle.Slot, send.Channel.Handle.Generation, send.Offered, send.Result);

    private void CompleteSend(in IoUring.Cqe completion)
    {
        if (Find(completion.UserData) is { SendIndex: >= 0 } channel)
        {
            _batch[channel.SendIndex].Result = completion.Result >= 0
                ? completion.Result
                : -(int)Errno.ToSocketError(-completion.Result);
        }
    }

    private struct Batched
    {
        public UringChannel? Channel;
        public IoUring.Sqe* Entry;

        /// <summary>Which request it is, counted from the first.</summary>
        public uint Number;
        public int Offered;
        public int Result;
    }
}
