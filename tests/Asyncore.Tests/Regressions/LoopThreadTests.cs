using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Regressions;

/// <summary>A loop that one thread has left, and what others did with it.</summary>
public class LoopThreadTests
{
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_loop_goes_on_in_a_thread_that_has_the_number_of_one_that_ended(IoBackendKind kind)
    {
        // The number of a thread is given away again once that has ended: the kernel knew better who had made the queues.
        using EventLoop loop = TestLoop.Create(kind);
        using var server = new EchoServer(new IPEndPoint(IPAddress.Loopback, 0), loop);
        int number = 0;
        OnThread(() =>
        {
            number = Environment.CurrentManagedThreadId;
            loop.Passes(2);
        });
        bool same = false;
        for (int tries = 0; tries < 100 && !same; tries++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            OnThread(() =>
            {
                same = Environment.CurrentManagedThreadId == number;
                loop.Passes(1);
            });
        }

        using var client = new TcpClient();
        client.Connect((IPEndPoint)server.Address!);
        client.Client.Send("hello"u8);
        OnThread(() => loop.RunUntil(() => client.Available == 5));
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void What_comes_after_the_loop_was_left_can_be_read_on_another_thread(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Socket ours, Socket peer) = TestLoop.Pair(family);
        using (peer)
        {
            using var channel = new Dispatcher(ours, loop);
            OnThread(() => loop.Passes(3));
            peer.Send("hello"u8);
            Span<byte> buffer = stackalloc byte[10];
            Assert.Equal("hello"u8, buffer[..channel.Recv(buffer)]);
        }
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_listener_whose_loop_ran_on_another_thread_frees_its_port_when_it_closes(IoBackendKind kind)
    {
        // Below those that the system gives of its own accord: between two rounds it is nobody's.
        EndPoint address = Backends.AnyAddress(AddressFamily.InterNetwork);
        for (int i = 0; i < 20; i++)
        {
            using EventLoop loop = TestLoop.Create(kind);
            using var server = new EchoServer(address, loop);
            address = server.Address!;
            OnThread(() => loop.Passes(2));
            server.Close();
            loop.Dispose();
            Sockets.AwaitRefused(address);
        }
    }

    private static void OnThread(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() => failure = Record.Exception(action));
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }
}
