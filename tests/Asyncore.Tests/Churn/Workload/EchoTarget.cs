using System.Net;
using Asyncore.Tests.Simulated;

namespace Asyncore.Tests.Churn;

/// <summary>Gives back what it gets, to its end; or resets the connection once it has got so much.</summary>
internal sealed class EchoTarget : Dispatcher
{
    private readonly int _resetsAfter;

    public EchoTarget(EventLoop loop, IPEndPoint address, int resetsAfter = int.MaxValue)
        : base(null, loop)
    {
        _resetsAfter = resetsAfter;
        CreateSocket();
        SetReuseAddr();
        Bind(address);
        Listen();
    }

    protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Echo(accepted, _resetsAfter);

    protected override void HandleError(Exception error) => throw new InvariantException($"a target: {error}");

    private sealed class Echo : DispatcherWithSend
    {
        private int _left;

        public Echo(AcceptedChannel accepted, int resetsAfter)
            : base(accepted)
        {
            _left = resetsAfter;
            AllowHalfOpen = true;
        }

        protected override void HandleRead()
        {
            ReadOnlySpan<byte> heard = Receive();
            _left -= heard.Length;
            if (_left < 0)
            {
                Abort();
                return;
            }

            Send(heard);
        }

        protected override void HandleEndOfStream()
        {
            ShutdownSend();
            Close(); // behind what is still to be sent
        }

        protected override void HandleClose() => Close();

        protected override void HandleError(Exception error) => throw new InvariantException($"a target: {error}");
    }
}
