using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>R9: out-of-band data.</summary>
public class UrgentDataTests
{
    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R9_UrgentDataIsToldAndReceivedThere(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentRecorder channel, FarEnd peer) = Join(loop, family);
        using FarEnd _ = peer;
        List<byte[]> urgent = [];
        channel.OnExpt = () => urgent.Add(Urgent(channel));
        peer.SendUrgent([244]);

        loop.RunUntil(() => channel.Events.Count > 0);
        loop.Passes(3);
        loop.AssertIdle();

        Assert.Equal(["expt"], channel.Events);
        Assert.Equal([[244]], urgent);

        peer.SendUrgent([245]);
        loop.RunUntil(() => urgent.Count == 2);
        Assert.Equal([245], urgent[1]);
        Assert.True(channel.Connected);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R9_TheUrgentByteSurvivesWhatIsReadAroundIt(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentRecorder channel, FarEnd peer) = Join(loop, family);
        using FarEnd _ = peer;
        List<byte[]> urgent = [];
        channel.OnExpt = () => urgent.Add(Urgent(channel));
        peer.Send("before"u8);
        peer.SendUrgent("!"u8);
        peer.Send("after"u8);

        loop.RunUntil(() => urgent.Count > 0 && channel.Received.Count == 11);

        Assert.Equal(["!"u8.ToArray()], urgent);
        Assert.Equal("beforeafter", channel.Text());
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R9_UrgentDataThatAHandlerLeavesIsOfferedAgain(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentRecorder channel, FarEnd peer) = Join(loop, family);
        using FarEnd _ = peer;
        peer.SendUrgent("!"u8);

        loop.RunUntil(() => channel.Events.Count == 3);

        Assert.Equal(["expt", "expt", "expt"], channel.Events);
        Assert.Equal("!"u8.ToArray(), Urgent(channel));
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R9_TypesThatDoNotOverrideHandleExptDoNotAsk(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (Recorder channel, FarEnd peer) = loop.JoinRecorder(family);
        using FarEnd _ = peer;
        channel.IgnoreLogTypes = []; // so that the default handler would be heard
        peer.SendUrgent("!"u8);
        peer.Deliver(channel, "ordinary");

        loop.RunUntil(() => channel.Received.Count == 8);
        loop.Passes(3);

        Assert.DoesNotContain("warning: unhandled incoming priority event", channel.Logged);
        Assert.Equal("ordinary", channel.Text());
        channel.IgnoreLogTypes = ["warning"];
        loop.Passes(2);
        loop.AssertIdle();
        Assert.True(channel.Connected);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R9_AskingWhereNothingUrgentIsGivesZero(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentRecorder channel, FarEnd peer) = Join(loop, family);
        using FarEnd _ = peer;

        Assert.Empty(Urgent(channel));
        peer.SendUrgent("!"u8);
        loop.RunUntil(() => channel.Events.Count > 0);
        Assert.Equal("!"u8.ToArray(), Urgent(channel));
        Assert.Empty(Urgent(channel)); // taken already

        Assert.True(channel.Connected);
        Assert.DoesNotContain("close", channel.Events);
    }

    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void R9_WhatHandleExptThrowsReachesHandleError(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        (UrgentRecorder channel, FarEnd peer) = Join(loop, family);
        using FarEnd _ = peer;
        var thrown = new FormatException();
        channel.OnExpt = () => throw thrown;
        peer.SendUrgent("!"u8);

        loop.RunUntil(() => channel.Error is not null);

        Assert.Same(thrown, channel.Error);
        Assert.Equal(["expt", "error"], channel.Events);
    }

    private static (UrgentRecorder Channel, FarEnd Peer) Join(EventLoop loop, AddressFamily family) =>
        loop.Join(family, (socket, owner) => new UrgentRecorder(socket, owner));

    private static byte[] Urgent(Dispatcher channel)
    {
        byte[] buffer = new byte[8];
        return buffer[..channel.Recv(buffer, SocketFlags.OutOfBand)];
    }
}
