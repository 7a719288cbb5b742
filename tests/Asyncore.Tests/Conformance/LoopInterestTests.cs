using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>Who is asked what it wants, how often, and what that leads to (L13, L14).</summary>
public class LoopInterestTests
{
    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L13_ATypeWithNobodyToTellOfRoomHasNoWriteInterest(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;

        loop.AssertIdle();

        Assert.Empty(channel.Events);
        Assert.Empty(channel.Logged);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L13_UnlessItsWarningsAreWanted(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        loop.Passes(2);
        Assert.Empty(channel.Logged);

        channel.IgnoreLogTypes = [];
        loop.Passes(3);
        Assert.Equal(Enumerable.Repeat("warning: unhandled write event", 3), channel.Logged);

        channel.IgnoreLogTypes = ["warning"];
        loop.Passes(1);
        loop.AssertIdle();
        Assert.Equal(3, channel.Logged.Count);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L13_ATypeThatOverridesHandleWriteAloneIsCalledInEveryPass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Writer channel, FarEnd peer) = loop.Join(family, (socket, owner) => new Writer(socket, owner));
        using FarEnd owned = peer;

        loop.Passes(5);

        Assert.Equal(Enumerable.Repeat("write", 5), channel.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L13_ATypeThatOverridesHandleWriteAndSaysWhenCostsNothingOtherwise(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(AddressFamily.InterNetwork);
        using FarEnd owned = peer;

        loop.AssertIdle();
        Assert.Empty(channel.Events);
        Assert.Empty(channel.Logged);
    }

    [Fact]
    public void L13_OneLogLinePerTypeSaysSo()
    {
        var logged = new List<string>();
        for (int i = 0; i < 2; i++)
        {
            using var loop = new EventLoop();
            (ToldOnce one, FarEnd onePeer) = loop.Join(AddressFamily.Unix, ToldOnce.Make);
            (ToldOnce two, FarEnd twoPeer) = loop.Join(AddressFamily.Unix, ToldOnce.Make);
            using FarEnd oneOwned = onePeer;
            using FarEnd twoOwned = twoPeer;
            loop.Passes(3);
            logged.AddRange([.. one.Logged, .. two.Logged]);
        }

        Assert.Contains(nameof(ToldOnce), Assert.Single(logged));
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L14_BothPredicatesAreAskedInEveryPass(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser connected, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        var listener = new Chooser(loop: loop);
        listener.CreateSocket(family);
        listener.Bind(Backends.AnyAddress(family));
        listener.Listen();
        (Chooser paused, FarEnd pausedPeer) = loop.JoinChooser(family);
        using FarEnd pausedOwned = pausedPeer;
        paused.PauseReading();

        foreach (Chooser channel in (Chooser[])[connected, listener, paused])
        {
            for (int pass = 0; pass < 5; pass++)
            {
                (int reads, int writes) = (channel.ReadAsked, channel.WriteAsked);
                loop.RunOnce(TimeSpan.Zero);
                Assert.True(channel.ReadAsked > reads, $"Readable of {channel} was not asked");
                Assert.True(channel.WriteAsked > writes, $"Writable of {channel} was not asked");
            }
        }
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L14_AnAnswerMayDependOnAnotherChannelsBuffer(IoBackendKind kind, AddressFamily family)
    {
        // A forwarder: it reads while the other side's buffer is short, and the other side writes while it has any.
        const int Limit = 10;
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser source, FarEnd sourcePeer) = loop.JoinChooser(family);
        (Chooser target, FarEnd targetPeer) = loop.JoinChooser(family);
        using FarEnd sourceOwned = sourcePeer;
        using FarEnd targetOwned = targetPeer;
        var buffer = new Queue<byte>();
        bool stalled = true;
        source.Reads = () => buffer.Count < Limit;
        source.OnRead = () =>
        {
            byte[] bytes = new byte[4];
            bytes[..source.Recv(bytes)].ToList().ForEach(buffer.Enqueue);
        };
        target.Writes = () => buffer.Count > 0 && !stalled;
        target.OnWrite = () => target.Send([buffer.Dequeue()]);
        sourcePeer.Deliver(source, new string('.', 100));

        loop.Passes(20);
        Assert.Equal(12, buffer.Count); // three reads of four bytes, and not one more
        Assert.Equal(3, source.Events.Count);
        Assert.Empty(target.Events);

        stalled = false; // a plain field, of which the loop is not told
        loop.Passes(1);
        Assert.Equal(11, buffer.Count);
        Assert.Equal(["write"], target.Events);

        int received = 0;
        loop.RunUntil(() =>
        {
            received += targetPeer.Available > 0 ? targetPeer.Receive(new byte[100]) : 0;
            return received == 100;
        }, "the rest");
        Assert.Empty(buffer);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L14_AnAnswerMayDependOnAClock(IoBackendKind kind, AddressFamily family)
    {
        var clock = new FakeClock();
        using EventLoop loop = TestLoop.Create(kind, clock);
        (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        peer.Deliver(channel, "x");
        long opens = clock.GetTimestamp() + clock.TimestampFrequency;
        channel.Reads = () => clock.GetTimestamp() >= opens;

        loop.Passes(5);
        Assert.Empty(channel.Events);

        clock.Advance(TimeSpan.FromSeconds(1));
        loop.Passes(1);
        Assert.Equal(["read"], channel.Events);
    }

    [Theory, MemberData(nameof(Networks.AllFamilies), MemberType = typeof(Networks))]
    public void L14_AllAreAskedAlsoWhereOneClosesOthersOverIt(IoBackendKind kind, AddressFamily family)
    {
        const int Count = 8;
        for (int asking = 0; asking < Count; asking++)
        {
            using EventLoop loop = TestLoop.Create(kind);
            var peers = new List<FarEnd>();
            var channels = new List<Chooser>();
            for (int i = 0; i < Count; i++)
            {
                (Chooser channel, FarEnd peer) = loop.JoinChooser(family);
                channels.Add(channel);
                peers.Add(peer);
            }

            loop.Passes(1);
            int[] before = [.. channels.Select(channel => channel.ReadAsked)];
            Chooser closer = channels[asking];
            Chooser[] victims = [channels[(asking + 3) % Count], channels[(asking + 6) % Count], closer];
            closer.Reads = () =>
            {
                Array.ForEach(victims, victim => victim.Close());
                return true;
            };
            loop.Passes(1);

            foreach (Chooser channel in channels.Except(victims))
            {
                int i = channels.IndexOf(channel);
                Assert.True(channel.ReadAsked > before[i], $"{i} was not asked when {asking} closed others");
            }

            Assert.Equal(Count - 3, loop.Channels.Count);
            peers.ForEach(peer => peer.Dispose());
        }
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L14_OneMadeWhileAnotherIsAskedIsAskedBeforeThePassWaits(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Chooser first, FarEnd peer) = loop.JoinChooser(family);
        using FarEnd owned = peer;
        (Socket ours, Socket otherPeer) = TestLoop.Pair(family);
        using Socket otherOwned = otherPeer;
        otherPeer.Send("x"u8);
        Kernel.Await(ours, Kernel.In);
        Chooser? made = null;
        first.Reads = () =>
        {
            made ??= new Chooser(ours, loop);
            return true;
        };

        loop.RunOnce(TimeSpan.FromMinutes(1));

        Assert.Equal(["read"], made!.Events);
    }

    [Theory, MemberData(nameof(Networks.All), MemberType = typeof(Networks))]
    public void L14_AChannelMayCloseItselfWhenItIsAsked(IoBackendKind kind)
    {
        // Idle connections are closed like this in many an asyncore program.
        foreach (bool inReadable in (bool[])[true, false])
        {
            using EventLoop loop = TestLoop.Create(kind);
            (Chooser connected, FarEnd peer) = loop.JoinChooser(AddressFamily.InterNetwork);
            using FarEnd owned = peer;
            var listener = new Chooser(loop: loop);
            listener.CreateSocket();
            listener.Bind("127.0.0.1", 0);
            listener.Listen();
            var connecting = new Chooser(loop: loop);
            connecting.CreateSocket();
            connecting.Connect(listener.Address!);
            Chooser[] channels = [connected, listener, connecting];
            foreach (Chooser channel in channels)
            {
                Func<bool> close = () =>
                {
                    channel.Close();
                    return true;
                };
                channel.Reads = inReadable ? close : () => true;
                channel.Writes = inReadable ? () => false : close;
            }

            Assert.False(loop.RunOnce(TimeSpan.FromMinutes(1)));

            Assert.All(channels, channel => Assert.Equal(-1, channel.FileDescriptor));
            Assert.All(channels, channel => Assert.Empty(channel.Events));
            Assert.All(channels, channel => Assert.Empty(channel.Logged));

            // The loop is none the worse for it.
            (Recorder next, FarEnd nextPeer) = loop.JoinRecorder(AddressFamily.InterNetwork);
            using FarEnd nextOwned = nextPeer;
            loop.AssertIdle();
            nextPeer.Deliver(next, "x");
            loop.RunUntil(() => next.Events.Count > 0);
        }
    }

    private class Writer(Socket socket, EventLoop loop) : Recorder(socket, loop)
    {
        protected override void HandleWrite() => Events.Add("write");
    }

    private sealed class ToldOnce(Socket socket, EventLoop loop) : Writer(socket, loop)
    {
        public static ToldOnce Make(Socket socket, EventLoop loop) => new(socket, loop);
    }
}
