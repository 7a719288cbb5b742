using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Protocols;

/// <summary>A forwarder in a loop, between plain sockets.</summary>
internal sealed class ForwardScene : IDisposable
{
    private readonly Socket _listener;
    private readonly List<Socket> _sockets = [];

    public ForwardScene(IoBackendKind kind, AddressFamily family = AddressFamily.InterNetwork)
    {
        Loop = TestLoop.Create(kind);
        _listener = Sockets.Listen(family);
        Forwarder = new Forwarder(Backends.AnyAddress(family), _listener.LocalEndPoint!, loop: Loop);
    }

    public EventLoop Loop { get; }

    public Forwarder Forwarder { get; }

    public IEnumerable<RelayChannel> Relays => Loop.Channels.Values.OfType<RelayChannel>();

    /// <summary>A client, and the server's end of what it was forwarded to.</summary>
    public (Socket Client, Socket Server) Connect()
    {
        Socket client = Sockets.Dial(Forwarder.Address!);
        Loop.RunUntil(() => _listener.Poll(0, SelectMode.SelectRead), "the forwarder's connection");
        Socket server = _listener.Accept();
        (server.ReceiveTimeout, server.SendTimeout) = (client.ReceiveTimeout, client.SendTimeout);
        _sockets.AddRange(client, server);
        return (client, server);
    }

    /// <summary>Sends, and waits until the forwarder's system has all of it.</summary>
    public void Deliver(Socket from, byte[] data)
    {
        Companion.Start(() => from.Send(data)).Join(Loop);
        Loop.RunUntil(() => from.Unacknowledged() == 0, "the bytes to arrive");
    }

    /// <summary>Runs until no relay is left.</summary>
    public void RunToEnd() => Loop.RunUntil(() => !Relays.Any(), "the end of every relay");

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }

        string? path = _listener.LocalEndPoint is UnixDomainSocketEndPoint unix ? unix.ToString() : null;
        _listener.Dispose();
        Loop.Dispose();
        if (path is not null)
        {
            File.Delete(path);
        }
    }
}
