using System.Net.Sockets;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>What many tests of the loop say about it.</summary>
internal static class LoopAsserts
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

    /// <summary>A connected pair, ours in a channel that is given a <see cref="Socket"/>: not on a simulated network.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="family">The family of both.</param>
    /// <param name="make">Makes the channel.</param>
    /// <param name="small">Small buffers, so that who sends to one that does not read is soon told to wait.</param>
    public static (T Channel, FarEnd Peer) Join<T>(
        this EventLoop loop, AddressFamily family, Func<Socket, EventLoop, T> make, bool small = false)
        where T : Dispatcher
    {
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        if (small)
        {
            ours.ShrinkBuffers();
            peer.ShrinkBuffers();
        }

        return (make(ours, loop), new SystemEnd(peer));
    }

    /// <summary>A connected pair, ours in a <see cref="Recorder"/>.</summary>
    public static (Recorder Channel, FarEnd Peer) JoinRecorder(
        this EventLoop loop, AddressFamily family, bool small = false) =>
        loop.Join(family, (socket, owner) => new Recorder(socket, owner), accepted => new Recorder(accepted), small);

    /// <summary>A connected pair, ours in a <see cref="Chooser"/>.</summary>
    public static (Chooser Channel, FarEnd Peer) JoinChooser(
        this EventLoop loop, AddressFamily family, bool small = false) =>
        loop.Join(family, (socket, owner) => new Chooser(socket, owner), accepted => new Chooser(accepted), small);

    /// <summary>A connected pair, ours in a <see cref="QueueRecorder"/>.</summary>
    public static (QueueRecorder Channel, FarEnd Peer) JoinQueue(
        this EventLoop loop, AddressFamily family, bool small = false) =>
        loop.Join(family, (socket, owner) => new QueueRecorder(socket, owner), accepted => new QueueRecorder(accepted), small);

    /// <summary>A connected pair, ours in an <see cref="UrgentChooser"/>.</summary>
    public static (UrgentChooser Channel, FarEnd Peer) JoinUrgent(this EventLoop loop, AddressFamily family) =>
        loop.Join(family, (socket, owner) => new UrgentChooser(socket, owner));

    /// <summary>Sends, and waits until it has arrived at the channel's descriptor.</summary>
    public static void Deliver(this FarEnd peer, Dispatcher channel, string text)
    {
        peer.Send(System.Text.Encoding.ASCII.GetBytes(text));
        channel.Await(Kernel.In);
    }

    /// <summary>Sends, and waits until it has arrived at the channel's descriptor.</summary>
    public static void Deliver(this Socket peer, Dispatcher channel, string text) =>
        new SystemEnd(peer).Deliver(channel, text);

    /// <summary>Sends an urgent byte, which a simulated network has not.</summary>
    public static void SendUrgent(this FarEnd peer, ReadOnlySpan<byte> data) =>
        ((Socket)peer).Send(data, SocketFlags.OutOfBand);

    /// <summary>What a recorder has received, as text.</summary>
    public static string Text(this Recorder channel) => System.Text.Encoding.ASCII.GetString([.. channel.Received]);
}
