using System.Net.Sockets;

namespace Asyncore.Cli;

/// <summary>What the commands that serve have in common: they say where they listen, and run until a signal.</summary>
internal static class ServerRun
{
    /// <param name="loop">The loop; disposed of at the end.</param>
    /// <param name="where">Where the server was told to listen, for the message where it cannot.</param>
    /// <param name="start">Makes the server, which listens when it returns.</param>
    public static int Run(EventLoop loop, HostPort where, Func<EventLoop, Dispatcher> start)
    {
        using EventLoop owned = loop;

        using var signals = new StopSignals(loop.Stop);
        Dispatcher server = Start(loop, where, start);
        Console.Out.WriteLine($"listening on {server.Address}");
        Console.Out.Flush();
        loop.Run();
        return server.Accepting ? 0 : throw new CommandFailedException("the listener has closed; see above");
    }

    private static Dispatcher Start(EventLoop loop, HostPort where, Func<EventLoop, Dispatcher> start)
    {
        try
        {
            return start(loop);
        }
        catch (SocketException error)
        {
            throw new CommandFailedException($"cannot listen on {where}: {error.Message}");
        }
    }
}
