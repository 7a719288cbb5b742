using System.Net;
using System.Net.Sockets;

namespace Asyncore.Tests.Forwarding;

/// <summary>Listens, with a queue that is full already: who connects hears nothing (listen(2), tcp(7)).</summary>
internal sealed class SilentTarget : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<Socket> _queue = [];

    public SilentTarget()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(0);
        while (true)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Unspecified);
            _queue.Add(client);
            client.Blocking = false;
            try
            {
                client.Connect(Address);
            }
            catch (SocketException)
            {
                // on its way
            }

            if (!client.Poll(TimeSpan.FromMilliseconds(100), SelectMode.SelectWrite))
            {
                return; // this one is not let in, nor will another be
            }
        }
    }

    public EndPoint Address => _listener.LocalEndPoint!;

    public void Dispose()
    {
        _queue.ForEach(each => each.Dispose());
        _listener.Dispose();
    }
}
