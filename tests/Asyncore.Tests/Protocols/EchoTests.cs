using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Asyncore.Tests.Protocols;

public class EchoTests
{
    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void All_that_is_sent_comes_back_and_then_the_end(IoBackendKind kind, AddressFamily family)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using var server = new EchoServer(Backends.AnyAddress(family), loop);
        byte[] sent = Sockets.Pattern(4 << 20);
        using Socket client = Sockets.Dial(server.Address!);
        Companion sending = Companion.Start(() =>
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        Companion reading = Companion.Start(
            () => Assert.Equal(SHA256.HashData(sent), SHA256.HashData(client.ReadToEnd())));
        sending.Join(loop);
        reading.Join(loop);
        loop.RunUntil(() => loop.Channels.Count == 1, "the end of the connection");
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_client_that_does_not_read_is_not_read_from(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var server = new EchoServer(Backends.AnyAddress(AddressFamily.InterNetwork), loop);
        using Socket client = Sockets.Dial(server.Address!);
        byte[] pattern = Sockets.Pattern(16 << 20);
        int sent = loop.SendUntilStuck(client, pattern);
        Assert.True(sent < pattern.Length);
        EchoHandler handler = Assert.Single(loop.Channels.Values.OfType<EchoHandler>());
        Assert.InRange(handler.OutBufferLength, 1, 1 << 20);
        loop.AssertIdle();

        client.Shutdown(SocketShutdown.Send);
        byte[] got = [];
        Companion.Start(() => got = client.ReadToEnd()).Join(loop);
        Assert.True(pattern.AsSpan(0, sent).SequenceEqual(got));
        loop.RunUntil(() => loop.Channels.Count == 1, "the end of the connection");
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_client_that_resets_costs_its_own_connection(IoBackendKind kind)
    {
        using EventLoop loop = TestLoop.Create(kind);
        var server = new EchoServer(Backends.AnyAddress(AddressFamily.InterNetwork), loop);
        using Socket other = Sockets.Dial(server.Address!);
        Socket rude = Sockets.Dial(server.Address!);
        rude.Send("not read"u8);
        loop.RunUntil(() => loop.Channels.Count == 3, "both connections");
        rude.ResetOnClose();
        rude.Dispose();
        loop.RunUntil(() => loop.Channels.Count == 2, "the end of one");
        Companion.Start(() =>
        {
            other.Send("hello"u8);
            Assert.Equal("hello"u8.ToArray(), other.ReadExactly(5));
        }).Join(loop);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_connection_that_cannot_be_set_up_does_not_cost_the_listener(IoBackendKind kind)
    {
        var log = new List<string>();
        using EventLoop loop = new(new EventLoopOptions { Backend = kind, LoggerFactory = new LogTo(LogLevel.Information, log) });
        var server = new Faulty(loop);
        Companion.Start(() =>
        {
            using Socket unlucky = Sockets.Dial(server.Address!);
            Assert.Empty(unlucky.ReadToEnd());
            using Socket lucky = Sockets.Dial(server.Address!);
            lucky.Send("hello"u8);
            Assert.Equal("hello"u8.ToArray(), lucky.ReadExactly(5));
        }).Join(loop);
        Assert.Contains("no luck", Assert.Single(log), StringComparison.Ordinal);
    }

    private sealed class Faulty(EventLoop loop) : EchoServer(new IPEndPoint(IPAddress.Loopback, 0), loop)
    {
        private bool _threw;

        protected override void HandleAccepted(AcceptedChannel accepted)
        {
            if (!_threw)
            {
                _threw = true;
                throw new InvalidOperationException("no luck");
            }

            base.HandleAccepted(accepted);
        }
    }
}
