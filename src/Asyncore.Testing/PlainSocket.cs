using System.Net;
using System.Net.Sockets;

namespace Asyncore.Testing;

/// <summary>
/// A socket of a simulated network as a program without a loop has it: each call returns when it is done. One that would
/// have to wait fails with <see cref="SocketError.TimedOut"/>, as nothing goes on meanwhile.
/// </summary>
/// <remarks>For networks on which nothing takes time: what is sent has arrived when the call returns.</remarks>
internal sealed class PlainSocket : IDisposable
{
    private readonly SimulatedNetwork _network;
    private readonly SimulatedSocket _socket;

    public PlainSocket(SimulatedNetwork network, string host, AddressFamily family, SocketType type = SocketType.Stream)
        : this(network, network.MakeSocket(
            network.Host(host), family, type == SocketType.Stream ? IoHandleKind.Stream : IoHandleKind.Datagram))
    {
    }

    private PlainSocket(SimulatedNetwork network, SimulatedSocket socket) => (_network, _socket) = (network, socket);

    public EndPoint? LocalAddress => _socket.Local;

    /// <summary>Bytes that can be received at once.</summary>
    public int Available => _socket.Received.Count;

    /// <summary>Whether receiving or accepting would not wait.</summary>
    public bool IsReadable => (_socket.Ready(_network.Faults.BufferSize) & IoEvents.Read) != 0;

    /// <summary>Whether closing resets the connection, whatever it has not sent yet.</summary>
    public bool ResetsOnClose { get; set; }

    public void Bind(EndPoint address) => Check(_socket.Host.Addresses.Bind(_socket, address));

    public void Listen(int backlog) => Check(_network.Streams.Listen(_socket, backlog));

    public void Connect(EndPoint address)
    {
        int result = _socket.IsStream
            ? _network.Streams.Connect(_socket, address)
            : _network.Datagrams.Connect(_socket, address);
        Check(result == -(int)SocketError.InProgress ? 0 : result);
        Check(-(int)StreamTransport.TakeError(_socket));
        Check(_socket.Stage == SocketStage.Connected ? 0 : -(int)SocketError.TimedOut);
    }

    public PlainSocket Accept() => new(_network, AcceptOne());

    /// <summary>Accepts a connection on behalf of a loop.</summary>
    public AcceptedChannel Accept(EventLoop loop)
    {
        SimulatedSocket accepted = AcceptOne();
        accepted.Handle.Peer.Set(accepted.Remote);
        return new AcceptedChannel(loop, accepted.Handle, noDelay: true);
    }

    /// <summary>Sends all of it.</summary>
    public void Send(ReadOnlySpan<byte> data)
    {
        do
        {
            int sent = Check(_socket.IsStream ? _network.Streams.Send(_socket, data) : _network.Datagrams.Send(_socket, data));
            data = data[sent..];
        }
        while (!data.IsEmpty);
    }

    /// <summary>Sends what there is room for.</summary>
    /// <returns>How much; −1 where there is none.</returns>
    public int SendSome(ReadOnlySpan<byte> data)
    {
        int sent = _network.Streams.Send(_socket, data);
        return sent == -(int)SocketError.WouldBlock ? -1 : Check(sent);
    }

    /// <summary>Sends a datagram to somebody whom this socket is not connected to.</summary>
    public void SendTo(ReadOnlySpan<byte> data, EndPoint address)
    {
        _network.BindSource(_socket, address);
        Check(_network.Datagrams.SendTo(_socket, data, address));
    }

    public int Receive(Span<byte> buffer) => Check(
        _socket.IsStream ? _network.Streams.Recv(_socket, buffer, peek: false) : DatagramTransport.Recv(_socket, buffer, peek: false));

    public void ShutdownSend() => Check(_network.Streams.ShutdownSend(_socket));

    public void Dispose()
    {
        if (!_socket.IsClosed)
        {
            _network.Close(_socket, ResetsOnClose);
        }
    }

    private SimulatedSocket AcceptOne()
    {
        Check(_network.Streams.Accept(_socket, out SimulatedSocket? accepted));
        return accepted!;
    }

    private static int Check(int result) => result >= 0 ? result
        : result == -(int)SocketError.WouldBlock ? throw new SocketException((int)SocketError.TimedOut)
        : throw Errno.ToException(result);
}
