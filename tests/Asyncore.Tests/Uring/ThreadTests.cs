using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Uring;

/// <summary>
/// The queues serve the thread that made them. A loop that is run on another thread gets new ones there, and takes along
/// what it had received and accepted ahead.
/// </summary>
public class ThreadTests
{
    // 9. With unread input, receives and an accept that are armed, and what came while nobody ran the loop.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_loop_goes_on_on_another_thread(bool ended)
    {
        using EventLoop loop = Ring.Create(maxAcceptsPerPass: 1);
        using var done = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim(ended);
        List<(Recorder Channel, Socket Peer)> all = [];
        Recorder listener = null!;
        List<Recorder> accepted = [];
        Companion first = Companion.Start(() =>
        {
            all = loop.Connect(20, connection => new Recorder(connection));
            listener = new Recorder(socket: null, loop).ListenOn(AddressFamily.InterNetwork);
            listener.OnAccepted = connection => accepted.Add(new Recorder(connection));
            all[..10].ForEach(each => each.Channel.OnRead = () => { });
            all.ForEach(each => each.Peer.Send("one"u8));
            loop.RunUntil(() => all.TrueForAll(each => each.Channel.Events.Count > 0));
            done.Set();
            end.Wait(CancellationToken.None);
        });
        done.Wait(TestContext.Current.CancellationToken);
        if (ended)
        {
            first.Join();
        }

        all.ForEach(each => each.Peer.Send("two"u8));
        List<Socket> clients = [.. Enumerable.Range(0, 10).Select(_ => Sockets.Dial(listener.Address!))];
        clients.ForEach(client => client.Send("new"u8));
        all.ForEach(each => each.Channel.OnRead = null);
        loop.RunUntil(() => all.TrueForAll(each => each.Channel.Received.Count == 6));
        Assert.All(all, each => Assert.Equal("onetwo", each.Channel.Text()));
        loop.RunUntil(() => accepted.Count == 10 && accepted.TrueForAll(each => each.Received.Count == 3));
        all.ForEach(each => each.Channel.Send("answer"u8));
        loop.Passes(1);
        all.ForEach(each => Assert.Equal("answer"u8.ToArray(), each.Peer.ReadExactly(6)));
        loop.AssertBuffersBack();
        end.Set();
        first.Join();

        all.ForEach(each => each.Peer.Dispose());
        clients.ForEach(client => client.Dispose());
        loop.RunUntil(() => loop.Channels.Count == 1);
    }

    // 9. Closing needs no run: the kernel's requests are called off at once, whoever made them.
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void What_another_thread_closes_is_closed_at_once(bool ended, bool abort)
    {
        using EventLoop loop = Ring.Create();
        using var done = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim(ended);
        (Recorder channel, Socket peer) = (null!, null!);
        (Recorder left, Socket other) = (null!, null!);
        Recorder listener = null!;
        Companion first = Companion.Start(() =>
        {
            (channel, peer) = loop.Connect();
            (left, other) = loop.Connect();
            listener = new Recorder(socket: null, loop).ListenOn(AddressFamily.InterNetwork);
            loop.Passes(3);
            done.Set();
            end.Wait(CancellationToken.None);
        });
        done.Wait(TestContext.Current.CancellationToken);
        if (ended)
        {
            first.Join();
        }

        var address = (IPEndPoint)listener.Address!;
        if (abort)
        {
            channel.Abort();
            Assert.Equal(SocketError.ConnectionReset, peer.ReadToError());
        }
        else
        {
            channel.Close();
            Assert.Empty(peer.ReadToEnd());
        }

        listener.Close();
        using var next = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        next.Bind(address);
        next.Listen();
        end.Set();
        first.Join();

        // The loop goes on with those that it still has.
        other.Send("still"u8);
        loop.RunUntil(() => left.Received.Count == 5);
        peer.Dispose();
        other.Dispose();
    }

    // 9. A thread's number is given away again when it has ended: the one who has it now is not the one who made the
    // queues.
    [Fact]
    public void A_thread_with_the_number_of_one_that_has_ended_is_another()
    {
        using EventLoop loop = Ring.Create();
        (Recorder channel, Socket peer) = (null!, null!);
        int number = OnThread(() =>
        {
            (channel, peer) = loop.Connect();
            loop.Passes(3);
        });
        peer.Send("one"u8);
        bool met = false;
        for (int tries = 0; tries < 2000 && !met; tries++)
        {
            if (tries % 10 == 0)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            OnThread(() =>
            {
                if (Environment.CurrentManagedThreadId == number)
                {
                    met = true;
                    loop.RunUntil(() => channel.Received.Count == 3);
                }
            });
        }

        Assert.SkipUnless(met, "no thread had the number again");
        Assert.Equal("one", channel.Text());
        peer.Dispose();
    }

    private static int OnThread(Action action)
    {
        int number = 0;
        Companion thread = Companion.Start(() =>
        {
            number = Environment.CurrentManagedThreadId;
            action();
        });
        thread.Join();
        return number;
    }
}
