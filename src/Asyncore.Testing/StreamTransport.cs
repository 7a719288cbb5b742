using System.Net;
using System.Net.Sockets;

namespace Asyncore.Testing;

/// <summary>
/// Connections of a simulated network, as TCP on Linux has them: a stream keeps its order, an end comes behind the bytes,
/// a close over unread bytes is a reset (RFC 1122, section 4.2.2.13), and what had arrived before a reset can be read.
/// </summary>
internal sealed partial class StreamTransport(SimulatedNetwork network)
{
    private static readonly TimeSpan _shortHold = TimeSpan.FromMilliseconds(1);

    private FaultScript Script => network.Script;

    private SimulatedClock Clock => network.SimulatedClock;

    public int Listen(SimulatedSocket socket, int backlog)
    {
        if (!socket.IsBound)
        {
            int bound = socket.Host.Addresses.Bind(socket, new IPEndPoint(IPAddress.Any, 0));
            if (bound < 0)
            {
                return bound;
            }
        }

        socket.Stage = SocketStage.Listening;
        socket.Backlog = backlog;
        socket.Handle.IsListener = true;
        network.Note(socket, "listens");
        return 0;
    }

    public int Accept(SimulatedSocket listener, out SimulatedSocket? accepted)
    {
        accepted = null;
        if (listener.Waiting.Count == 0)
        {
            return -(int)SocketError.WouldBlock;
        }

        if (listener.Poller is not { IsScripted: true } && Happens(FaultKind.NoDescriptor, listener))
        {
            return -(int)SocketError.TooManyOpenSockets;
        }

        accepted = listener.Waiting.Dequeue();
        return 0;
    }

    public int Recv(SimulatedSocket socket, Span<byte> buffer, bool peek)
    {
        if (socket.Received.Count > 0)
        {
            int most = Math.Min(buffer.Length, socket.Received.Count);
            if (most > 1 && Happens(FaultKind.PartialRead, socket))
            {
                most = Script.PartOf(most, FaultKind.PartialRead, socket.Id, socket.Occasions[(int)FaultKind.PartialRead]);
            }

            int read = socket.Received.Read(buffer[..most], peek);
            if (!peek && socket.Peer is { } sender)
            {
                SimulatedNetwork.Touch(sender); // there is room again
            }

            return read;
        }

        if (socket.EndReceived)
        {
            return 0; // Linux says so even where a reset came behind the end
        }

        if (socket.Error != SocketError.Success)
        {
            return -(int)TakeError(socket);
        }

        return socket.IsReset ? 0
            : socket.Stage == SocketStage.Connected ? -(int)SocketError.WouldBlock
            : -(int)SocketError.NotConnected;
    }

    public int Send(SimulatedSocket socket, ReadOnlySpan<byte> data)
    {
        if (socket.Error != SocketError.Success)
        {
            return -(int)TakeError(socket);
        }

        if (socket.Stage != SocketStage.Connected)
        {
            return -(int)(socket.Stage == SocketStage.Connecting ? SocketError.WouldBlock : SocketError.NotConnected);
        }

        if (socket.SentEnd || socket.IsReset)
        {
            return -(int)SocketError.Shutdown; // EPIPE
        }

        int room = Script.Faults.BufferSize - socket.Outstanding;
        if (room <= 0 || socket.IsHeldBack || HoldsBack(socket))
        {
            return -(int)SocketError.WouldBlock;
        }

        int taken = Math.Min(room, data.Length);
        if (taken > 1 && Happens(FaultKind.PartialWrite, socket))
        {
            taken = Script.PartOf(taken, FaultKind.PartialWrite, socket.Id, socket.Occasions[(int)FaultKind.PartialWrite]);
        }

        Transmit(socket, data[..taken]);
        return taken;
    }

    public int ShutdownSend(SimulatedSocket socket)
    {
        if (socket.Stage != SocketStage.Connected || socket.IsReset)
        {
            return -(int)SocketError.NotConnected;
        }

        if (!socket.SentEnd)
        {
            SendEnd(socket);
        }

        return 0;
    }

    public void Close(SimulatedSocket socket, bool abort)
    {
        if (socket.IsClosed)
        {
            return;
        }

        socket.IsClosed = true;
        socket.Host.Addresses.Unbind(socket);
        network.Note(socket, abort ? "aborts" : "closes");
        foreach (SimulatedSocket waiting in socket.Waiting)
        {
            network.Close(waiting, abort: true);
        }

        if (socket is { IsStream: true, Stage: SocketStage.Connected, IsReset: false })
        {
            if (abort || socket.Received.Count > 0)
            {
                SendReset(socket);
            }
            else if (!socket.SentEnd)
            {
                SendEnd(socket);
            }
        }
    }

    /// <summary>What the peer's system has not got yet, the end counting as one.</summary>
    public static int Unacknowledged(SimulatedSocket socket) =>
        socket.InFlight + (socket.SentEnd && socket.Segments > 0 ? 1 : 0);

