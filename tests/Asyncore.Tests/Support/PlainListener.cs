using System.Net;

namespace Asyncore.Tests.Support;

/// <summary>Listens at every IPv4 address of its host, and hands each connection on.</summary>
internal sealed class PlainListener : Dispatcher
{
    private readonly Action<AcceptedChannel> _accepted;

    public PlainListener(EventLoop loop, int port, Action<AcceptedChannel> accepted)
        : base(null, loop)
    {
        _accepted = accepted;
        CreateSocket();
        Bind(new IPEndPoint(IPAddress.Any, port));
        Listen();
    }

    protected override void HandleAccepted(AcceptedChannel accepted) => _accepted(accepted);
}
