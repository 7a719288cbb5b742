using System.Diagnostics.CodeAnalysis;

namespace Asyncore;

/// <summary>
/// io_uring(7): input is asked for once and comes by itself, sends leave together, and one system call a pass hands over
/// and waits. What needs readiness (datagrams, pipes, urgent data, a connect in progress, room to write, a hang-up while
/// nobody reads) is watched by an epoll set, which is itself watched by the ring. The ring's own polls would not do:
/// they cannot be told to keep quiet about a peer that has ended its side (POLLRDHUP), and would never end.
/// </summary>
/// <remarks>
/// Accepts are multishot, and receives of small messages. What comes lies in buffers that all connections share until a
/// handler takes it. What a handler leaves is offered again in the next pass, and moves out of the shared buffers when
/// these run low or when reading is paused, so that one slow consumer cannot drain them for all.
/// </remarks>
internal sealed unsafe partial class IoUringBackend : PosixBackend
{
    // What has come has been received already: there is nothing that the kernel could move by itself.
    public override SplicePipe? RentPipe() => null;

    private const uint Entries = 256;
    private const uint Completions = 4 * 1024;
    private const int ETIME = 62;
    private const int EBUSY = 16;

    private readonly EpollSet _set = new();
    private readonly List<UringChannel> _toArm = [];
    private readonly List<UringChannel> _arming = [];
    private readonly List<UringChannel> _ready = [];
    private readonly List<UringChannel> _told = [];
    private UringChannel?[] _channels = new UringChannel?[64];
    private int _used;
    private readonly Stack<UringChannel> _spare = new();
    private UringQueues? _queues;
    private ReceiveRing? _small;
    private ReceiveRing? _large;
    private int _largeLeft;
    private bool _setArmed;
    private bool _setIsReady;
    private bool _inRun;

    // Requests of closed connections that have been called off and have not ended.
    private int _ending;

    /// <exception cref="System.Net.Sockets.SocketException">The system has no memory or descriptor for it.</exception>
    public IoUringBackend()
    {
        try
        {
            EnsureQueues();
        }
        catch
        {
            _set.Dispose();
            throw;
        }
    }

    public override IoBackendKind Kind => IoBackendKind.IoUring;

    public override bool ReportsHeld => true;

    public override int Wait(Span<IoEvent> events, int timeoutMilliseconds)
    {
        EnsureQueues();
        _inRun = true;
        Prepare();
        bool waits = timeoutMilliseconds != 0 && _ready.Count == 0 && _toArm.Count == 0;
        int errno = waits ? _queues.Enter(1, IoUring.ENTER_GETEVENTS, timeoutMilliseconds)
            : _queues.Pending > 0 || _queues.HasNews ? _queues.Enter(0, IoUring.ENTER_GETEVENTS, 0)
            : 0;
        if (errno is not (0 or Errno.EINTR or ETIME or EBUSY or Errno.EAGAIN))
        {
            throw Errno.ToException(Errno.ToSocketError(errno));
        }

        Reap();
        bool woken = LookAtSet(events.Length);
        int count = Collect(events);
        bool quiet = count == 0 && waits && !woken && !HasBatch;

        // Where requests were handed over, the system says so and not why it stopped waiting.
        return quiet && errno != ETIME ? Interrupted : count;
    }

    public override void Wake() => _set.Wake();

    public override void Leave()
    {
        _inRun = false;
        if (_queues is { } queues && queues.IsMine && (queues.Pending > 0 || _ending > 0))
        {
            // The kernel does only so much at a time (20 pieces of work since 6.13), and what it has not done yet keeps
            // closed connections open: there may be no other occasion.
            do
            {
                queues.Enter(0, IoUring.ENTER_GETEVENTS, 0);
                Reap();
            }
            while (_ending > 0 && queues.HasNews);
        }
    }

    public override void Dispose()
    {
        if (_queues is { } queues)
        {
            if (queues.IsMine && queues.Pending > 0)
            {
                queues.Enter(0, IoUring.ENTER_GETEVENTS, 0); // what was cancelled lets go of its files
            }

            DropQueues();
        }

        _set.Dispose();
    }

    /// <summary>How many receive buffers the kernel has, of how many: all of them where nothing is unread.</summary>
    internal (int Free, int Count) Buffers => _small is null || _large is null
        ? (0, 0)
        : (_small.Free + _large.Free, _small.Count + _large.Count);

