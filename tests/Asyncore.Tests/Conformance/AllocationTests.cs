using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>
/// Nothing is allocated per event in steady state. On Epoll and Poll: Select goes through the .NET library's lists of
/// sockets, which are made anew in every pass, and is exempt.
/// </summary>
public class AllocationTests
{
    private const int WarmUp = 2000; // also until nothing is compiled behind our back any more
    private const int Rounds = 5000;

    public static TheoryData<IoBackendKind> LeanKinds =>
        [.. Backends.Kinds.Where(kind => kind != IoBackendKind.Select)];

    public static TheoryData<IoBackendKind, AddressFamily> Lean
    {
        get
        {
            var data = new TheoryData<IoBackendKind, AddressFamily>();
            foreach (IoBackendKind kind in LeanKinds)
            {
                foreach (AddressFamily family in new[]
                {
                    AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix,
                })
                {
                    data.Add(kind, family);
                }
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Lean))]
    public void EchoAllocatesNothingPerRoundTrip(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var server = new EchoServer(Backends.AnyAddress(family), loop);
        using Socket first = Sockets.Dial(server.Address!);
        using Socket second = Sockets.Dial(server.Address!);
        loop.RunUntil(() => loop.Channels.Count == 3);

        AssertLean(() =>
        {
            long allocated = RoundTrip(loop, first, 64);
            return allocated + RoundTrip(loop, second, 5000);
        });
    }

    [Theory, MemberData(nameof(Lean))]
    public void DispatcherWithSendAllocatesNothingPerRoundTrip(IoBackendKind kind, AddressFamily family)
    {
        // Several sends a round, of which one goes straight to the kernel and the rest is gathered.
        using EventLoop loop = TestLoop.Create(kind);
        (Answering channel, Socket peer) = loop.Join(family, (socket, owner) => new Answering(socket, owner));
        using Socket _ = peer;
        byte[] answer = new byte[Answering.Size];

        AssertLean(() =>
        {
            peer.Send("?"u8);
            long before = GC.GetAllocatedBytesForCurrentThread();
            channel.Answered = false;
            while (!channel.Answered)
            {
                loop.RunOnce(TimeSpan.FromSeconds(20));
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            ReadFully(peer, answer);
            return allocated;
        });
    }

    [Theory, MemberData(nameof(Lean))]
    public void AChatAllocatesNothingPerLine(IoBackendKind kind, AddressFamily family)
    {
        // Sixteen lines in two pieces, cut in the middle of one, and each echoed in two pushes.
        using EventLoop loop = TestLoop.Create(kind);
        (LineEcho chat, Socket peer) = loop.Join(family, (socket, owner) => new LineEcho(socket, owner));
        using Socket _ = peer;
        byte[] lines = new byte[16 * 64];
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i] = (byte)(i % 64 == 63 ? '\n' : 'a' + (i % 26));
        }

        byte[] answer = new byte[lines.Length];
        AssertLean(() =>
        {
            int read = chat.Reads;
            peer.Send(lines.AsSpan(0, 500));
            long allocated = Allocations.Of(() => Await(read + 1));
            peer.Send(lines.AsSpan(500));
            allocated += Allocations.Of(() => Await(read + 2));
            ReadFully(peer, answer);
            Assert.True(answer.AsSpan().SequenceEqual(lines));
            return allocated;
        });

