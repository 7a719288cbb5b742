using System.Net;
using Asyncore.Protocols;

namespace Asyncore.Cli.Demo;

/// <summary>
/// A client that ends its sending side gets its answer all the same, through the forwarder, from a server that answers
/// only when it has seen that end.
/// </summary>
internal sealed class ForwardStep() : DemoStep("forward")
{
    private readonly byte[] _request = DemoBytes.Make(300_000, seed: 1);
    private readonly byte[] _answer = DemoBytes.Make(4 << 20, seed: 2);

    public override void Start(EventLoop loop)
    {
        var server = new Server(this, loop);
        var forwarder = new Forwarder(new IPEndPoint(IPAddress.Loopback, 0), server.Address!, loop: loop);
        _ = new DemoClient(this, forwarder.Address!, _request, Check, loop);

        void Check(ReadOnlySpan<byte> came)
        {
            if (came.SequenceEqual(_answer))
            {
                Pass($"{forwarder.Address} → {server.Address}: {_request.Length:N0} bytes, half-close, "
                    + $"{_answer.Length:N0} bytes back");
            }
            else
            {
                Fail($"{came.Length:N0} of {_answer.Length:N0} bytes came through, or they differ");
            }
        }
    }

    private sealed class Server : Dispatcher
    {
        private readonly ForwardStep _step;

        public Server(ForwardStep step, EventLoop loop)
            : base(null, loop)
        {
            _step = step;
            CreateSocket();
            Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Listen();
        }

        protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Connection(accepted, _step);
    }

    private sealed class Connection : DispatcherWithSend
    {
        private readonly ForwardStep _step;
        private readonly MemoryStream _request = new();

        public Connection(AcceptedChannel accepted, ForwardStep step)
            : base(accepted)
        {
            _step = step;
            AllowHalfOpen = true;
        }

        protected override void HandleRead() => _request.Write(Receive());

        protected override void HandleEndOfStream()
        {
            if (!_request.GetBuffer().AsSpan(0, (int)_request.Length).SequenceEqual(_step._request))
            {
                _step.Fail($"{_request.Length:N0} of {_step._request.Length:N0} bytes reached the server, or differ");
            }

            Send(_step._answer);
            ShutdownSend();
        }

        protected override void HandleClose() => Close();
    }
}