    public static SocketError TakeError(SimulatedSocket socket)
    {
        SocketError error = socket.Error;
        socket.Error = SocketError.Success;
        return error;
    }

    /// <summary>Both ends of a connection are told that it is broken.</summary>
    public void Break(SimulatedSocket socket)
    {
        SimulatedSocket? peer = socket.Peer;
        Reset(socket);
        if (peer is not null)
        {
            Reset(peer);
        }
    }

    private bool HoldsBack(SimulatedSocket socket)
    {
        if (!Happens(FaultKind.FullBuffer, socket))
        {
            return false;
        }

        socket.IsHeldBack = true;
        After(Delay(socket) + _shortHold, () =>
        {
            socket.IsHeldBack = false;
            SimulatedNetwork.Touch(socket);
        });
        return true;
    }

    private void Transmit(SimulatedSocket socket, ReadOnlySpan<byte> data)
    {
        socket.InFlight += data.Length;
        if (IsImmediate(socket))
        {
            socket.SegmentsSent++;
            Arrive(socket, data);
            return;
        }

        byte[] copy = data.ToArray();
        Send(socket, () => Arrive(socket, copy));
    }

    private void SendEnd(SimulatedSocket socket)
    {
        socket.SentEnd = true;
        network.Note(socket, "ends");
        Send(socket, () =>
        {
            SimulatedSocket peer = socket.Peer!;
            if (!peer.IsClosed && !peer.IsReset)
            {
                peer.EndReceived = true;
                SimulatedNetwork.Touch(peer);
            }
        });
        SimulatedNetwork.Touch(socket); // both ends may have been sent now, which is a hang-up
    }

    private void SendReset(SimulatedSocket socket)
    {
        socket.IsReset = true;
        Send(socket, () => Reset(socket.Peer!));
    }

    private bool IsImmediate(SimulatedSocket socket) =>
        Script.Faults is { Latency.Ticks: 0, Jitter.Ticks: 0, HalfOpen: 0 } && socket.Segments == 0
        && !socket.HasVanished && !network.IsAnyCut && socket.LastArrival <= Clock.Now;

    // Behind everything that this socket has sent before.
    private void Send(SimulatedSocket socket, Action arrive)
    {
        if (IsImmediate(socket))
        {
            arrive();
            return;
        }

        TimeSpan due = Clock.Now + Delay(socket);
        socket.LastArrival = due > socket.LastArrival ? due : socket.LastArrival;
        socket.Segments++;
        Clock.At(socket.LastArrival, () => Pass(socket, arrive));
    }

    private void Pass(SimulatedSocket socket, Action arrive)
    {
        SimulatedSocket peer = socket.Peer!;
        if (!socket.HasVanished && Happens(FaultKind.HalfOpen, peer))
        {
            socket.HasVanished = true;
            peer.HasVanished = true;
            network.Note(peer, "has vanished");
        }

        if (socket.HasVanished)
        {
            return; // and stays on its way for ever
        }

        if (network.IsCut(socket.Host, peer.Host))
        {
            network.Hold(socket.Host, peer.Host, () => Pass(socket, arrive));
            return;
        }

        socket.Segments--;
        arrive();
    }

    private void Arrive(SimulatedSocket socket, ReadOnlySpan<byte> data)
    {
        SimulatedSocket peer = socket.Peer!;
        socket.InFlight -= data.Length;
        if (peer.IsClosed)
        {
            Send(peer, () => Reset(socket)); // nobody is there any more
        }
        else if (Happens(FaultKind.Reset, peer))
        {
            network.Note(peer, "is cut off");
            Break(peer);
        }
        else if (!peer.IsReset)
        {
            peer.Received.Append(data);
            network.Note(peer, "has got", data.Length);
            SimulatedNetwork.Touch(peer);
        }

        SimulatedNetwork.Touch(socket); // what nobody has to read any more is room
    }

    private void Reset(SimulatedSocket socket)
    {
        if (socket.IsClosed || socket.IsReset)
        {
            return;
        }

        // tcp(7), EPIPE: the peer had ended its stream before.
        socket.Error = socket is { EndReceived: true, SentEnd: false } ? SocketError.Shutdown : SocketError.ConnectionReset;
        socket.IsReset = true;
        if (socket.Stage == SocketStage.Connecting)
        {
            socket.Stage = SocketStage.Failed;
            socket.Handle.IsConnecting = false;
        }

        network.Note(socket, "is reset");
        SimulatedNetwork.Touch(socket);
    }

    private bool Happens(FaultKind kind, SimulatedSocket socket) =>
        Script.Happens(kind, socket.Id, ref socket.Occasions[(int)kind]);

    private TimeSpan Delay(SimulatedSocket socket) => Script.Delay(socket.Id, socket.SegmentsSent++);

    private void After(TimeSpan time, Action what)
    {
        if (time == TimeSpan.Zero)
        {
            what();
        }
        else
        {
            Clock.At(Clock.In(time), what);
        }
    }
}
