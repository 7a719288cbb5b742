using System.Net;
using System.Net.Sockets;

namespace Asyncore;

// The loop's lists of channels: who is registered, who has news for the poller, who must be asked, who is leaving.
public sealed partial class EventLoop
{
    private const int LostChecksPerPass = 64;

    private readonly SlotTable _slots = new();
    private readonly ChannelSet _polled = new(static (channel) => ref channel.PolledIndex);
    private readonly ChannelSet _foreign = new(static (channel) => ref channel.ForeignIndex);
    private readonly List<Dispatcher> _alwaysReady = [];
    private readonly List<Dispatcher> _holding = [];
    private readonly HashSet<Dispatcher> _lingering = [];
    private List<Dispatcher> _changed = [];
    private List<Dispatcher> _changing = [];
    private List<Dispatcher> _unflushed = [];
    private List<Dispatcher> _flushing = [];
    private List<Dispatcher> _pending = [];
    private List<Dispatcher> _served = [];
    private int _nextLostCheck;
    private int _resolving;
    private readonly Stack<PageBuffer> _receiveBuffers = new(1);

    /// <summary>A channel of another loop's is to join.</summary>
    /// <exception cref="InvalidOperationException">It is simulated, and on no network of the loop's.</exception>
    internal void CheckNetwork(IoHandle handle, EventLoop from)
    {
        if (from != this && !Io.CanAdopt(handle, from.Io))
        {
            throw new InvalidOperationException("The channel is not on the network of the loop: one of them is simulated, or both are.");
        }
    }

    /// <summary>Whether a listener that is made now shares its port with those of other loops.</summary>
    internal PortSharing PortSharing { get; set; }

    private bool HasPending => _pending.Count > 0;

    /// <summary>The one buffer that views of received data lie in, each valid until the next.</summary>
    internal Span<byte> ReceiveBuffer
    {
        get
        {
            if (_receiveBuffers.Count == 0)
            {
                _receiveBuffers.Push(new PageBuffer(_options.ReceiveBufferSize));
            }

            return _receiveBuffers.Peek().Span;
        }
    }

    /// <summary>
    /// The receive buffer for one channel alone, which tells its handlers of what lies in it; a handler that receives on
    /// another channel gets another buffer meanwhile.
    /// </summary>
    /// <param name="length">How large it has to be; the loop keeps the largest that was asked for.</param>
    internal PageBuffer TakeReceiveBuffer(int length) =>
        _receiveBuffers.TryPop(out PageBuffer? buffer) && buffer.Length >= length
            ? buffer
            : new PageBuffer(Math.Max(length, _options.ReceiveBufferSize));

    internal void GiveBack(PageBuffer buffer) => _receiveBuffers.Push(buffer);

    /// <summary>Puts a channel into the loop; it is first served in the next pass.</summary>
    internal void Register(Dispatcher channel)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        (channel.Handle.Slot, channel.Handle.Generation) = _slots.Add(channel);
        if (_channels.TryGetValue(channel.FileDescriptor, out Dispatcher? previous))
        {
            previous.NoticeLost(); // its Socket was disposed elsewhere, and the number is in use again
        }

        _channels.Set(channel.FileDescriptor, channel);
        if (channel.Traits.IsPolled)
        {
            _polled.Add(channel);
        }

        if (channel.Handle.Socket is not null)
        {
            _foreign.Add(channel);
        }

