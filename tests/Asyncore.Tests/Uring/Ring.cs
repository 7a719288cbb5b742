using System.Net.Sockets;
using System.Reflection;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Uring;

/// <summary>Loops on io_uring, and connections as only listeners give them: such that their sends leave in batches.</summary>
internal static class Ring
{
    private const BindingFlags Hidden = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    /// <summary>A loop on io_uring; skips the test where there is none.</summary>
    public static EventLoop Create(int maxAcceptsPerPass = 64)
    {
        Assert.SkipUnless(EventLoop.IsSupported(IoBackendKind.IoUring), "there is no io_uring here");
        var loop = new EventLoop(new EventLoopOptions
        {
            Backend = IoBackendKind.IoUring,
            MaxAcceptsPerPass = maxAcceptsPerPass,
        });
        Assert.Equal(IoBackendKind.IoUring, loop.Backend);
        return loop;
    }

    /// <summary>Accepted connections with their clients, in the order in which these have connected.</summary>
    public static List<(T Channel, Socket Peer)> Connect<T>(
        this EventLoop loop, int count, Func<AcceptedChannel, T> make, AddressFamily family = AddressFamily.InterNetwork)
        where T : Dispatcher
    {
        List<T> channels = [];
        List<Socket> peers = [];
        Recorder listener = new Recorder(socket: null, loop) { OnAccepted = accepted => channels.Add(make(accepted)) }.ListenOn(family);
        while (peers.Count < count)
        {
            for (int i = 0; i < 200 && peers.Count < count; i++)
            {
                peers.Add(Sockets.Dial(listener.Address!));
            }

            loop.RunUntil(() => channels.Count == peers.Count, "all connections");
        }

        listener.Close();
        return [.. channels.Zip(peers)];
    }

    public static (Recorder Channel, Socket Peer) Connect(
        this EventLoop loop, AddressFamily family = AddressFamily.InterNetwork) =>
        loop.Connect(1, accepted => new Recorder(accepted), family)[0];

    /// <summary>Runs the loop without leaving it in between, until somebody stops it.</summary>
    public static void RunUntilStopped(this EventLoop loop)
    {
        TimerHandle patience = loop.CallLater(TimeSpan.FromSeconds(20), () => Assert.Fail("nobody has stopped the loop"));
        Exception? failure = null;
        loop.UnhandledError += Note;
        loop.Run();
        loop.UnhandledError -= Note;
        patience.Cancel();
        Assert.True(failure is null, $"{failure}");

        void Note(Exception error)
        {
            failure ??= error;
            loop.Stop();
        }
    }

    /// <summary>Fails where the kernel has not got all its receive buffers back.</summary>
    public static void AssertBuffersBack(this EventLoop loop)
    {
        using IDisposable reason = loop.KeepAlive();
        loop.Passes(2);
        (int free, int count) = ((int, int))Inner(Inner(loop, "Io"), "Buffers");
        Assert.Equal(count, free);
        Assert.Equal(0, Inner(Inner(loop, "Segments"), "SharedEnd"));
        Assert.False(loop.HasBatch());
    }

    /// <summary>Whether sends are in the batch that has not left.</summary>
    public static bool HasBatch(this EventLoop loop) => (bool)Inner(Inner(loop, "Io"), "HasBatch");

    public static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    // By reflection: a friend of the library would have to override its handlers as "protected internal".
    private static object Inner(object of, string property) =>
        of.GetType().GetProperty(property, Hidden)!.GetValue(of)!;

    /// <summary>Reads until the connection ends, by whatever.</summary>
    public static void AwaitEnd(this Socket peer)
    {
        SocketError error = peer.ReadToError();
        Assert.True(error is SocketError.Success or SocketError.ConnectionReset, $"the connection is still there: {error}");
    }
}

/// <summary>Tests that count what the process has, or take very much of it, and so run alone.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
#pragma warning disable CA1711
public class Alone;
#pragma warning restore CA1711
