using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Uring;

/// <summary>What was received and accepted ahead goes with the channel, whatever the other loop runs on.</summary>
public class MovingTests
{
    // 10. Some of it read, some left, some still to come; at rest, and in a handler.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Unread_input_moves_along(IoBackendKind kind)
    {
        using EventLoop from = Ring.Create();
        using EventLoop to = TestLoop.Create(kind);
        using IDisposable reason = from.KeepAlive();
        byte[] stream = Sockets.Pattern(300_000);
        foreach (int size in (int[])[10, 5_000, 100_000])
        {
            foreach (bool inHandler in (bool[])[false, true])
            {
                (Recorder channel, Socket peer) = from.Connect();
                using Socket _ = peer;
                byte[] few = new byte[7];
                channel.OnRead = () =>
                {
                    channel.OnRead = () => { };
                    channel.Received.AddRange(few.AsSpan(0, channel.Recv(few)).ToArray());
                    if (inHandler)
                    {
                        channel.AddChannel(to);
                        channel.OnRead = null;
                    }
                };
                peer.Send(stream, 0, size, SocketFlags.None);
                from.RunUntil(() => channel.Received.Count > 0);
                from.Passes(2);
                if (!inHandler)
                {
                    channel.AddChannel(to);
                    channel.OnRead = null;
                }

                peer.Send(stream, size, size, SocketFlags.None);
                to.RunUntil(() => channel.Received.Count == 2 * size);
                Assert.True(stream.AsSpan(0, 2 * size).SequenceEqual([.. channel.Received]));
                from.AssertBuffersBack();
                to.AssertIdle();

                // The end comes after it, and once.
                peer.Shutdown(SocketShutdown.Send);
                to.RunUntil(() => !channel.Connected);
                Assert.Single(channel.Events, "close");
            }
        }
    }

    // 10. Into the other loop paused: nothing is told there, and nothing lost.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_paused_channel_moves_with_what_it_has(IoBackendKind kind)
    {
        using EventLoop from = Ring.Create();
        using EventLoop to = TestLoop.Create(kind);
        (Recorder channel, Socket peer) = from.Connect();
        using Socket _ = peer;
        channel.OnRead = channel.PauseReading;
        peer.Send("one"u8);
        from.RunUntil(() => channel.Events.Count > 0);
        channel.OnRead = null;
        channel.AddChannel(to);
        peer.Send("two"u8);
        to.Passes(3);
        to.AssertIdle();
        Assert.Single(channel.Events);
        channel.ResumeReading();
        to.RunUntil(() => channel.Received.Count == 6);
        Assert.Equal("onetwo", channel.Text());
    }

    // 10. The error that the receive ahead has met is told where the channel is by then, after the bytes before it.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_reset_that_was_received_ahead_moves_along(IoBackendKind kind)
    {
        using EventLoop from = Ring.Create();
        using EventLoop to = TestLoop.Create(kind);
        (Recorder channel, Socket peer) = from.Connect();
        channel.OnRead = () => { };
        peer.Send("before"u8);
        from.RunUntil(() => channel.Events.Count > 0);
        peer.ResetOnClose();
        peer.Dispose();
        Descriptors.WaitHungUp(channel.FileDescriptor);
        from.Passes(3);
        Assert.True(channel.Connected);
        channel.OnRead = null;
        channel.AddChannel(to);
        to.RunUntil(() => !channel.Connected);
        Assert.Equal("before", channel.Text());
        Assert.Single(channel.Events, "close");
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(channel.CloseReason).SocketErrorCode);
    }

    // 10. Connections that the loop has accepted, and its listener has not, are the listener's wherever it goes.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_listener_moves_with_the_connections_accepted_ahead(IoBackendKind kind)
    {
        using EventLoop from = Ring.Create(maxAcceptsPerPass: 1);
        using EventLoop to = TestLoop.Create(kind);
        List<Recorder> accepted = [];
        Recorder listener = new Recorder(socket: null, from).ListenOn(AddressFamily.InterNetwork);
        from.Passes(2);
        List<Socket> clients = [.. Enumerable.Range(0, 20).Select(_ => Sockets.Dial(listener.Address!))];
        listener.OnAccepted = connection => accepted.Add(new Recorder(connection));
        from.RunUntil(() => accepted.Count == 3);
        listener.AddChannel(to);
        to.RunUntil(() => accepted.Count == 20);
        clients.Add(Sockets.Dial(listener.Address!));
        to.RunUntil(() => accepted.Count == 21);
        for (int i = 0; i < clients.Count; i++)
        {
            clients[i].Send([(byte)i]);
        }

        from.RunUntil(() => accepted[..3].TrueForAll(each => each.Received.Count == 1));
        to.RunUntil(() => accepted[3..].TrueForAll(each => each.Received.Count == 1));
        Assert.Equal(Enumerable.Range(0, 21), accepted.Select(each => (int)each.Received[0]));
        Assert.All(accepted[3..], each => Assert.Same(to, each.Loop));
        to.AssertIdle();
        clients.ForEach(client => client.Dispose());
    }
}
