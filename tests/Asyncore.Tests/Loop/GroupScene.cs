using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Loop;

/// <summary>A group that echoes, and writes down which loop and which thread served whom.</summary>
internal sealed class GroupScene : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    public GroupScene(IoBackendKind kind, int loops) =>
        Group = new EventLoopGroup(loops, new EventLoopOptions { Backend = kind });

    public EventLoopGroup Group { get; }

    /// <summary>The loop and the thread of every connection that was served.</summary>
    public ConcurrentQueue<(EventLoop Loop, int Thread)> Served { get; } = [];

    /// <summary>Starts, with a listener on every loop.</summary>
    public EndPoint Listen(AddressFamily family = AddressFamily.InterNetwork)
    {
        Group.Start();
        IReadOnlyList<Dispatcher> listeners = Group.Listen(
            Backends.AnyAddress(family), (address, loop) => new Server(address, loop, Serve));
        Assert.Equal(Group.Loops, listeners.Select(each => each.Loop));
        return Assert.Single(listeners.Select(each => each.Address!).Distinct());
    }

    /// <summary>Starts, with one listener, on the first loop, that hands over.</summary>
    public EndPoint ListenOnce(AddressFamily family)
    {
        EndPoint? address = null;
        Group.Start(loop => address ??= new Server(Backends.AnyAddress(family), loop, HandOver).Address);
        return address!;
    }

    public void HandOver(AcceptedChannel accepted) => Group.HandOver(accepted, Serve);

    public void Serve(AcceptedChannel accepted)
    {
        var handler = new EchoHandler(accepted);
        Served.Enqueue((handler.Loop, Environment.CurrentManagedThreadId));
    }

    /// <summary>Connects so many clients at once, and fails where one does not get back what it sends.</summary>
    public static void Exchange(EndPoint address, int clients)
    {
        Socket[] sockets = [.. Enumerable.Range(0, clients).Select(_ => Sockets.Dial(address))];
        for (int i = 0; i < clients; i++)
        {
            sockets[i].Send(Sockets.Pattern(100 + (37 * i)));
            sockets[i].Shutdown(SocketShutdown.Send);
        }

        for (int i = 0; i < clients; i++)
        {
            using Socket socket = sockets[i];
            Assert.Equal(Sockets.Pattern(100 + (37 * i)), socket.ReadToEnd());
        }
    }

    /// <summary>How many connections each loop served; fails where one was served on a thread that is not its loop's.</summary>
    public int[] CountByLoop()
    {
        Assert.All(Served.GroupBy(each => each.Loop), loop => Assert.Single(loop.Select(each => each.Thread).Distinct()));
        Assert.Equal(
            Served.Select(each => each.Loop).Distinct().Count(), Served.Select(each => each.Thread).Distinct().Count());
        return [.. Group.Loops.Select(loop => Served.Count(each => each.Loop == loop))];
    }

    /// <summary>Stops the group and waits for its end, which must be an orderly one.</summary>
    public void End()
    {
        Group.Stop();
        Join();
    }

    public void Join() => Companion.Start(Group.Join).Join();

    /// <summary>Keeps a loop busy in a callback until what it gives back is set; then the callback does something.</summary>
    public ManualResetEventSlim Hold(int loop, Action? then = null)
    {
        var entered = new ManualResetEventSlim();
        var released = new ManualResetEventSlim();
        Group.Loops[loop].Post(() =>
        {
            entered.Set();
            released.Wait(_patience);
            then?.Invoke();
        });
        Assert.True(entered.Wait(_patience, TestContext.Current.CancellationToken));
        return released;
    }

    public void Dispose() => Group.Dispose();

    public sealed class Server(EndPoint address, EventLoop loop, Action<AcceptedChannel> serve) : EchoServer(address, loop)
    {
        protected override void HandleAccepted(AcceptedChannel accepted) => serve(accepted);
    }
}
