using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Testing;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Scripts of chance, of what a peer and a channel do to each other, give the same handlers in the same order on every
/// backend, and on the simulated one: what is learnt there holds on real kernels.
/// </summary>
public class DifferentialTests
{
    private const int Scripts = 60;
    private const int Steps = 12;

    [Fact]
    public void Every_backend_tells_the_same_story_as_the_simulated_network()
    {
        for (int seed = 1; seed <= Scripts; seed++)
        {
            string expected = Simulated(seed);
            foreach (IoBackendKind kind in Backends.Kinds)
            {
                string actual = Real(kind, seed);
                Assert.True(expected == actual, $"script {seed}, simulated:\n{expected}\nand {kind}:\n{actual}");
            }
        }
    }

    private static string Simulated(int seed)
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop("server");
        using var listener = new Listener(loop, new IPEndPoint(IPAddress.Any, 7), halfOpen: seed % 2 == 0);
        using var peer = new SimulatedPeer(network.Connect(new IPEndPoint(network.Host("server").Address, 7)));
        return Play(seed, listener, peer, () => network.Run(TimeSpan.FromMilliseconds(1)));
    }

    private static string Real(IoBackendKind kind, int seed)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using var listener = new Listener(loop, Backends.AnyAddress(AddressFamily.InterNetwork), halfOpen: seed % 2 == 0);
        using var peer = new RealPeer(Sockets.Dial(listener.Address!));
        loop.RunUntil(() => listener.Subject is not null, "the connection");
        return Play(seed, listener, peer, () => Settle(loop, listener.Subject!, peer));
    }

    // A real network takes its time: until each side's system has what the other's was given, and knows of its end.
    private static void Settle(EventLoop loop, Subject subject, RealPeer peer)
    {
        for (int round = 0; round < 2; round++)
        {
            loop.RunUntil(() => peer.HasSettled && (peer.IsClosed || subject.UnacknowledgedBytes == 0), "the bytes to arrive");
            if (peer.HasEnded && subject.FileDescriptor >= 0)
            {
                Descriptors.WaitReadable(subject.FileDescriptor);
            }

            loop.Passes(6);
        }

        if (!subject.Connected || subject.HasEnded)
        {
            peer.AwaitNews();
        }
    }

    private static string Play(int seed, Listener listener, IPeer peer, Action run)
    {
        var random = new Random(seed);
        var story = new StringBuilder();
        run();
        Subject subject = listener.Subject!;
        bool peerIsOpen = true;
        bool peerHasEnded = false;
        for (int step = 0; step < Steps; step++)
        {
            string what = random.Next(9) switch
            {
                0 or 1 when peerIsOpen && !peerHasEnded => Do("peer sends", () => peer.Send(random.Next(1, 3000))),
                2 when peerIsOpen && !peerHasEnded && random.Next(3) == 0 => Do("peer ends", peer.End),
                3 when peerIsOpen && random.Next(4) == 0 => Do("peer resets", peer.Reset),
                4 when peerIsOpen && random.Next(4) == 0 => Do("peer closes", peer.Close),
                5 or 6 => Do("channel sends", () => subject.SendSome(random.Next(1, 3000))),
                7 when random.Next(3) == 0 => Do("channel ends", subject.EndSome),
                8 when random.Next(3) == 0 => Do(subject.IsHeld ? "channel reads again" : "channel pauses", subject.Turn),
                _ => "nothing",
            };
            peerHasEnded |= what == "peer ends";
            peerIsOpen &= what is not ("peer resets" or "peer closes");
            run();
            story.Append(what).Append(": ").Append(subject.Told()).Append("; the peer ").Append(peerIsOpen ? peer.Look() : "has gone").Append('\n');
        }

        return story.ToString();
    }

    private static string Do(string what, Action action)
    {
        action();
        return what;
    }

    private interface IPeer : IDisposable
    {
        void Send(int count);

        void End();

        void Reset();

        void Close();

        /// <summary>What it has got in all, and how its stream stands.</summary>
        string Look();
    }

    private sealed class RealPeer(Socket socket) : IPeer
    {
        private readonly byte[] _buffer = new byte[64 * 1024];
        private int _got;
        private string _state = "open";

        public bool IsClosed { get; private set; }

        public bool HasEnded { get; private set; }

        /// <summary>What it sent has arrived, or never will: of a broken connection the system still counts it.</summary>
        public bool HasSettled => IsClosed || socket.Unacknowledged() == 0 || socket.Poll(0, SelectMode.SelectRead);

        public void AwaitNews()
        {
            if (!IsClosed)
            {
                Assert.True(socket.Poll(20_000_000, SelectMode.SelectRead), "the channel's end has not come");
            }
        }

        public void Send(int count)
        {
            try
            {
                socket.Send(new byte[count]);
            }
            catch (SocketException)
            {
                // told by the next look
            }
        }

        public void End()
        {
            HasEnded = true;
            try
            {
                socket.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // broken already
            }
        }

        public void Reset()
        {
            socket.ResetOnClose();
            Close();
        }

        public void Close()
        {
            (HasEnded, IsClosed) = (true, true);
            socket.Dispose();
        }

        public string Look()
        {
            while (_state == "open" && socket.Poll(0, SelectMode.SelectRead))
            {
                int count = socket.Receive(_buffer, 0, _buffer.Length, SocketFlags.None, out SocketError error);
                _got += Math.Max(count, 0);
                _state = error != SocketError.Success ? "broken" : count == 0 ? "ended" : "open";
            }

            return $"has {_got} bytes, {_state}";
        }

        public void Dispose() => socket.Dispose();
    }

    private sealed class SimulatedPeer(SimulatedClient client) : IPeer
    {
        public void Send(int count) => client.Send(new byte[count]);

        public void End() => client.End();

        public void Reset() => client.Reset();

        public void Close() => client.Close();

        public string Look() => $"has {client.Available} bytes, {client.State}";

        public void Dispose() => client.Dispose();
    }

    private sealed class Listener : Dispatcher
    {
        private readonly bool _halfOpen;

        public Listener(EventLoop loop, EndPoint address, bool halfOpen)
            : base(null, loop)
        {
            _halfOpen = halfOpen;
            CreateSocket(address.AddressFamily);
            Bind(address);
            Listen();
        }

        public Subject? Subject { get; private set; }

        protected override void HandleAccepted(AcceptedChannel accepted) =>
            Subject = new Subject(accepted) { AllowHalfOpen = _halfOpen };
    }

    private sealed class Subject(AcceptedChannel accepted) : DispatcherWithSend(accepted)
    {
        private readonly List<string> _told = [];
        private int _read;

        public bool IsHeld { get; private set; }

        public bool HasEnded { get; private set; }

        public string Told()
        {
            string told = $"{string.Join(' ', _told)}, {_read} read in all, connected {Connected}";
            _told.Clear();
            return told;
        }

        public void SendSome(int count)
        {
            if (Connected)
            {
                Send(new byte[count]);
            }
        }

        public void EndSome()
        {
            if (Connected)
            {
                HasEnded = true;
                ShutdownSend();
            }
        }

        public void Turn()
        {
            if (Connected)
            {
                IsHeld = !IsHeld;
                (IsHeld ? (Action)PauseReading : ResumeReading)();
            }
        }

        protected override void HandleRead() => _read += Receive().Length;

        protected override void HandleEndOfStream() => _told.Add("end");

        protected override void HandleClose()
        {
            // A reset behind an end (EPIPE) is told as one by who is told of hang-ups while nobody reads, which select is not.
            bool isReset = CloseReason is SocketException { SocketErrorCode: SocketError.ConnectionReset };
            _told.Add(isReset ? "close: reset" : "close");
            Close();
        }
    }
}
