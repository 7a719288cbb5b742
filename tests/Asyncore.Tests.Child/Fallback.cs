using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Asyncore.Tests.Child;

/// <summary>What loops there are where the system refuses; it prints what it finds.</summary>
internal static class Fallback
{
    /// <summary>The call is denied from the start, or nothing is.</summary>
    public static void FromTheStart()
    {
        Choose();
        Choose();
        AskByName();
    }

    /// <summary>The call is denied while one loop runs on io_uring.</summary>
    public static void HalfWay(uint call, uint errno)
    {
        var loop = new EventLoop(new EventLoopOptions { Backend = IoBackendKind.IoUring });
        using Socket client = Serve(loop);
        Console.WriteLine($"first {loop.Backend} {Echo(loop, client)}");
        SystemFilter.Deny(call, errno);
        Console.WriteLine($"first {loop.Backend} {Echo(loop, client)}");
        using Socket later = Serve(loop);
        Console.WriteLine($"first {loop.Backend} {Echo(loop, later)}");
        Choose();
        AskByName();

        // The queues belong to a thread, and another one cannot have new ones.
        string outcome = "nothing";
        var thread = new Thread(() => outcome = Try(() => loop.RunOnce(TimeSpan.Zero)));
        thread.Start();
        thread.Join();
        Console.WriteLine($"moved {outcome}");
        Console.WriteLine($"closed {Try(loop.Dispose)}");
        Console.WriteLine($"client {client.Receive(new byte[1])}");
    }

    /// <summary>Keeps what is said of loops.</summary>
    public static LogTo LoopsTo(List<string> log) => new(LogLevel.Trace, (level, line) =>
    {
        if (line.Contains("event loop", StringComparison.Ordinal))
        {
            lock (log)
            {
                log.Add($"{level}: {line}");
            }
        }
    });

    private static void Choose()
    {
        var log = new List<string>();
        using var loop = new EventLoop(new EventLoopOptions { LoggerFactory = LoopsTo(log) });
        using Socket client = Serve(loop);
        Console.WriteLine($"auto {Echo(loop, client)} {loop.Backend}");
        log.ForEach(Console.WriteLine);
    }

    private static void AskByName() => Console.WriteLine("named " + Try(() =>
    {
        using var loop = new EventLoop(new EventLoopOptions { Backend = IoBackendKind.IoUring });
        using Socket client = Serve(loop);
        Console.WriteLine($"named {Echo(loop, client)}");
    }));

    /// <summary>What comes of it: that it is done, or the exception.</summary>
    public static string Try(Action action)
    {
        try
        {
            action();
            return "done";
        }
        catch (Exception error)
        {
            return $"{error.GetType().Name}: {error.Message}";
        }
    }

    private static Socket Serve(EventLoop loop)
    {
        var server = new Protocols.EchoServer(new IPEndPoint(IPAddress.Loopback, 0), loop);
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        client.Connect(server.Address!);
        return client;
    }

    private static string Echo(EventLoop loop, Socket client)
    {
        client.Send("x"u8);
        while (client.Available == 0)
        {
            loop.RunOnce(TimeSpan.FromMilliseconds(20));
        }

        return $"echoed {client.Receive(new byte[8])}";
    }
}
