using System.Net;
using System.Net.Sockets;
using System.Runtime;
using System.Security.Cryptography;
using Asyncore.Protocols;

namespace Asyncore.Tests.Child;

/// <summary>
/// Bytes that go to a loop on a thread of its own and come back; it prints the digests of what was sent and of what came.
/// </summary>
internal static class Transfer
{
    private const int Between = 256 * 1024; // bytes, from one collection to the next
    private const int Patience = 60_000;

    private static readonly byte[]?[] _litter = new byte[500][];

    /// <param name="backend">The loop's.</param>
    /// <param name="form">Whether it is <c>echo</c>, a <c>chat</c>, or a <c>forward</c>er in front of the echo.</param>
    /// <param name="length">How many bytes.</param>
    /// <param name="collects">Whether the collector moves everything again and again meanwhile.</param>
    public static void Run(IoBackendKind backend, string form, int length, bool collects)
    {
        using var loop = new EventLoop(new EventLoopOptions { Backend = backend });
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            SendTimeout = Patience,
            ReceiveTimeout = Patience,
        };
        client.Connect(Serve(loop, form));
        var serving = new Thread(() => loop.Run());
        serving.Start();
        string sent = string.Empty;
        var sending = new Thread(() => sent = Send(client, length));
        sending.Start();
        string back = Receive(client, collects);
        sending.Join();
        loop.Stop();
        serving.Join();
        Console.WriteLine($"sent {sent}");
        Console.WriteLine($"back {back}");
        Console.WriteLine($"collected {GC.CollectionCount(0)} {GC.CollectionCount(GC.MaxGeneration)}");
    }

    private static EndPoint Serve(EventLoop loop, string form)
    {
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        switch (form)
        {
            case "chat":
                return new ChatServer(any, loop).Address!;
            case "forward":
                return new Forwarder(any, new EchoServer(any, loop).Address!, loop: loop).Address!;
            default:
                return new EchoServer(any, loop).Address!;
        }
    }

    private static string Send(Socket client, int length)
    {
        var random = new Random(length);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[100_000];
        while (length > 0)
        {
            Span<byte> piece = buffer.AsSpan(0, Math.Min(length, random.Next(1, buffer.Length)));
            random.NextBytes(piece);
            digest.AppendData(piece);
            client.Send(piece);
            length -= piece.Length;
        }

        client.Shutdown(SocketShutdown.Send);
        return Convert.ToHexString(digest.GetHashAndReset());
    }

    private static string Receive(Socket client, bool collects)
    {
        var random = new Random(1);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[50_000];
        int since = 0;
        while (client.Receive(buffer) is > 0 and var count)
        {
            digest.AppendData(buffer, 0, count);
            since += count;
            if (collects && since >= Between)
            {
                since = 0;
                Collect(random);
            }
        }

        return Convert.ToHexString(digest.GetHashAndReset());
    }

    // Holes everywhere, so that there is somewhere to move to, also among the large objects.
    private static void Collect(Random random)
    {
        for (int i = 0; i < 100; i++)
        {
            _litter[random.Next(_litter.Length)] = new byte[random.Next(10) == 0 ? 100_000 : random.Next(1, 10_000)];
        }

        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
    }

    private sealed class ChatServer(EndPoint address, EventLoop loop) : EchoServer(address, loop)
    {
        protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Chat(accepted);
    }

    // Sends back each item, by turns as a copy and as the array itself, which nobody else holds.
    private sealed class Chat : AsyncChat
    {
        private const int ItemSize = 5_000;

        private bool _copies;

        public Chat(AcceptedChannel accepted)
            : base(accepted)
        {
            AllowHalfOpen = true;
            HighWaterMark = 1 << 20;
            RepeatTerminator = true;
            SetTerminator(ItemSize);
        }

        protected override void FoundTerminator()
        {
            byte[] item = GetData();
            _copies = !_copies;
            if (_copies)
            {
                Push(item.AsSpan());
            }
            else
            {
                Push(new ReadOnlyMemory<byte>(item));
            }
        }

        protected override void HandleEndOfStream()
        {
            FoundTerminator(); // the last item is shorter
            CloseWhenDone();
        }

        protected override void HandleHighWater() => PauseReading();

        protected override void HandleLowWater() => ResumeReading();
    }
}
