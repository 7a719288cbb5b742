using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Asyncore.Testing;

/// <summary>
/// The seam of a loop on a simulated network: readiness as epoll(7) tells it, level-triggered, and I/O from memory.
/// Waiting moves the network on.
/// </summary>
internal sealed class SimulatedBackend(SimulatedNetwork network, SimulatedHost host, long id) : IoBackend
{
    private readonly List<SimulatedSocket> _members = []; // what the loop has asked about
    private readonly List<SimulatedSocket> _active = []; // of these, what may be ready
    private readonly long[] _occasions = new long[Enum.GetValues<FaultKind>().Length];
    private bool _woken;
    private int _busyPasses;
    private int _passesInARow; // that did not wait, where nobody else runs the loop
    private bool _isStepped;
    private bool _hadNews;

    public override IoBackendKind Kind => IoBackendKind.Simulated;

    public override bool CanReconnect => false; // what is on its way to a socket may not find it in another connection

    public override bool HasDescriptors => false;

    /// <summary>How many loops of the network were made before it, and it.</summary>
    public long Number => id;

    public override void NoteUncaught(Exception error, bool isExpected) => network.NoteUncaught(host, error, isExpected);

    public override TimeProvider WaitClock => network.SimulatedClock;

    /// <summary>Whether it is the test's own: nothing goes wrong for it that is not the network's doing.</summary>
    public bool IsScripted { get; set; }

    /// <summary>The loop that waits here.</summary>
    public EventLoop Loop { get; set; } = null!;

    public SimulatedHost Host => host;

    /// <summary>A run begins in which its passes are counted.</summary>
    public void BeginRun() => _busyPasses = 0;

    /// <summary>Has its loop make a pass in which it does not wait.</summary>
    /// <returns>Whether it was told of anything.</returns>
    public bool RunPass()
    {
        _hadNews = false;
        _isStepped = true;
        try
        {
            Loop.RunOnce(TimeSpan.Zero);
        }
        finally
        {
            _isStepped = false;
        }

        return _hadNews;
    }

    /// <summary>Finds out whether its loop has something to do; where it has not, it might as well have waited.</summary>
    public bool FindBusy()
    {
        bool isBusy = Loop.IsDue || HasNews;
        _busyPasses = isBusy ? _busyPasses : 0;
        return isBusy;
    }

    // Whether a wait would bring something at once.
    private bool HasNews
    {
        get
        {
            for (int i = _active.Count - 1; i >= 0; i--)
            {
                if (NewsOf(_active[i]) != IoEvents.None)
                {
                    return true;
                }

                Rest(i);
            }

            return false;
        }
    }

    public override int SetInterest(IoHandle handle, IoEvents wanted)
    {
        handle.Armed = wanted;
        SimulatedSocket socket = Find(handle);
        if (wanted == IoEvents.None)
        {
            Forget(socket);
            return 0;
        }

        if (socket.Poller != this)
        {
            socket.Poller?.Forget(socket);
            socket.Poller = this;
            socket.MemberIndex = _members.Count;
            _members.Add(socket);
        }

        Touch(socket);
        return 0;
    }

    /// <summary>Something has changed: looked at when the loop waits.</summary>
    public void Touch(SimulatedSocket socket)
    {
        if (!socket.IsActive)
        {
            socket.IsActive = true;
            _active.Add(socket);
        }
    }

    public override int Wait(Span<IoEvent> events, int timeoutMilliseconds)
    {
        while (true)
        {
            int count = Collect(events);
            CountBusyPass(count > 0 || Loop.IsDue);
            if (count > 0 || timeoutMilliseconds == 0)
            {
                _hadNews |= count > 0;
                LetOthersRun();
                return count;
            }

            _passesInARow = 0;

            if (_woken || Loop.IsDue)
            {
                _woken = false;
                return 0;
            }

            network.StepFor(this);
        }
    }

    public override void Wake() => _woken = true;

    public override void Leave() => _busyPasses = _isStepped ? _busyPasses : 0; // whoever runs it knows when to end

    public override IoHandle Open(AddressFamily family, SocketType type)
    {
        IoHandleKind kind = type switch
        {
            SocketType.Stream => IoHandleKind.Stream,
            SocketType.Dgram => IoHandleKind.Datagram,
            _ => throw new SocketException((int)SocketError.SocketNotSupported),
        };
        if (family is not (AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 or AddressFamily.Unix))
        {
            throw new SocketException((int)SocketError.AddressFamilyNotSupported);
        }

        if (Loop.IsRunning && Happens(FaultKind.NoDescriptor, out _))
        {
            throw Errno.ToException(SocketError.TooManyOpenSockets);
        }

        return network.MakeSocket(host, family, kind).Handle;
    }

