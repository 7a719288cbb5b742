using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>Loops for tests, and waiting on them for events instead of for time.</summary>
public static class TestLoop
{
    // Only ever met by a test that fails: how long an event may be missing before it counts as lost.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    /// <summary>A loop on the backend asked for, and on no other.</summary>
    public static EventLoop Create(IoBackendKind kind, TimeProvider? clock = null) =>
        Create(new EventLoopOptions { Backend = kind, TimeProvider = clock ?? TimeProvider.System });

    /// <summary>A loop with these options, on the backend that they name; a simulated one has its network's clock.</summary>
    public static EventLoop Create(EventLoopOptions options)
    {
        EventLoop loop = options.Backend == IoBackendKind.Simulated ? Networks.CreateSimulated(options) : new EventLoop(options);
        Assert.Equal(options.Backend, loop.Backend);
        return loop;
    }

    /// <summary>Runs passes until something has come about; fails if it never does.</summary>
    public static void RunUntil(this EventLoop loop, Func<bool> condition, string what = "the condition")
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < _patience, $"{what} did not come about");
            loop.RunOnce(TimeSpan.FromMilliseconds(20));
        }
    }

    /// <summary>Runs so many passes without waiting.</summary>
    public static void Passes(this EventLoop loop, int count)
    {
        for (int i = 0; i < count; i++)
        {
            loop.RunOnce(TimeSpan.Zero);
        }
    }

    /// <summary>A connected pair of plain blocking sockets, neither of them in a loop: hand one to a channel.</summary>
    public static (Socket Ours, Socket Peer) Pair(AddressFamily family)
    {
        using var listener = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
        EndPoint address = Backends.AnyAddress(family);
        listener.Bind(address);
        listener.Listen(1);
        var peer = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
        peer.Connect(listener.LocalEndPoint!);
        Socket ours = listener.Accept();
        peer.ReceiveTimeout = (int)_patience.TotalMilliseconds;
        peer.SendTimeout = (int)_patience.TotalMilliseconds;
        return (ours, peer);
    }

    /// <summary>Makes closing this socket reset the connection.</summary>
    public static void ResetOnClose(this Socket socket) => socket.LingerState = new LingerOption(true, 0);
}
