using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;

namespace Asyncore.Tests.Child;

/// <summary>Loops on threads of their own, of which the system refuses the later ones what the first have; it prints what it finds.</summary>
internal static class Fleet
{
    private const int Loops = 4;
    private const int Clients = 3 * Loops;

    public static void HalfWay(uint call, uint errno)
    {
        using EventLoopGroup first = Make(IoBackendKind.IoUring);
        first.Start();
        EndPoint address = Listen(first, first);
        Socket[] clients = Dial(address);
        Console.WriteLine($"first {Backends(first)} {Echo(clients)}");
        using EventLoopGroup waiting = Make(IoBackendKind.IoUring);

        SystemFilter.Deny(call, errno);
        Console.WriteLine($"first {Backends(first)} {Echo(clients)}");
        Console.WriteLine($"first {Backends(first)} {Echo(Dial(address))}");

        var log = new List<string>();
        using EventLoopGroup later = Make(IoBackendKind.Auto, log);
        log.ForEach(Console.WriteLine);
        later.Start();
        Console.WriteLine($"later {Backends(later)} {Echo(Dial(Listen(later, later)))}");
        Console.WriteLine($"from first to later {Echo(Dial(Listen(first, later)))}");
        Console.WriteLine($"from later to first {Echo(Dial(Listen(later, first)))}");
        Console.WriteLine($"named {Fallback.Try(() => Make(IoBackendKind.IoUring).Dispose())}");

        // Made before and started after: their threads are others than the one that made their queues.
        waiting.Start();
        Console.WriteLine($"waiting {Fallback.Try(waiting.Join)}");
        Console.WriteLine($"first {Backends(first)} {Echo(clients)}");
        Console.WriteLine($"ended {Fallback.Try(() => End(first))} {Fallback.Try(() => End(later))}");
        Console.WriteLine($"clients {clients.Sum(each => each.Receive(new byte[1]))}");
    }

    private static EventLoopGroup Make(IoBackendKind backend, List<string>? log = null) => new(
        Loops, new EventLoopOptions { Backend = backend, LoggerFactory = log is null ? null : Fallback.LoopsTo(log) });

    private static string Backends(EventLoopGroup group) => string.Join(
        ' ', group.Loops.GroupBy(each => Ask(each, loop => loop.Backend)).Select(each => $"{each.Count()} {each.Key}"));

    // A listener in one group that gives its connections to the loops of another, or of its own, in turn.
    private static EndPoint Listen(EventLoopGroup here, EventLoopGroup there) =>
        Ask(here.Loops[0], loop => new Listener(loop, there).Address!);

    // On the loop's own thread.
    private static T Ask<T>(EventLoop loop, Func<EventLoop, T> question)
    {
        var answer = new TaskCompletionSource<T>();
        loop.Post(() => answer.SetResult(question(loop)));
        return answer.Task.Result;
    }

    private static Socket[] Dial(EndPoint address)
    {
        Socket[] clients = new Socket[Clients];
        for (int i = 0; i < Clients; i++)
        {
            clients[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 20_000 };
            clients[i].Connect(address);
        }

        return clients;
    }

    private static string Echo(Socket[] clients)
    {
        Array.ForEach(clients, each => each.Send("x"u8));
        return $"echoed {clients.Sum(each => each.Receive(new byte[8]))}";
    }

    private static void End(EventLoopGroup group)
    {
        group.Stop();
        group.Join();
    }

    private sealed class Listener(EventLoop loop, EventLoopGroup group) : EchoServer(new IPEndPoint(IPAddress.Loopback, 0), loop)
    {
        protected override void HandleAccepted(AcceptedChannel accepted) =>
            group.HandOver(accepted, moved => _ = new EchoHandler(moved));
    }
}
