using System.Net.Sockets;

namespace Asyncore;

// Sends that a backend takes together: what is queued stays in the queue until the batch has left and says what became
// of it, or is withdrawn because the queue is needed before.
public partial class Dispatcher
{
    /// <summary>What has become of the send that was in the batch.</summary>
    internal void FinishBatchedSend(in SendOutcome outcome)
    {
        Set(State.SendBatched, false);
        ApplyBatched(outcome);
        if (_out is null && !Has(State.SendDead | State.MoreOutput))
        {
            AfterDrain();
        }

        AfterFlush();
        KeepOutput();
        if (_out is not null && !Has(State.SendBlocked))
        {
            _loop.MarkUnflushed(this);
        }
    }

    /// <summary>
    /// Whether something waits for the queue to be empty that the next wait must not come before: then the batch will not
    /// do, whose outcome is known when that wait ends.
    /// </summary>
    private protected virtual bool AwaitsFlush => false;

    // A plain connection with one piece to send, of which nobody needs to know at once what became of it.
    private bool TryBatch()
    {
        const State Matters = State.Connected | State.Closed | State.SendBlocked | State.SendDead | State.ShutdownAsked
            | State.MoreOutput | State.Draining;
        WithdrawSend();
        if ((_state & Matters) != State.Connected || _out is not { IsOneOwned: true } queue || queue.Length > WriteLimit
            || AwaitsFlush || !_loop.Io.TryBatchSend(_handle, queue.FirstSegment))
        {
            return false;
        }

        Set(State.SendBatched, true);
        return true;
    }

    // The queue is about to change at its front, or is wanted elsewhere.
    private void WithdrawSend()
    {
        if (Has(State.SendBatched))
        {
            Set(State.SendBatched, false);
            if (_loop.Io.WithdrawSend(_handle, out SendOutcome outcome))
            {
                ApplyBatched(outcome);
            }
        }
    }

    private void ApplyBatched(in SendOutcome outcome)
    {
        if (outcome.Result < 0)
        {
            SendFailed((SocketError)(-outcome.Result));
            return;
        }

        _out!.Advance(outcome.Result);
        if (outcome.Result < outcome.Offered)
        {
            Block();
        }
        else if (_out.Length == 0)
        {
            ReturnQueue();
        }
    }
}
