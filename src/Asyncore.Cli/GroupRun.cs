using System.Net;
using System.Net.Sockets;

namespace Asyncore.Cli;

/// <summary>A server on several loops: it says where it listens, and runs until a signal.</summary>
internal static class GroupRun
{
    /// <param name="group">The loops; disposed of at the end.</param>
    /// <param name="where">Where to listen.</param>
    /// <param name="make">Makes the listener of one loop.</param>
    public static int Run(EventLoopGroup group, HostPort where, Func<EndPoint, EventLoop, Dispatcher> make)
    {
        using EventLoopGroup owned = group;
        using var signals = new StopSignals(group.Stop);
        try
        {
            group.Start();
            Dispatcher first = Listen(group, where, make)[0];
            Console.Out.WriteLine($"listening on {first.Address}");
            Console.Out.Flush();
        }
        catch (OperationCanceledException error) when (error.InnerException is null)
        {
            return 0; // the signal came first
        }

        try
        {
            group.Join();
            return 0;
        }
        catch (Exception error)
        {
            throw new CommandFailedException(error.Message);
        }
    }

    private static IReadOnlyList<Dispatcher> Listen(
        EventLoopGroup group, HostPort where, Func<EndPoint, EventLoop, Dispatcher> make)
    {
        try
        {
            return group.Listen(where.ToLocal(), make);
        }
        catch (SocketException error)
        {
            throw new CommandFailedException($"cannot listen on {where}: {error.Message}");
        }
        catch (OperationCanceledException error) when (error.InnerException is { } failure)
        {
            throw new CommandFailedException(failure.Message);
        }
    }
}
