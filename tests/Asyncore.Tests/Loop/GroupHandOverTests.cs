using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Loop;

/// <summary>A group that gets its connections from one listener.</summary>
public class GroupHandOverTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Loops_get_connections_in_turn_and_none_is_lost(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new GroupScene(kind, 4);
        EndPoint address = scene.ListenOnce(family);

        GroupScene.Exchange(address, 200);

        Assert.Equal([50, 50, 50, 50], scene.CountByLoop());
        Assert.Equal(0, scene.Group.DroppedConnections);
        scene.End();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_listener_may_be_a_loop_of_its_own_and_the_group_start_later(IoBackendKind kind)
    {
        using EventLoop accepting = TestLoop.Create(kind);
        using var scene = new GroupScene(kind, 2);
        EndPoint address = new GroupScene.Server(
            Backends.AnyAddress(AddressFamily.InterNetwork), accepting, scene.HandOver).Address!;
        Companion clients = Companion.Start(() => GroupScene.Exchange(address, 40));
        int started = 0;
        accepting.CallEvery(TimeSpan.FromMilliseconds(1), () =>
        {
            if (started++ == 0)
            {
                scene.Group.Start();
            }
        });

        clients.Join(accepting);

        Assert.Equal([20, 20], scene.CountByLoop());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public async Task The_connection_is_as_one_that_its_loop_has_accepted(IoBackendKind kind)
    {
        using EventLoop accepting = TestLoop.Create(kind);
        using var scene = new GroupScene(kind, 1);
        scene.Group.Start();
        var seen = new TaskCompletionSource<(EndPoint?, bool, EventLoop)>(TaskCreationOptions.RunContinuationsAsynchronously);
        GroupScene.Server? listener = null;
        listener = new GroupScene.Server(Backends.AnyAddress(AddressFamily.InterNetwork), accepting, accepted =>
        {
            accepted.NoDelay = false;
            scene.Group.HandOver(accepted, moved =>
            {
                var channel = new Recorder(moved);
                seen.SetResult((moved.Address, moved.NoDelay, channel.Loop));
            });
            Assert.Throws<InvalidOperationException>(accepted.ToSocket); // it has been taken
            listener!.Close();
        });
        using Socket client = Sockets.Dial(listener.Address!);

        accepting.Run();

        (EndPoint? address, bool noDelay, EventLoop loop) = await seen.Task.WaitAsync(_patience, TestContext.Current.CancellationToken);
        Assert.Equal(client.LocalEndPoint, address);
        Assert.False(noDelay);
        Assert.Same(scene.Group.Loops[0], loop);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public async Task What_nobody_takes_is_closed_and_what_serving_throws_is_told(IoBackendKind kind)
    {
        using EventLoop accepting = TestLoop.Create(kind);
        using var scene = new GroupScene(kind, 1);
        var told = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        scene.Group.Start(loop => loop.UnhandledError += told.SetResult);
        Socket nobody = Accept(accepting, accepted => scene.Group.HandOver(accepted, _ => { }));
        Socket thrown = Accept(
            accepting, accepted => scene.Group.HandOver(accepted, _ => throw new InvalidDataException("no")));
        Assert.Empty(nobody.ReadToEnd());
        Assert.Empty(thrown.ReadToEnd());
        Assert.IsType<InvalidDataException>(await told.Task.WaitAsync(_patience, TestContext.Current.CancellationToken));
        scene.End();
        Assert.Equal(0, scene.Group.DroppedConnections);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_was_handed_over_before_Stop_is_served(IoBackendKind kind)
    {
        using EventLoop accepting = TestLoop.Create(kind);
        using var scene = new GroupScene(kind, 1);
        scene.Group.Start();
        using ManualResetEventSlim hold = scene.Hold(0);
        using Socket client = Accept(accepting, scene.HandOver);
        scene.Group.Stop();
        hold.Set();
        scene.Join();
        Assert.Single(scene.Served);
        Assert.Equal(0, scene.Group.DroppedConnections);
        Assert.Empty(client.ReadToEnd());
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_meets_a_loop_that_ends_is_closed_and_counted(IoBackendKind kind)
    {
        using EventLoop accepting = TestLoop.Create(kind);
        using var scene = new GroupScene(kind, 1);
        scene.Group.Start();
        using ManualResetEventSlim hold = scene.Hold(0, () => throw new ExitNowException("enough"));
        using Socket meeting = Accept(accepting, scene.HandOver);
        hold.Set();
        Assert.Equal("enough", Assert.Throws<ExitNowException>(scene.Join).Message);
        using Socket late = Accept(accepting, scene.HandOver);

        Assert.Empty(meeting.ReadToEnd());
        Assert.Empty(late.ReadToEnd());
        Assert.Empty(scene.Served);
        Assert.Equal(2, scene.Group.DroppedConnections);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_group_that_never_starts_closes_what_it_was_given(IoBackendKind kind)
    {
        using EventLoop accepting = TestLoop.Create(kind);
        var scene = new GroupScene(kind, 2);
        using Socket one = Accept(accepting, scene.HandOver);
        using Socket two = Accept(accepting, scene.HandOver);
        using Socket three = Accept(accepting, scene.HandOver);
        scene.Dispose();
        Assert.All([one, two, three], each => Assert.Empty(each.ReadToEnd()));
        Assert.Equal(3, scene.Group.DroppedConnections);
    }

    // Connects, and has a loop accept.
    private static Socket Accept(EventLoop loop, Action<AcceptedChannel> serve)
    {
        bool done = false;
        var listener = new GroupScene.Server(Backends.AnyAddress(AddressFamily.InterNetwork), loop, accepted =>
        {
            serve(accepted);
            done = true;
        });
        Socket client = Sockets.Dial(listener.Address!);
        loop.RunUntil(() => done);
        listener.Close();
        return client;
    }
}
