using System.Net;
using System.Net.Sockets;

namespace Asyncore.Forwarding;

/// <summary>Connects to a target that rests, to see whether it answers again, and says nothing.</summary>
internal sealed class TargetProbe : Dispatcher
{
    private readonly Action<bool> _tell;
    private readonly ProxyVersion _proxy;
    private readonly TimerHandle _timer;
    private bool _told;

    public TargetProbe(EventLoop loop, EndPoint address, ProxyVersion proxy, TimeSpan timeout, Action<bool> tell)
        : base(null, loop)
    {
        _tell = tell;
        _proxy = proxy;
        _timer = loop.CallLater(timeout, () => Tell(works: false));
        Connect(address);
    }

    public override void Close()
    {
        _timer.Cancel();
        base.Close();
    }

    // A target that expects a header would log its absence: LOCAL is there for this.
    protected override void HandleConnect()
    {
        if (_proxy != ProxyVersion.None)
        {
            Span<byte> header = stackalloc byte[ProxyHeaderWriter.MaxLength];
            Send(header[..ProxyHeaderWriter.Write(header, _proxy, null, null)]);
        }

        Tell(works: true);
    }

    protected override void HandleConnectFailed(SocketException error) => Tell(works: false);

    protected override void HandleError(Exception error) => Tell(works: false);

    private void Tell(bool works)
    {
        if (!_told)
        {
            _told = true;
            Close();
            _tell(works);
        }
    }
}
