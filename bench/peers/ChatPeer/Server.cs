using System.Net;
using Asyncore;

namespace ChatPeer;

/// <summary>Listens, and gives each connection to the channel that is measured.</summary>
internal sealed class Server : Dispatcher
{
    private readonly Count _count;
    private readonly Action<AcceptedChannel> _serve;

    public Server(IPEndPoint address, EventLoop loop, Count count, Action<AcceptedChannel> serve)
        : base(null, loop)
    {
        _count = count;
        _serve = serve;
        CreateSocket(address.AddressFamily);
        SetReuseAddr();
        Bind(address);
        Listen(4096);
    }

    protected override void HandleAccepted(AcceptedChannel accepted)
    {
        _serve(accepted);
        _count.Connected();
    }
}