    public override IoHandle Adopt(Socket socket) =>
        throw new NotSupportedException("A Socket of the system cannot be on a simulated network.");

    public override IoHandle AdoptFile(int fd, IoHandleKind kind) =>
        throw new NotSupportedException("A file of the system cannot be waited for on a simulated network.");

    public override void Adopt(IoHandle handle)
    {
    }

    public override bool CanAdopt(IoHandle handle, IoBackend from) => network.Find(handle) is not null;

    public override void Close(IoHandle handle, bool abort)
    {
        SimulatedSocket socket = Find(handle);
        handle.Armed = IoEvents.None;
        Forget(socket);
        network.Close(socket, abort);
        handle.Fd = -1;
    }

    public override Socket GetSocket(IoHandle handle) => throw new NotSupportedException(
        "A channel of a simulated network has no Socket; accept by HandleAccepted(AcceptedChannel).");

    public override int Bind(IoHandle handle, EndPoint address) => host.Addresses.Bind(Find(handle), address);

    public override int Listen(IoHandle handle, int backlog) => network.Streams.Listen(Find(handle), backlog);

    public override int Connect(IoHandle handle, EndPoint address)
    {
        SimulatedSocket socket = Find(handle);
        return socket.IsStream ? network.Streams.Connect(socket, address) : network.Datagrams.Connect(socket, address);
    }

    public override EndPoint? LocalAddress(IoHandle handle) => Find(handle).Local;

    public override EndPoint? RemoteAddress(IoHandle handle) => Find(handle).Remote;

    public override int SetReuseAddress(IoHandle handle) => 0;

    public override int SetReusePort(IoHandle handle)
    {
        Find(handle).SharesPort = true;
        return 0;
    }

    public override int SetNoDelay(IoHandle handle, bool on) => 0;

    public override int SetOption(IoHandle handle, SocketOptionLevel level, SocketOptionName name, int value) => 0;

    public override int SetDualMode(IoHandle handle, bool on)
    {
        Find(handle).IsDual = on;
        return 0;
    }

    public override SocketCondition Examine(IoHandle handle) => Find(handle).Stage switch
    {
        SocketStage.Listening => SocketCondition.Listening,
        SocketStage.Connected => SocketCondition.Connected,
        _ => SocketCondition.Fresh,
    };

    public override int Accept(IoHandle listener, out IoHandle? accepted)
    {
        int result = network.Streams.Accept(Find(listener), out SimulatedSocket? socket);
        accepted = socket?.Handle;
        accepted?.Peer.Set(socket!.Remote);
        return result;
    }

    public override bool HasWaiting(IoHandle listener) => Find(listener).Waiting.Count > 0;

    public override int Recv(IoHandle handle, Span<byte> buffer, SocketFlags flags)
    {
        if ((flags & SocketFlags.OutOfBand) != 0)
        {
            return -(int)SocketError.InvalidArgument; // as where there is none, tcp(7)
        }

        SimulatedSocket socket = Find(handle);
        bool peek = (flags & SocketFlags.Peek) != 0;
        return socket.IsStream ? network.Streams.Recv(socket, buffer, peek) : DatagramTransport.Recv(socket, buffer, peek);
    }

    public override int Send(IoHandle handle, ReadOnlySpan<byte> data)
    {
        SimulatedSocket socket = Find(handle);
        return socket.IsStream ? network.Streams.Send(socket, data) : network.Datagrams.Send(socket, data);
    }

    // One after the other: a stream does not show where a segment ended.
    public override int Send(IoHandle handle, ReadOnlySpan<ReadOnlyMemory<byte>> segments)
    {
        int sent = 0;
        foreach (ReadOnlyMemory<byte> segment in segments)
        {
            int result = Send(handle, segment.Span);
            if (result < 0)
            {
                return sent > 0 ? sent : result;
            }

            sent += result;
            if (result < segment.Length || Find(handle).Error != SocketError.Success)
            {
                break; // an error is for the call that finds nothing sent
            }
        }

        return sent;
    }

    public override int ShutdownSend(IoHandle handle)
    {
        handle.SentEnd = true;
        return network.Streams.ShutdownSend(Find(handle));
    }

    public override SocketError TakeError(IoHandle handle) => StreamTransport.TakeError(Find(handle));

    public override int Unread(IoHandle handle)
    {
        SimulatedSocket socket = Find(handle);
        return socket.IsStream ? socket.Received.Count : socket.Datagrams.Count;
    }

    public override int Unacknowledged(IoHandle handle) => StreamTransport.Unacknowledged(Find(handle));

    public override IPAddress[] ResolveNow(string name, AddressFamily family) => network.Resolve(host, name, family);

