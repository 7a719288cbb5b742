using System.Net;
using System.Net.Sockets;

namespace Asyncore.Testing;

// How connections are made: a request, which is sent again, and an answer (RFC 9293, section 3.5).
internal sealed partial class StreamTransport
{
    private static readonly TimeSpan _synRetry = TimeSpan.FromSeconds(1); // tcp(7), tcp_syn_retries

    public int Connect(SimulatedSocket socket, EndPoint address)
    {
        if (socket.Stage is SocketStage.Connected or SocketStage.Connecting)
        {
            return -(int)SocketError.IsConnected;
        }

        if (!SimulatedSocket.CanHave(socket.Handle.Family, address))
        {
            return -(int)SocketError.AddressFamilyNotSupported;
        }

        if (address is UnixDomainSocketEndPoint path && !socket.Host.Addresses.HasPath(path.ToString()))
        {
            return -(int)SocketError.AddressNotAvailable; // which stands for ENOENT, too
        }

        address = Plain(address);
        network.BindSource(socket, address);
        socket.Remote = address;
        socket.Stage = SocketStage.Connecting;
        socket.Handle.IsConnecting = true;
        socket.Error = SocketError.Success;
        network.Note(socket, "connects");
        if (Happens(FaultKind.RefusedConnect, socket))
        {
            After(Delay(socket) * 2, () => Fail(socket, SocketError.ConnectionRefused));
        }
        else if (Happens(FaultKind.SilentConnect, socket) || network.HostAt(socket.Host, address) is not { } host)
        {
            After(network.ConnectTimeout, () => Fail(socket, SocketError.TimedOut));
        }
        else
        {
            TimeSpan deadline = Clock.In(network.ConnectTimeout);
            After(Delay(socket), () => Ask(socket, host, address, deadline));
        }

        return -(int)SocketError.InProgress;
    }

    // A socket of both families says IPv4 addresses in the form of the other one, ipv6(7).
    private static EndPoint Plain(EndPoint address) => address is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped
        ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port)
        : address;

    private static EndPoint SeenBy(SimulatedSocket listener, EndPoint address) =>
        listener.Handle.Family == AddressFamily.InterNetworkV6 && address is IPEndPoint { AddressFamily: AddressFamily.InterNetwork } plain
            ? new IPEndPoint(plain.Address.MapToIPv6(), plain.Port)
            : address;

    // The request has come to the other host.
    private void Ask(SimulatedSocket socket, SimulatedHost host, EndPoint address, TimeSpan deadline)
    {
        if (socket.IsClosed)
        {
            return;
        }

        SimulatedSocket? listener = host.Addresses.Find(stream: true, address);
        bool isCut = network.IsCut(socket.Host, host);
        bool isFull = listener is { Stage: SocketStage.Listening } && listener.Waiting.Count > listener.Backlog;
        if (isCut || isFull)
        {
            // Nobody answers, so the system asks again.
            TimeSpan left = deadline - Clock.Now;
            if (left <= TimeSpan.Zero)
            {
                Fail(socket, SocketError.TimedOut);
            }
            else
            {
                After(left < _synRetry ? left : _synRetry, () => Ask(socket, host, address, deadline));
            }
        }
        else if (listener is not { Stage: SocketStage.Listening, IsClosed: false })
        {
            After(Delay(socket), () => Answer(socket, host, deadline, () => Fail(socket, SocketError.ConnectionRefused)));
        }
        else
        {
            Welcome(socket, listener, address, deadline);
        }
    }

    // What the other host says to the request, which a cut holds up for as long as somebody waits for it.
    private void Answer(SimulatedSocket socket, SimulatedHost host, TimeSpan deadline, Action what)
    {
        if (!network.IsCut(socket.Host, host))
        {
            what();
            return;
        }

        network.Hold(socket.Host, host, () => Answer(socket, host, deadline, what));
        Clock.At(deadline, () => Fail(socket, SocketError.TimedOut));
    }

    private void Welcome(SimulatedSocket socket, SimulatedSocket listener, EndPoint address, TimeSpan deadline)
    {
        SimulatedSocket far = network.MakeSocket(listener.Host, listener.Handle.Family, IoHandleKind.Stream);
        far.Stage = SocketStage.Connected;
        far.Local = SeenBy(listener, address);
        far.Remote = SeenBy(listener, socket.Local!);
        far.Peer = socket;
        socket.Peer = far;
        TimeSpan answer = Delay(socket);
        far.LastArrival = Clock.Now + answer; // what it sends comes behind the answer
        listener.Waiting.Enqueue(far);
        network.Note(far, "is there to be accepted");
        SimulatedNetwork.Touch(listener);
        After(answer, () => Answer(socket, listener.Host, deadline, () => Establish(socket)));
    }

    private void Establish(SimulatedSocket socket)
    {
        if (socket.IsClosed || socket.Stage == SocketStage.Failed)
        {
            Reset(socket.Peer!);
            return;
        }

        if (socket.IsReset)
        {
            return;
        }

        socket.Stage = SocketStage.Connected;
        socket.Handle.IsConnecting = false;
        network.Note(socket, "is connected");
        SimulatedNetwork.Touch(socket);
    }

    private void Fail(SimulatedSocket socket, SocketError error)
    {
        if (!socket.IsClosed && socket.Stage == SocketStage.Connecting)
        {
            socket.Stage = SocketStage.Failed;
            socket.Handle.IsConnecting = false;
            socket.Error = error;
            network.Note(socket, $"cannot connect: {error}");
            SimulatedNetwork.Touch(socket);
        }
    }
}