        void Await(int reads)
        {
            while (chat.Reads < reads)
            {
                loop.RunOnce(TimeSpan.FromSeconds(20));
            }
        }
    }

    [Theory, MemberData(nameof(Lean))]
    public void ChannelsThatAreAskedInEveryPassAllocateNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Polled channel, Socket peer) = loop.Join(family, (socket, owner) => new Polled(socket, owner));
        using Socket _ = peer;
        byte[] answer = new byte[4];

        AssertLean(() =>
        {
            peer.Send("?"u8);
            long before = GC.GetAllocatedBytesForCurrentThread();
            int writes = channel.Writes;
            while (channel.Writes == writes)
            {
                loop.RunOnce(TimeSpan.FromSeconds(20));
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            ReadFully(peer, answer);
            return allocated;
        });
    }

    [Theory, MemberData(nameof(Lean))]
    public void ATimeoutThatEveryEventPutsOffAllocatesNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Answering channel, Socket peer) = loop.Join(family, (socket, owner) => new Answering(socket, owner));
        using Socket _ = peer;
        channel.Timeout = loop.CallLater(TimeSpan.FromHours(1), () => Assert.Fail("too early"));
        byte[] answer = new byte[Answering.Size];

        AssertLean(() =>
        {
            peer.Send("?"u8);
            long before = GC.GetAllocatedBytesForCurrentThread();
            channel.Answered = false;
            while (!channel.Answered)
            {
                loop.RunOnce(TimeSpan.FromSeconds(20));
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            ReadFully(peer, answer);
            return allocated;
        });
    }

    [Theory, MemberData(nameof(LeanKinds))]
    public void TimersThatFireAndAreSetAgainAllocateNothing(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        int fired = 0;
        TimerHandle? again = null;
        again = loop.CallLater(TimeSpan.Zero, () =>
        {
            fired++;
            again!.Reset();
        });
        TimerHandle beat = loop.CallEvery(TimeSpan.FromTicks(1), () => fired++);

        AssertLean(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int start = fired;
            while (fired < start + 2)
            {
                loop.RunOnce(TimeSpan.FromSeconds(20));
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        beat.Cancel();
    }

    [Theory, MemberData(nameof(LeanKinds))]
    public void PostingACallbackThatExistsAllocatesNothing(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        int ran = 0;
        Action callback = () => ran++;

        AssertLean(() =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            loop.Post(callback);
            loop.Post(callback);
            loop.RunOnce(TimeSpan.Zero);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.True(ran >= 2 * WarmUp);
    }

    private static void AssertLean(Func<long> round)
    {
        for (int i = 0; i < WarmUp; i++)
        {
            round();
        }

        Assert.Equal(0, Allocations.Least(Rounds / 5, round));
    }

    // What the client allocates is no concern of the library: only the passes are measured.
    private static long RoundTrip(EventLoop loop, Socket client, int size)
    {
        Span<byte> message = stackalloc byte[size];
        client.Send(message);
        long before = GC.GetAllocatedBytesForCurrentThread();
        while (client.Available < size)
        {
            loop.RunOnce(TimeSpan.FromSeconds(20));
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        ReadFully(client, message);
        return allocated;
    }

    private static void ReadFully(Socket socket, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int count = socket.Receive(buffer);
            Assert.True(count > 0);
            buffer = buffer[count..];
        }
    }

    private sealed class LineEcho : AsyncChat
    {
        public LineEcho(Socket socket, EventLoop loop)
            : base(socket, loop) => SetTerminator('\n');

        public int Reads { get; private set; }

        protected override void HandleRead()
        {
            base.HandleRead();
            Reads++;
        }

        protected override void FoundTerminator()
        {
            Push(PeekData());
            Push("\n"u8);
            ClearData();
            SetTerminator("\n"); // as most programs do at every item
        }
    }

    private sealed class Answering(Socket socket, EventLoop loop) : DispatcherWithSend(socket, loop)
    {
        public const int Size = 9000 + 5000 + 3;

        private readonly byte[] _large = new byte[9000];
        private readonly byte[] _middle = new byte[5000];

        public bool Answered { get; set; }

        public TimerHandle? Timeout { get; set; }

        protected override void HandleRead()
        {
            Receive();
            Timeout?.Reset();
            Send(_large);
            Send("abc"u8);
            Send(_middle);
            Answered = true;
        }

        protected override void HandleWrite()
        {
        }
    }

    private sealed class Polled(Socket socket, EventLoop loop) : Dispatcher(socket, loop)
    {
        private bool _wants;

        public int Writes { get; private set; }

        protected override bool Readable() => !_wants;

        protected override bool Writable() => _wants;

        protected override void HandleRead()
        {
            Receive();
            _wants = true;
        }

        protected override void HandleWrite()
        {
            Send("four"u8);
            _wants = false;
            Writes++;
        }
    }
}
