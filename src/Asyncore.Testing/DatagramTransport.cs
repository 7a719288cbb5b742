using System.Net;
using System.Net.Sockets;

namespace Asyncore.Testing;

/// <summary>Datagrams of a simulated network: each whole or not at all, once, twice or never, and in any order (RFC 768).</summary>
internal sealed class DatagramTransport(SimulatedNetwork network)
{
    private const int Longest = 65_507; // RFC 768, over IPv4
    private const int MostWaiting = 256;

    private FaultScript Script => network.Script;

    public int Connect(SimulatedSocket socket, EndPoint address)
    {
        if (!SimulatedSocket.CanHave(socket.Handle.Family, address))
        {
            return -(int)SocketError.AddressFamilyNotSupported;
        }

        network.BindSource(socket, address);
        socket.Remote = address;
        socket.Stage = SocketStage.Connected;
        return 0;
    }

    public int Send(SimulatedSocket socket, ReadOnlySpan<byte> data)
    {
        if (socket.Error != SocketError.Success)
        {
            return -(int)StreamTransport.TakeError(socket);
        }

        return socket.Remote is { } address
            ? SendTo(socket, data, address)
            : -(int)SocketError.DestinationAddressRequired;
    }

    public int SendTo(SimulatedSocket socket, ReadOnlySpan<byte> data, EndPoint address)
    {
        if (data.Length > Longest)
        {
            return -(int)SocketError.MessageSize;
        }

        if (Happens(FaultKind.LostDatagram, socket))
        {
            return data.Length;
        }

        byte[] copy = data.ToArray();
        Deliver(socket, address, copy);
        if (Happens(FaultKind.DoubledDatagram, socket))
        {
            Deliver(socket, address, copy);
        }

        return data.Length;
    }

    public static int Recv(SimulatedSocket socket, Span<byte> buffer, bool peek)
    {
        if (socket.Error != SocketError.Success)
        {
            return -(int)StreamTransport.TakeError(socket);
        }

        if (!socket.Datagrams.TryPeek(out byte[]? first))
        {
            return -(int)SocketError.WouldBlock;
        }

        if (!peek)
        {
            socket.Datagrams.Dequeue();
        }

        int count = Math.Min(buffer.Length, first.Length); // what does not fit is lost, recv(2)
        first.AsSpan(0, count).CopyTo(buffer);
        return count;
    }

    private void Deliver(SimulatedSocket socket, EndPoint address, byte[] datagram)
    {
        TimeSpan delay = socket.Handle.Family == AddressFamily.Unix
            ? Script.Faults.Latency
            : Script.Delay(socket.Id, socket.SegmentsSent++);
        if (Happens(FaultKind.OvertakenDatagram, socket))
        {
            delay = (delay * 2) + TimeSpan.FromMilliseconds(1);
        }

        if (delay == TimeSpan.Zero)
        {
            Arrive(socket, address, datagram);
        }
        else
        {
            SimulatedClock clock = network.SimulatedClock;
            clock.At(clock.Now + delay, () => Arrive(socket, address, datagram));
        }
    }

    private void Arrive(SimulatedSocket from, EndPoint address, byte[] datagram)
    {
        if (network.HostAt(from.Host, address) is not { } host || network.IsCut(from.Host, host))
        {
            return; // on a real network too, nobody hears of it
        }

        if (host.Addresses.Find(stream: false, address) is not { } to)
        {
            if (!from.IsClosed)
            {
                from.Error = SocketError.ConnectionRefused; // udp(7): an ICMP answer, told by the next call
                SimulatedNetwork.Touch(from);
            }

            return;
        }

        bool isFromPeer = to.Remote is null || to.Remote.Equals(from.Local);
        if (isFromPeer && to.Datagrams.Count < MostWaiting)
        {
            to.Datagrams.Enqueue(datagram);
            network.Note(to, "has got", datagram.Length);
            SimulatedNetwork.Touch(to);
        }
    }

    // unix(7): on Linux datagrams between processes of one machine are reliable and keep their order.
    private bool Happens(FaultKind kind, SimulatedSocket socket) =>
        socket.Handle.Family != AddressFamily.Unix && Script.Happens(kind, socket.Id, ref socket.Occasions[(int)kind]);
}
