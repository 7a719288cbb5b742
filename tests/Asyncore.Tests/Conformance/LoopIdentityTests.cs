using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>Events belong to a channel, not to a number that somebody else may have by now (L4).</summary>
public class LoopIdentityTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L4_EventsOfAReusedDescriptorDoNotReachItsNewOwner(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder one, FarEnd onePeer) = loop.Join(family, Numbered);
        (Recorder two, FarEnd twoPeer) = loop.Join(family, Numbered);
        (Socket spare, Socket sparePeer) = TestLoop.Pair(family);
        using FarEnd oneOwned = onePeer;
        using FarEnd twoOwned = twoPeer;
        using Socket spareOwned = sparePeer;
        onePeer.Deliver(one, "x");
        twoPeer.Deliver(two, "y");
        Recorder? heir = null;
        one.OnRead = () => Replace(two);
        two.OnRead = () => Replace(one); // whichever is served first

        loop.Passes(3);

        Recorder killer = one.Events.Count > 0 ? one : two;
        Recorder victim = killer == one ? two : one;
        Assert.Empty(victim.Events);
        Assert.Empty(heir!.Events);
        Assert.Same(heir, loop.Channels[heir.FileDescriptor]);

        sparePeer.Deliver(heir, "z");
        loop.RunUntil(() => heir.Received.Count > 0, "the heir's own event");
        Assert.Equal("z", heir.Text());

        void Replace(Recorder victim)
        {
            if (heir is null)
            {
                int number = victim.FileDescriptor;
                victim.Close();
                heir = new Recorder(Kernel.MoveTo(spare, number), loop);
            }
        }
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L4_AHeirOfANumberHearsItsOwnEventsOnly(IoBackendKind kind, AddressFamily family)
    {
        // The slot and the number both come back at once, many times over; what the peers of the dead say is nobody's.
        using EventLoop loop = TestLoop.Create(kind);
        var peers = new List<FarEnd>();
        int number = Kernel.UnusedNumber();
        for (int i = 0; i < 20; i++)
        {
            (Socket ours, Socket peer) = TestLoop.Pair(family);
            peers.Add(new SystemEnd(peer));
            var channel = new Recorder(Kernel.MoveTo(ours, number), loop);
            loop.Passes(1);
            Assert.Empty(channel.Events);
            peer.Deliver(channel, $"{i}");
            channel.OnRead = () =>
            {
                channel.Received.AddRange(channel.Receive());
                channel.Close();
            };
            loop.RunOnce(TimeSpan.Zero);
            Assert.Equal($"{i}", channel.Text());
            Assert.Equal(["read"], channel.Events);
        }

        peers.ForEach(peer => peer.Dispose());
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L4_ADuplicateHeldElsewhereKeepsNoRegistrationAlive(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder other, FarEnd otherPeer) = loop.JoinRecorder(family);
        using FarEnd otherOwned = otherPeer;
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd owned = peer;
        loop.Passes(1);
        using Socket duplicate = Descriptors.Duplicate(channel.Socket!, 0);

        channel.Close();
        peer.Send("x"u8);
        Kernel.Await(duplicate, Kernel.In);

        loop.AssertIdle();
        Assert.Empty(channel.Events);
        Assert.Empty(other.Events);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L4_ADuplicateHeldElsewhereTellsTheNewOwnerNothing(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.Join(family, Numbered);
        using FarEnd owned = peer;
        loop.Passes(1);
        using Socket duplicate = Descriptors.Duplicate(channel.Socket!, 0);
        int number = channel.FileDescriptor;
        (Socket spare, Socket sparePeer) = TestLoop.Pair(family);
        using Socket spareOwned = sparePeer;

        channel.Close();
        var heir = new Recorder(Kernel.MoveTo(spare, number), loop);
        peer.Send("x"u8);
        Kernel.Await(duplicate, Kernel.In);
        loop.Passes(3);

        Assert.Empty(heir.Events);
        loop.AssertIdle();
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void L4_DescriptorsAreCloseOnExec(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var listener = new Recorder(loop: loop);
        listener.CreateSocket(family);
        listener.Bind(Backends.AnyAddress(family));
        listener.Listen();
        Recorder? accepted = null;
        listener.OnAccepted = connection => accepted = new Recorder(connection);
        var client = new Recorder(loop: loop);
        client.CreateSocket(family);
        client.Connect(listener.Address!);
        loop.RunUntil(() => accepted is not null && client.Connected, "the connection");

        Assert.True(Pipes.IsCloseOnExec(listener.FileDescriptor), "listener");
        Assert.True(Pipes.IsCloseOnExec(client.FileDescriptor), "client");
        Assert.True(Pipes.IsCloseOnExec(accepted!.FileDescriptor), "accepted");
        Assert.True(Pipes.IsCloseOnExec((int)accepted.Socket!.Handle), "accepted, as a Socket");
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L4_DuplicatesAreCloseOnExec(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
        var channel = new FileDispatcher(pipe.SafePipeHandle, loop);
        using var wrapper = new FileWrapper(pipe.ClientSafePipeHandle);

        Assert.True(Pipes.IsCloseOnExec(channel.FileDescriptor), "FileDispatcher");
        Assert.True(Pipes.IsCloseOnExec(wrapper.FileDescriptor), "FileWrapper");
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L4_TheLoopsOwnDescriptorsAreCloseOnExec(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        foreach (string path in Directory.GetFiles("/proc/self/fd"))
        {
            // Those of other tests are among these, of which none can do without the flag either.
            string? target = new FileInfo(path).LinkTarget;
            if (target is "anon_inode:[eventpoll]" or "anon_inode:[eventfd]")
            {
                Assert.True(Pipes.IsCloseOnExec(int.Parse(Path.GetFileName(path))), $"{path} -> {target}");
            }
        }
    }

    private static Recorder Numbered(Socket socket, EventLoop loop) =>
        new(Kernel.MoveTo(socket, Kernel.UnusedNumber()), loop);
}