        MarkChanged(channel);
    }

    /// <summary>Takes a channel out of the lists; it keeps its slot while it lingers.</summary>
    internal void Forget(Dispatcher channel)
    {
        _channels.Remove(channel.FileDescriptor, channel);
        _polled.Remove(channel);
        _foreign.Remove(channel);
        if (channel.IsAlwaysReady)
        {
            channel.IsAlwaysReady = false;
            _alwaysReady.Remove(channel);
        }
    }

    internal void ReleaseSlot(Dispatcher channel)
    {
        if (channel.Handle.Slot >= 0)
        {
            _slots.Remove(channel.Handle.Slot);
            channel.Handle.Slot = -1;
        }
    }

    /// <summary>The channel's descriptor belongs to a Socket now, which may be disposed behind our back.</summary>
    internal void WatchForeign(Dispatcher channel) => _foreign.Add(channel);

    /// <summary>The one way in which a channel says that what it wants may have changed.</summary>
    internal void MarkChanged(Dispatcher channel)
    {
        if (!channel.IsMarkedChanged)
        {
            channel.IsMarkedChanged = true;
            _changed.Add(channel);
        }
    }

    /// <summary>The channel has bytes that want to leave by the end of the pass.</summary>
    internal void MarkUnflushed(Dispatcher channel)
    {
        if (!channel.IsMarkedUnflushed)
        {
            channel.IsMarkedUnflushed = true;
            _unflushed.Add(channel);
        }
    }

    /// <summary>The channel has something to tell its handlers that no poller will report.</summary>
    internal void MarkPending(Dispatcher channel)
    {
        if (!channel.IsMarkedPending)
        {
            channel.IsMarkedPending = true;
            _pending.Add(channel);
        }
    }

    /// <summary>A channel leaves the loop, and tells its news where it joins.</summary>
    internal void Unmark(Dispatcher channel)
    {
        if (channel.IsMarkedChanged)
        {
            channel.IsMarkedChanged = false;
            _changed.Remove(channel);
        }

        if (channel.IsMarkedUnflushed)
        {
            channel.IsMarkedUnflushed = false;
            _unflushed.Remove(channel);
            channel.KeepOutput();
        }

        if (channel.IsMarkedPending)
        {
            channel.IsMarkedPending = false;
            _pending.Remove(channel);
        }

        _starved.Remove(channel);
    }

    internal void AddLingering(Dispatcher channel) => _lingering.Add(channel);

    internal void RemoveLingering(Dispatcher channel) => _lingering.Remove(channel);

    /// <summary>A timer of the library's own, which keeps no loop running.</summary>
    internal TimerHandle CallInternally(TimeSpan delay, Action callback) =>
        MakeTimer(delay, callback, repeats: false, isInternal: true);

    /// <summary>
    /// Resolves a name without holding the loop up: on the thread pool. The result comes on the loop, in a pass to come,
    /// unless the loop has been disposed by then. The loop does not end while somebody waits for an answer.
    /// </summary>
    /// <param name="host">The name.</param>
    /// <param name="family">Addresses of this family alone; <see cref="AddressFamily.Unspecified"/> for all.</param>
    /// <param name="resolved">Told of the addresses, which may be none, or of why there are none.</param>
    /// <exception cref="InvalidOperationException">The loop is running on another thread.</exception>
    public void Resolve(string host, AddressFamily family, Action<IPAddress[], SocketException?> resolved)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(resolved);
        CheckThread();
        ObjectDisposedException.ThrowIf(_disposed, this);
        _resolving++;
        if (!Io.Resolve(host, family, Answer))
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => AskSystem(host, family, (addresses, failure) =>
                TryPost(() => Answer(addresses, failure))), null);
        }

        void Answer(IPAddress[] addresses, SocketException? failure)
        {
            _resolving--;
            resolved(addresses, failure);
        }
    }

    private static async void AskSystem(string host, AddressFamily family, Action<IPAddress[], SocketException?> answer)
    {
        IPAddress[] addresses = [];
        SocketException? failure = null;
        try
        {
            addresses = await Dns.GetHostAddressesAsync(host, family).ConfigureAwait(false);
            if (family != AddressFamily.Unspecified)
            {
                // For the machine's own name the library gives addresses of every family, whatever was asked.
                addresses = Array.FindAll(addresses, address => address.AddressFamily == family);
            }
        }
        catch (Exception error)
        {
            // Also a name that no resolver would take. Nothing may escape here: it would end the process.
            failure = error as SocketException ?? new SocketException((int)SocketError.HostNotFound);
        }

        answer(addresses, failure);
    }

    // Asked in every pass, as asyncore promises: an answer may depend on anything at all.
    /// <summary>Whether there are channels that are asked in each pass what they want.</summary>
    internal bool AsksChannels => _polled.Count > 0;

    private void AskPolled() => _polled.Walk(static channel => channel.UpdateInterest());

    private void FlushInterests()
    {
        (_changing, _changed) = (_changed, _changing);
        int next = 0;
        try
        {
            while (next < _changing.Count)
            {
                Dispatcher channel = _changing[next++];
                channel.IsMarkedChanged = false;
                if (!channel.Traits.IsPolled || !channel.IsRegistered)
                {
                    channel.UpdateInterest();
                }
            }
        }
        finally
        {
            PutBack(_changing, next, _changed);
        }
    }

    // Where ExitNowException left a list early, the rest of it belongs to the next pass.
    private static void PutBack(List<Dispatcher> list, int next, List<Dispatcher> later)
    {
        for (; next < list.Count; next++)
        {
            later.Add(list[next]);
        }

        list.Clear();
    }

    private void FlushOutput()
    {
        if (_unflushed.Count == 0)
        {
            return;
        }

        (_flushing, _unflushed) = (_unflushed, _flushing);
        foreach (Dispatcher channel in _flushing)
        {
            channel.IsMarkedUnflushed = false;
            if (channel.Loop == this)
            {
                channel.FlushAtEndOfPass();
            }
        }

        _flushing.Clear();
        ReuseShared();
    }

    // The batch has left: who offered what learns how much of it was taken.
    private void FinishBatch()
    {
        if (!Io.HasBatch)
        {
            return;
        }

        foreach (ref readonly SendOutcome outcome in Io.TakeOutcomes())
        {
            _slots.Find(outcome.Slot, outcome.Generation)?.FinishBatchedSend(outcome);
        }

        ReuseShared();
    }

    // Not while bytes in it have not left: a producer may have sent on other channels just now.
    private void ReuseShared()
    {
        if (_unflushed.Count == 0 && !Io.HasBatch)
        {
            Segments.SharedEnd = 0;
        }
    }

    private void ServePending()
    {
        if (_pending.Count == 0)
        {
            return;
        }

        (_served, _pending) = (_pending, _served);
        int next = 0;
        try
        {
            while (next < _served.Count && !_disposed)
            {
                Dispatcher channel = _served[next++];
                channel.IsMarkedPending = false;
                if (channel.Loop == this)
                {
                    channel.ServePending(); // and not where it has gone to another loop meanwhile
                }
            }
        }
        finally
        {
            PutBack(_served, next, _pending);
        }
    }

    /// <summary>
    /// The channel has come with input that was received ahead for it elsewhere, which this loop's poller knows nothing of.
    /// </summary>
    internal void AddHolding(Dispatcher channel)
    {
        if (!Io.ReportsHeld && !_holding.Contains(channel))
        {
            _holding.Add(channel);
        }
    }

    private bool WantsHeld => _holding.Count > 0 && _holding.Exists(static channel => channel.WantsHeld);

    private void ServeHeld()
    {
        for (int i = _holding.Count - 1; i >= 0 && !_disposed; i--)
        {
            Dispatcher channel = _holding[i];
            if (channel.Loop == this && channel.WantsHeld)
            {
                channel.Serve(IoEvents.Read);
            }

            if (channel.Loop != this || !channel.Handle.HasHeld)
            {
                _holding.Remove(channel);
            }
        }
    }

    private void ServeAlwaysReady()
    {
        // The list may change below us; a channel that is skipped once is served in the next pass.
        for (int i = _alwaysReady.Count - 1; i >= 0; i--)
        {
            if (i < _alwaysReady.Count && !_disposed)
            {
                _alwaysReady[i].ServeAlwaysReady();
            }
        }
    }

    /// <summary>No poller takes this descriptor: a regular file. It is served in every pass while it wants anything.</summary>
    internal void AddAlwaysReady(Dispatcher channel)
    {
        channel.IsAlwaysReady = true;
        _alwaysReady.Add(channel);
    }

    // A few in every pass, so that a pass stays as cheap as it was; all of them when nothing else happens.
    private bool CheckLost(bool all)
    {
        int checks = Math.Min(all ? int.MaxValue : LostChecksPerPass, _foreign.Count);
        for (; checks > 0 && _foreign.Count > 0; checks--)
        {
            _nextLostCheck = _nextLostCheck < _foreign.Count ? _nextLostCheck : 0;
            if (_foreign[_nextLostCheck].Handle.IsLost)
            {
                _foreign[_nextLostCheck].NoticeLost();
            }

            _nextLostCheck++;
        }

        return HasPending;
    }

    private void AbandonLingering()
    {
        foreach (Dispatcher channel in _lingering.ToArray())
        {
            channel.FinishClose();
        }
    }
}
