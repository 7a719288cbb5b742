using System.Net.Sockets;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>What many tests of the loop say about it.</summary>
public static class LoopAsserts
{
    /// <summary>
    /// Fails where the loop goes round while nothing happens: with a timer it has two passes to go, one that waits
    /// until the timer is due and one that runs it. For loops on the system's clock.
    /// </summary>
    public static void AssertIdle(this EventLoop loop)
    {
        bool due = false;
        loop.CallLater(TimeSpan.FromMilliseconds(20), () =>
        {
            due = true;
            loop.Stop(); // the first pass may have been so late that the second would wait for ever
        });
        loop.Run(count: 2);
        Assert.True(due, "the loop goes round though nothing happens");
    }

    /// <summary>A connected pair, ours in a channel.</summary>
    public static (T Channel, Socket Peer) Join<T>(
        this EventLoop loop, AddressFamily family, Func<Socket, EventLoop, T> make)
        where T : Dispatcher
    {
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        return (make(ours, loop), peer);
    }

    /// <summary>A connected pair, ours in a <see cref="Recorder"/>.</summary>
    public static (Recorder Channel, Socket Peer) JoinRecorder(this EventLoop loop, AddressFamily family) =>
        loop.Join(family, (socket, owner) => new Recorder(socket, owner));

    /// <summary>A connected pair, ours in a <see cref="Chooser"/>.</summary>
    public static (Chooser Channel, Socket Peer) JoinChooser(this EventLoop loop, AddressFamily family) =>
        loop.Join(family, (socket, owner) => new Chooser(socket, owner));

    /// <summary>A connected pair, ours in an <see cref="UrgentChooser"/>.</summary>
    public static (UrgentChooser Channel, Socket Peer) JoinUrgent(this EventLoop loop, AddressFamily family) =>
        loop.Join(family, (socket, owner) => new UrgentChooser(socket, owner));

    /// <summary>Sends, and waits until it has arrived at the channel's descriptor.</summary>
    public static void Deliver(this Socket peer, Dispatcher channel, string text)
    {
        peer.Send(System.Text.Encoding.ASCII.GetBytes(text));
        Kernel.Await(channel.FileDescriptor, Kernel.In);
    }

    /// <summary>What a recorder has received, as text.</summary>
    public static string Text(this Recorder channel) => System.Text.Encoding.ASCII.GetString([.. channel.Received]);
}