    // The queues serve one thread. Another that enters the loop gets new ones; what is unread stays with the channels.
    [MemberNotNull(nameof(_queues), nameof(_small), nameof(_large))]
    private void EnsureQueues()
    {
        if (IsOwner)
        {
#pragma warning disable CS8774 // the three are made together
            return;
#pragma warning restore CS8774
        }

        DropQueues();
        var made = new UringQueues(Entries, Completions);
        try
        {
            _small = new ReceiveRing(made, group: 1, SmallCount, SmallSize);
            _large = new ReceiveRing(made, group: 2, LargeCount, LargeSize);
        }
        catch
        {
            made.Dispose();
            _small?.Dispose();
            throw;
        }

        _queues = made;
        for (int i = 0; i < _used; i++)
        {
            if (_channels[i] is { Handle: not null } channel)
            {
                MarkToArm(channel);
            }
        }
    }

    // The kernel cancels what these queues had armed, without taking anything more from a socket.
    private void DropQueues()
    {
        if (_queues is null)
        {
            return;
        }

        Reap();
        _viewed = -1;
        for (int i = 0; i < _used; i++)
        {
            if (_channels[i] is { Handle: not null } channel)
            {
                Spill(channel);
                channel.Requests = UringRequests.None;
            }
        }

        _queues.Dispose();
        _queues = null;
        _small!.Dispose();
        _large!.Dispose();
        _setArmed = false;
        _ending = 0;
    }

    private bool IsOwner => _queues is { IsMine: true };

    private void Prepare()
    {
        ReturnViewed();
        if (_ready.Count > 0)
        {
            RelieveBuffers();
            KeepReady();
        }

        if (!_setArmed)
        {
            _setArmed = true;
            IoUring.Sqe* entry = _queues!.Next();
            entry->Opcode = IoUring.OP_POLL_ADD;
            entry->Fd = _set.Fd;
            entry->OpFlags = (uint)Libc.POLLIN;
            entry->UserData = Tag(UringOperation.Set, null);
        }

        _largeLeft = _large!.Free;
        _arming.AddRange(_toArm);
        _toArm.Clear();
        foreach (UringChannel channel in _arming)
        {
            channel.IsListedToArm = false;
            if (channel.Handle is not null)
            {
                Arm(channel);
            }
        }

        _arming.Clear();
    }

    // Asked for one event and armed anew in every pass: what is still ready is found again, as by epoll alone.
    /// <returns>Whether somebody has called <see cref="Wake"/>.</returns>
    private bool LookAtSet(int room)
    {
        if (!_setIsReady)
        {
            return false;
        }

        _setIsReady = false;
        int found = _set.Wait(room, 0);
        for (int i = 0; i < found; i++)
        {
            if (_set.Event(i, out ulong tag, out IoEvents events) && Find(tag) is { } channel)
            {
                Watch(channel, events);
            }
        }

        return _set.WasWoken;
    }

    private void MarkToArm(UringChannel channel)
    {
        if (!channel.IsListedToArm)
        {
            channel.IsListedToArm = true;
            _toArm.Add(channel);
        }
    }

    private void MarkReady(UringChannel channel)
    {
        if (!channel.IsListedReady)
        {
            channel.IsListedReady = true;
            _ready.Add(channel);
        }
    }

    private static ulong Tag(UringOperation operation, UringChannel? channel) => ((ulong)operation << 56)
        | (channel is null ? 0 : ((ulong)(channel.Generation & 0xFFFFFF) << 32) | (uint)channel.Index);

    private UringChannel? Find(ulong tag)
    {
        UringChannel? channel = _channels[(int)(uint)tag];
        return channel is { Handle: not null } && (channel.Generation & 0xFFFFFF) == ((tag >> 32) & 0xFFFFFF)
            ? channel
            : null;
    }

    /// <summary>What a completion answers, in the top byte of its tag.</summary>
    private enum UringOperation : byte
    {
        /// <summary>Nobody waits for the answer: a cancellation.</summary>
        Unasked,

        /// <summary>Something in the epoll set is ready.</summary>
        Set,
        ReceiveSmall,
        ReceiveLarge,
        Accept,
        Send,
    }
}
