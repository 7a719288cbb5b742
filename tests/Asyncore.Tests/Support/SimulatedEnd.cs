using System.Net;
using System.Net.Sockets;
using Asyncore.Testing;

namespace Asyncore.Tests.Support;

/// <summary>A socket of a simulated network.</summary>
internal sealed class SimulatedEnd(PlainSocket socket) : FarEnd
{
    public override EndPoint? LocalEndPoint => socket.LocalAddress;

    public override int Available => socket.Available;

    public override bool IsReadable => socket.IsReadable;

    public override void Send(ReadOnlySpan<byte> data) => socket.Send(data);

    public override int SendSome(ReadOnlySpan<byte> data) => socket.SendSome(data);

    public override void SendTo(ReadOnlySpan<byte> data, EndPoint address) => socket.SendTo(data, address);

    public override int Receive(Span<byte> buffer) => socket.Receive(buffer);

    public override void Bind(EndPoint address) => socket.Bind(address);

    public override void Listen() => socket.Listen(128);

    public override void Connect(EndPoint address) => socket.Connect(address);

    public override FarEnd Accept() => new SimulatedEnd(socket.Accept());

    public override void Shutdown() => socket.ShutdownSend();

    public override void ResetOnClose() => socket.ResetsOnClose = true;

    public override void Dispose() => socket.Dispose();
}
