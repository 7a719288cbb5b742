using System.Net;
using System.Net.Sockets;

namespace Asyncore;

// Who waits for what, and what the wait brings.
internal sealed partial class SelectBackend
{
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(30); // select(2) counts microseconds in 32 bits

    private readonly Socket _wake = MakeWake();
    private readonly Dictionary<Socket, IoHandle> _handles = [];
    private readonly SelectLists _lists = new();
    private readonly Dictionary<IoHandle, IoEvents> _ready = [];
    private int _told;

    public override int SetInterest(IoHandle handle, IoEvents wanted)
    {
        if (handle.Kind == IoHandleKind.File)
        {
            return CannotWait;
        }

        if (wanted == IoEvents.None)
        {
            _handles.Remove(handle.Socket!);
        }
        else
        {
            _handles[handle.Socket!] = handle;
        }

        handle.Armed = wanted;
        return 0;
    }

    public override int Wait(Span<IoEvent> events, int timeoutMilliseconds)
    {
        _ready.Clear();
        FillLists();
        TimeSpan wait = _ready.Count > 0 ? TimeSpan.Zero
            : timeoutMilliseconds < 0 || timeoutMilliseconds > _longest.TotalMilliseconds ? _longest
            : TimeSpan.FromMilliseconds(timeoutMilliseconds);
        try
        {
            _lists.Select(wait);
        }
        catch (ObjectDisposedException)
        {
            // Somebody disposed a socket of ours, on another thread, after the lists were made.
            MarkLost();
            return Report(events);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.Interrupted)
        {
            return Interrupted;
        }

        if (_lists.Reading.Remove(_wake))
        {
            DrainWake();
        }
        else if (_lists.IsEmpty)
        {
            FindHangUps();
        }

        Mark(_lists.Reading, IoEvents.Read);
        Mark(_lists.Writing, IoEvents.Write);
        MarkExceptional();
        MarkFailed();
        return Report(events);
    }

    public override void Wake()
    {
        try
        {
            _wake.Send([1]);
        }
        catch (SocketException)
        {
            // Its buffer is full of wake-ups already.
        }
    }

    public override void Dispose() => _wake.Dispose();

    private static Socket MakeWake()
    {
        IPAddress host = Socket.OSSupportsIPv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        var socket = new Socket(host.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        socket.Bind(new IPEndPoint(host, 0));
        socket.Connect(socket.LocalEndPoint!); // to itself, so that nobody else's datagrams are taken
        return socket;
    }

    private void FillLists()
    {
        _lists.Clear();
        _lists.Add(_wake, IoEvents.Read, watched: false);
        foreach ((Socket socket, IoHandle handle) in _handles)
        {
            if (handle.IsLost)
            {
                _ready[handle] = IoEvents.Error;
                continue;
            }

            bool watched = !handle.HasUnwantedUrgent || (handle.Armed & IoEvents.Priority) != 0;
            _lists.Add(socket, handle.Armed, watched);
        }
    }

    private void DrainWake()
    {
        Span<byte> buffer = stackalloc byte[16];
        SocketError error;
        do
        {
            _wake.Receive(buffer, SocketFlags.None, out error);
        }
        while (error == SocketError.Success);
    }

    private void Mark(List<Socket> sockets, IoEvents news)
    {
        foreach (Socket socket in sockets)
        {
            if (_handles.TryGetValue(socket, out IoHandle? handle))
            {
                _ready[handle] = _ready.GetValueOrDefault(handle) | news;
            }
        }
    }

    // "Exceptional" is an error or urgent data, and select does not say which.
    private void MarkExceptional()
    {
        foreach (Socket socket in _lists.Watching)
        {
            IoHandle handle = _handles[socket];
            bool broken = !handle.IsSocket || PeekError(handle) != SocketError.Success;
            if (!broken && (handle.Armed & IoEvents.Priority) == 0)
            {
                handle.HasUnwantedUrgent = true; // it would be reported without end to somebody who did not ask
                continue;
            }

            _ready[handle] = _ready.GetValueOrDefault(handle) | (broken ? IoEvents.Error : IoEvents.Priority);
        }
    }

    // What the system will not wait for at all ends its own channel, never the loop.
    private void MarkFailed()
    {
        foreach ((Socket socket, SocketError error) in _lists.Failed)
        {
            if (_handles.TryGetValue(socket, out IoHandle? handle))
            {
                handle.PendingError = handle.PendingError == SocketError.Success ? error : handle.PendingError;
                _ready[handle] = IoEvents.Error;
            }
        }
    }

    // Where poll(2) is underneath, a hang-up ends the wait and is then left out of lists that did not ask to read.
    // So when a wait ended for nothing, those who want no reading are looked at one by one.
    private void FindHangUps()
    {
        foreach ((Socket socket, IoHandle handle) in _handles)
        {
            if ((handle.Armed & IoEvents.Read) == 0 && !handle.IsListener && IsHungUp(socket, handle))
            {
                _ready[handle] = IoEvents.HangUp;
            }
        }
    }

    private bool IsHungUp(Socket socket, IoHandle handle)
    {
        bool readable = false;
        if (Try(() => readable = socket.Poll(0, SelectMode.SelectRead)) != 0 || !readable)
        {
            return false;
        }

        // Readable is data, the peer's end, or a hang-up. A send of nothing fails only where sending is over, too.
        int sent = handle.IsSocket && handle.Kind == IoHandleKind.Stream ? Send(handle, ReadOnlySpan<byte>.Empty) : 0;
        if (sent < 0 && sent != -(int)SocketError.Shutdown && handle.PendingError == SocketError.Success)
        {
            handle.PendingError = (SocketError)(-sent); // a reset is told to whoever asks first
        }

        return !handle.IsSocket || sent < 0;
    }

    private void MarkLost()
    {
        foreach (IoHandle handle in _handles.Values)
        {
            if (handle.IsLost)
            {
                _ready[handle] = IoEvents.Error;
            }
        }
    }

    // Level-triggered: what there is no room for is there in the next pass, where the report starts behind what was
    // told in this one.
    private int Report(Span<IoEvent> events)
    {
        int count = _ready.Count;
        _told = count > events.Length ? (_told + events.Length) % count : 0;
        int place = count - _told;
        foreach ((IoHandle handle, IoEvents news) in _ready)
        {
            if (place % count < events.Length)
            {
                events[place % count] = new IoEvent(handle.Slot, handle.Generation, news);
            }

            place++;
        }

        return Math.Min(count, events.Length);
    }
}
