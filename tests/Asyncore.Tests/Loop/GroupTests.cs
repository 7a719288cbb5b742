using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Loop;

/// <summary>How a group of loops begins and ends.</summary>
public class GroupTests
{
    [Fact]
    public void There_are_as_many_loops_as_asked_for_or_as_processors()
    {
        using var some = new EventLoopGroup(3);
        Assert.Equal(3, some.Loops.Distinct().Count());
        using var all = new EventLoopGroup();
        Assert.Equal(Environment.ProcessorCount, all.Loops.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventLoopGroup(-1));
        IoBackendKind missing = Enum.GetValues<IoBackendKind>().First(kind => !EventLoop.IsSupported(kind));
        Assert.Throws<PlatformNotSupportedException>(
            () => new EventLoopGroup(2, new EventLoopOptions { Backend = missing }));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Each_loop_is_set_up_on_its_own_thread_one_after_the_other(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 4);
        var order = new List<EventLoop>();
        var threads = new HashSet<Thread>();
        scene.Group.Start(loop =>
        {
            order.Add(loop);
            threads.Add(Thread.CurrentThread);
            Assert.Equal(kind, loop.Backend);
        });
        Assert.Equal(scene.Group.Loops, order);
        Assert.Equal(4, threads.Count);
        Assert.DoesNotContain(Thread.CurrentThread, threads);
        Assert.False(scene.Group.Completion.IsCompleted); // though it has nothing to do
        scene.End();
        Assert.All(threads, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(20))));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_setting_up_throws_is_the_groups_failure(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 3);
        var error = new InvalidDataException("no");
        int calls = 0;
        Assert.Same(error, Assert.Throws<InvalidDataException>(
            () => scene.Group.Start(_ => calls += calls == 1 ? throw error : 1)));
        Assert.Same(error, Assert.Throws<InvalidDataException>(scene.Join));
        Assert.Equal(1, calls); // and the third is not even tried
        AssertClosed(scene.Group);
    }

    [Fact]
    public void What_comes_in_the_wrong_order_is_refused()
    {
        EndPoint any = Backends.AnyAddress(AddressFamily.InterNetwork);
        var group = new EventLoopGroup(2);
        Assert.Throws<InvalidOperationException>(group.Join);
        Assert.Throws<InvalidOperationException>(() => group.Listen(any, (_, _) => throw new NotSupportedException()));
        group.Start();
        Assert.Throws<InvalidOperationException>(() => group.Start());
        group.Dispose();
        Assert.Throws<InvalidOperationException>(() => group.Start());
        Assert.Throws<OperationCanceledException>(() => group.Listen(any, (_, _) => throw new NotSupportedException()));

        var unused = new EventLoopGroup(2);
        unused.Dispose();
        Assert.Throws<ObjectDisposedException>(() => unused.Start());
        Assert.True(unused.Completion.IsCompletedSuccessfully);
        AssertClosed(unused);

        using var stopped = new EventLoopGroup(2);
        stopped.Stop(); // a signal may come that early
        Assert.Throws<OperationCanceledException>(() => stopped.Start());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Stop_from_another_thread_ends_all_loops(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 3);
        EndPoint address = scene.Listen();
        Socket[] clients = [.. Enumerable.Range(0, 20).Select(_ => Sockets.Dial(address))];
        Assert.All(clients, client =>
        {
            client.Send("x"u8);
            Assert.Single(client.ReadExactly(1));
        });

        Companion.Start(scene.Group.Stop).Join();
        scene.Join();

        Assert.True(scene.Group.Completion.IsCompletedSuccessfully);
        AssertClosed(scene.Group);
        Assert.All(clients, client => Assert.Empty(client.ReadToEnd()));
        Array.ForEach(clients, client => client.Dispose());
        scene.Group.Stop(); // again is harmless
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Stop_before_a_loop_first_waits_is_not_lost(IoBackendKind kind)
    {
        for (int i = 0; i < 30; i++)
        {
            using var scene = new GroupScene(kind, 2);
            scene.Group.Start();
            scene.End();
        }
    }

    public static TheoryData<IoBackendKind, string> EndsFromInside
    {
        get
        {
            var data = new TheoryData<IoBackendKind, string>();
            foreach (IoBackendKind kind in Backends.Kinds)
            {
                Array.ForEach(["group.Stop", "group.Dispose", "loop.Stop", "loop.Dispose"], how => data.Add(kind, how));
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(EndsFromInside))]
    public void A_handler_can_end_it(IoBackendKind kind, string how)
    {
        using var scene = new GroupScene(kind, 3);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        (Socket others, Socket otherPeer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket owned = peer;
        using Socket otherOwned = otherPeer;
        scene.Group.Start(loop =>
        {
            if (loop == scene.Group.Loops[1])
            {
                new Recorder(ours, loop).OnRead = how switch
                {
                    "group.Stop" => scene.Group.Stop,
                    "group.Dispose" => scene.Group.Dispose,
                    "loop.Stop" => loop.Stop,
                    _ => loop.Dispose,
                };
            }
            else if (loop == scene.Group.Loops[2])
            {
                _ = new Recorder(others, loop);
            }
        });

        peer.Send("x"u8);

        scene.Join();
        Assert.Empty(otherPeer.ReadToEnd());
        AssertClosed(scene.Group);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void One_loops_failure_ends_all_and_is_told(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 3);
        EndPoint address = scene.Listen();
        using Socket client = Sockets.Dial(address);
        client.Send("x"u8);
        Assert.Single(client.ReadExactly(1));
        EventLoop serving = Assert.Single(scene.Served).Loop;
        EventLoop other = scene.Group.Loops.First(loop => loop != serving);
        other.Post(() => throw new ExitNowException("enough"));

        Assert.Equal("enough", Assert.Throws<ExitNowException>(scene.Join).Message);

        Assert.IsType<ExitNowException>(Assert.Single(scene.Group.Completion.Exception!.InnerExceptions));
        Assert.Empty(client.ReadToEnd());
        AssertClosed(scene.Group);
        scene.Group.Dispose(); // says nothing of it
        OperationCanceledException refused = Assert.Throws<OperationCanceledException>(
            () => scene.Group.Listen(address, (_, _) => throw new NotSupportedException()));
        Assert.IsType<ExitNowException>(refused.InnerException);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_failure_while_closing_is_told_and_leaves_nothing_open(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 2);
        (Socket ours, Socket peer) = TestLoop.Pair(AddressFamily.InterNetwork);
        using Socket owned = peer;
        scene.Group.Start(loop => _ = loop == scene.Group.Loops[0]
            ? new Stubborn(ours, loop)
            : new Stubborn(null, loop).ListenOn(AddressFamily.InterNetwork));

        scene.Group.Stop();

        Assert.Equal("Close", Assert.Throws<ExitNowException>(scene.Join).Message);
        Assert.Empty(peer.ReadToEnd());
        AssertClosed(scene.Group);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public async Task An_error_of_one_channel_ends_nothing(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 2);
        EndPoint address = scene.Listen();
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        scene.Group.Loops[0].UnhandledError += _ => told.SetResult();
        scene.Group.Loops[0].Post(() => throw new InvalidDataException("no"));
        await told.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        GroupScene.Exchange(address, 20);
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Dispose_ends_it_and_twice_is_harmless(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 3);
        EndPoint address = scene.Listen();
        GroupScene.Exchange(address, 10);
        Companion.Start(scene.Group.Dispose).Join();
        Assert.True(scene.Group.Completion.IsCompletedSuccessfully);
        Companion.Start(scene.Group.Dispose).Join();
        AssertClosed(scene.Group);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_loop_that_waits_for_its_group_is_told_so(IoBackendKind kind)
    {
        using var scene = new GroupScene(kind, 2);
        scene.Group.Start(_ =>
        {
            Assert.Throws<InvalidOperationException>(scene.Group.Join);
            Assert.Throws<InvalidOperationException>(() => scene.Group.Listen(
                Backends.AnyAddress(AddressFamily.InterNetwork), (_, _) => throw new NotSupportedException()));
        });
        scene.End();
    }

    private static void AssertClosed(EventLoopGroup group) => Assert.All(group.Loops, loop =>
    {
        Assert.Throws<ObjectDisposedException>(() => loop.Post(() => { }));
        Assert.Empty(loop.Channels);
    });

    private sealed class Stubborn(Socket? socket, EventLoop loop) : Recorder(socket, loop)
    {
        public override void Close() => throw new ExitNowException("Close");
    }
}