    public override bool Resolve(string name, AddressFamily family, Action<IPAddress[], SocketException?> resolved)
    {
        network.SimulatedClock.At(network.SimulatedClock.Now + network.Script.Faults.Latency, () => Loop.TryPost(() =>
        {
            try
            {
                resolved(network.Resolve(host, name, family), null);
            }
            catch (SocketException error)
            {
                resolved([], error);
            }
        }));
        return true;
    }

    public override void RemovePath(string path) => host.Addresses.RemovePath(path);

    public override void Dispose() => network.Forget(this);

    /// <summary>Each socket that the loop asks about, what it asks for and what it would be told.</summary>
    public void Describe(StringBuilder text)
    {
        foreach (SimulatedSocket each in _members)
        {
            text.Append("  ").Append(each).Append(" wants ").Append(each.Handle.Armed).Append(", gets ").Append(NewsOf(each)).Append('\n');
        }
    }

    private SimulatedSocket Find(IoHandle handle) => network.Find(handle)
        ?? throw new InvalidOperationException("The handle is not of this simulated network.");

    private IoEvents NewsOf(SimulatedSocket socket) => socket.Handle.Armed == IoEvents.None
        ? IoEvents.None
        : socket.Ready(network.Script.Faults.BufferSize) & (socket.Handle.Armed | IoEvents.Error | IoEvents.HangUp);

    private int Collect(Span<IoEvent> events)
    {
        int count = 0;
        int i = _active.Count - 1;
        for (; i >= 0 && count < events.Length; i--)
        {
            SimulatedSocket socket = _active[i];
            IoEvents news = NewsOf(socket);
            if (news == IoEvents.None)
            {
                Rest(i);
            }
            else
            {
                events[count++] = new IoEvent(socket.Handle.Slot, socket.Handle.Generation, news);
            }
        }

        if (i >= 0)
        {
            LetOthersPass(i + 1);
        }

        if (count < events.Length && Happens(FaultKind.SpuriousReadiness, out long spurious))
        {
            count += AddSpurious(events[count..], spurious);
        }

        if (count > 1 && Happens(FaultKind.Reordering, out long order))
        {
            network.Script.Shuffle(events[..count], id, order);
        }

        return count;
    }

    // On a real network the others do not need this loop to wait.
    private void LetOthersRun()
    {
        const int Many = 1000;
        if (!_isStepped && ++_passesInARow > Many)
        {
            network.PassBeside();
        }
    }

    private void CountBusyPass(bool isBusy)
    {
        _busyPasses = isBusy ? _busyPasses + 1 : 0;
        if (_busyPasses > network.MaxBusyPasses)
        {
            _busyPasses = 0;
            throw new SimulationException(
                $"A loop on {host.Name} never waits: in {network.MaxBusyPasses:N0} passes there was always something to do.\n"
                + network.DescribeLoops().TrimEnd('\n'),
                network);
        }
    }

    // There was no room to tell of everybody: who has been told of comes last the next time.
    private void LetOthersPass(int told)
    {
        List<SimulatedSocket> last = _active.GetRange(told, _active.Count - told);
        _active.RemoveRange(told, last.Count);
        _active.InsertRange(0, last);
    }

    // A connection or a listener, never one that connects: no system says of it that it has been connected when it has not.
    private int AddSpurious(Span<IoEvent> events, long occasion)
    {
        if (_members.Count == 0)
        {
            return 0;
        }

        SimulatedSocket socket = _members[network.Script.Pick(_members.Count, FaultKind.SpuriousReadiness, id, occasion)];
        IoEvents said = socket.Handle.Armed & (IoEvents.Read | IoEvents.Write);
        if (socket.Stage is not (SocketStage.Connected or SocketStage.Listening) || said == IoEvents.None || socket.IsActive)
        {
            return 0;
        }

        events[0] = new IoEvent(socket.Handle.Slot, socket.Handle.Generation, said);
        return 1;
    }

    private bool Happens(FaultKind kind, out long occasion)
    {
        occasion = _occasions[(int)kind];
        return !IsScripted && network.Script.Happens(kind, -id, ref _occasions[(int)kind]);
    }

    private void Rest(int index)
    {
        _active[index].IsActive = false;
        _active[index] = _active[^1];
        _active.RemoveAt(_active.Count - 1);
    }

    private void Forget(SimulatedSocket socket)
    {
        if (socket.Poller != this)
        {
            return;
        }

        socket.Poller = null;
        _members[socket.MemberIndex] = _members[^1];
        _members[socket.MemberIndex].MemberIndex = socket.MemberIndex;
        _members.RemoveAt(_members.Count - 1);
        socket.MemberIndex = -1;
        int active = socket.IsActive ? _active.IndexOf(socket) : -1;
        if (active >= 0)
        {
            Rest(active);
        }
    }
}
