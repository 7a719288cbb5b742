using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Uring;

/// <summary>
/// Completions for who has closed: their buffers go back, their descriptors are closed, and no handler hears of them.
/// </summary>
[Collection(nameof(Alone))]
public class CloseTests
{
    public static TheoryData<string, bool> Ways => new()
    {
        { "data", false },
        { "data", true },
        { "reset", false },
        { "reset", true },
        { "both", false },
        { "both", true },
        { "end", false },
    };

    // 6. News of all come with one wait, and the first to be told closes the others.
    [Theory, MemberData(nameof(Ways))]
    public void News_for_a_channel_that_another_handler_closes_is_dropped(string news, bool abort)
    {
        using EventLoop loop = Ring.Create();
        int descriptors = Ring.OpenDescriptors();
        List<(Recorder Channel, Socket Peer)> all = loop.Connect(100, accepted => new Recorder(accepted));
        int told = 0;
        foreach ((Recorder channel, Socket peer) in all)
        {
            channel.OnRead = CloseAll;
            channel.OnClose = CloseAll;
            if (news != "reset" && news != "end")
            {
                peer.Send(new byte[100]);
            }

            if (news is "reset" or "both")
            {
                peer.ResetOnClose();
            }

            if (news != "data")
            {
                peer.Dispose();
            }
        }

        loop.RunUntil(() => told > 0);
        loop.Passes(3);
        Assert.Equal(1, told);
        Assert.Empty(loop.Channels);
        loop.AssertBuffersBack();
        if (news == "data")
        {
            all.ForEach(each => each.Peer.AwaitEnd());
            all.ForEach(each => each.Peer.Dispose());
        }

        Assert.InRange(Ring.OpenDescriptors(), 1, descriptors); // finalizers of earlier tests may close some of theirs

        void CloseAll()
        {
            told++;
            foreach ((Recorder channel, _) in all)
            {
                if (abort)
                {
                    channel.Abort();
                }
                else
                {
                    channel.Close();
                }
            }
        }
    }

    // 6. Connections that were accepted ahead end with their listener, as those in the system's queue do.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Connections_accepted_ahead_end_with_their_listener(bool byAnother)
    {
        using EventLoop loop = Ring.Create();
        using IDisposable reason = loop.KeepAlive();
        (Recorder other, Socket asker) = loop.Connect();
        int descriptors = Ring.OpenDescriptors();
        var listener = new Recorder(socket: null, loop);
        listener.ListenOn(AddressFamily.InterNetwork);
        loop.Passes(2);
        List<Socket> clients = [.. Enumerable.Range(0, 60).Select(_ => Sockets.Dial(listener.Address!))];
        listener.OnAccepted = _ => listener.Close();
        other.OnRead = listener.Close;
        if (byAnother)
        {
            asker.Send("x"u8);
        }

        loop.RunUntil(() => !listener.Accepting);
        loop.Passes(2);
        clients.ForEach(client => client.AwaitEnd());
        clients.ForEach(client => client.Dispose());
        Assert.InRange(Ring.OpenDescriptors(), 1, descriptors); // finalizers of earlier tests may close some of theirs

        // The port is free at once.
        using var next = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        asker.Dispose();
    }

    // 6. Who joins with the descriptor's number, and the place in the table, of one that has just closed hears nothing
    // of that one.
    [Fact]
    public void Who_takes_the_place_of_one_that_has_closed_hears_nothing_of_it()
    {
        using EventLoop loop = Ring.Create();
        (Recorder first, Socket peer) = loop.Connect();
        (Socket ours, Socket other) = TestLoop.Pair(AddressFamily.InterNetwork);
        Recorder? second = null;
        peer.Send("for the first"u8);
        Descriptors.WaitReadable(first.FileDescriptor);
        loop.Post(() =>
        {
            first.Close();
            second = new Recorder(ours, loop);
        });
        loop.Passes(5);
        Assert.Empty(second!.Events);
        Assert.Empty(first.Events);
        other.Send("second"u8);
        loop.RunUntil(() => second.Received.Count == 6);
        Assert.Equal("second", second.Text());
        peer.Dispose();
        other.Dispose();
        loop.RunUntil(() => loop.Channels.Count == 0);
        loop.AssertBuffersBack();
    }

    // 7. Connections with data in flight both ways, ended by their peers and by us, by a reset or in order.
    [Fact]
    public void A_storm_of_resets_leaves_nothing_behind()
    {
        using EventLoop loop = Ring.Create();
        using IDisposable reason = loop.KeepAlive();
        var random = new Random(20260);
        byte[] data = Sockets.Pattern(200_000);
        loop.Passes(2);
        int descriptors = Ring.OpenDescriptors();
        for (int round = 0; round < 4; round++)
        {
            List<(Recorder Channel, Socket Peer)> all = loop.Connect(300, accepted => new Recorder(accepted));
            foreach ((Recorder channel, Socket peer) in all)
            {
                peer.Blocking = false;
                channel.OnRead = () => Serve(channel);
            }

            for (int step = 0; step < 900; step++)
            {
                (Recorder channel, Socket peer) = all[random.Next(all.Count)];
                switch (random.Next(8))
                {
                    case 0:
                        if (!peer.SafeHandle.IsClosed)
                        {
                            peer.ResetOnClose();
                            peer.Dispose();
                        }

                        break;
                    case 1:
                        channel.Abort();
                        break;
                    case 2:
                        channel.Close();
                        break;
                    case 3:
                        peer.Dispose();
                        break;
                    case 4:
                        loop.RunOnce(TimeSpan.Zero);
                        break;
                    default:
                        Send(peer, random.Next(2) == 0 ? random.Next(1, 2000) : random.Next(1, data.Length));
                        break;
                }
            }

            all.ForEach(each => each.Peer.Dispose());
            loop.RunUntil(() => loop.Channels.Count == 0 && Ring.OpenDescriptors() <= descriptors, "the end of all");
            Assert.All(all, each => Assert.DoesNotContain("error", each.Channel.Events));
            Assert.InRange(Ring.OpenDescriptors(), 1, descriptors); // finalizers of earlier tests may close some of theirs
            loop.AssertBuffersBack();
        }

        void Serve(Recorder channel)
        {
            switch (random.Next(6))
            {
                case 0:
                    return; // leaves it
                case 1:
                    channel.Send(data.AsSpan(0, random.Next(1, 20_000)));
                    break;
                case 2:
                    channel.Send(data.AsSpan(0, 20));
                    if (random.Next(10) == 0)
                    {
                        channel.Abort();
                        return;
                    }

                    break;
            }

            channel.Receive();
        }

        void Send(Socket peer, int count)
        {
            try
            {
                peer.Send(data.AsSpan(0, count), SocketFlags.None, out _);
            }
            catch (ObjectDisposedException)
            {
            }
        }
    }
}
