using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using static Asyncore.Tests.Interop.InteropAsserts;

namespace Asyncore.Tests.Interop;

/// <summary>
/// netcat on the other side, over IPv4, IPv6 and Unix sockets; with -N it ends its side when its input has ended.
/// </summary>
public class NetcatTests
{
    private static readonly byte[] _question = Sockets.Pattern(1_000_000);
    private static readonly byte[] _answer = [.. Sockets.Pattern(1_200_000).Reverse()];

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Netcat_talks_to_our_echo_server_and_ends_its_side(IoBackendKind kind, AddressFamily family)
    {
        string netcat = Programs.Netcat;
        using EventLoop loop = TestLoop.Create(kind);
        var server = new EchoServer(Backends.AnyAddress(family), loop);
        using Peer client = Client(netcat, server.Address!);
        client.Feed(_question);
        AssertSame(_question, client.WaitForExit(loop));
        loop.End(server);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void We_talk_to_netcat_after_it_has_ended_its_side(IoBackendKind kind, AddressFamily family)
    {
        string netcat = Programs.Netcat;
        EndPoint path = Backends.AnyAddress(family);
        using EventLoop loop = TestLoop.Create(kind);
        (Peer server, EndPoint address) = Listen(netcat, family, path);
        using (server)
        {
            server.Feed(_answer);
            AssertSame(_answer, loop.Talk(address, _question, Manners.ListenFirst));
            AssertSame(_question, server.WaitForExit());
        }

        path.Remove();
        loop.Run();
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Netcat_talks_to_netcat_through_our_forwarder(IoBackendKind kind, AddressFamily family)
    {
        string netcat = Programs.Netcat;
        EndPoint path = Backends.AnyAddress(family);
        using EventLoop loop = TestLoop.Create(kind);
        (Peer server, EndPoint address) = Listen(netcat, family, path);
        using (server)
        {
            var forwarder = new Forwarder(Backends.AnyAddress(family), address, loop: loop);
            using Peer client = Client(netcat, forwarder.Address!);

            // A listening netcat leaves when it meets the end of what it reads, so it is the one to end its side first.
            server.Feed(_answer);
            loop.RunUntil(() => client.Output.Length == _answer.Length, "the answer");
            client.Feed(_question);
            AssertSame(_answer, client.WaitForExit(loop));
            AssertSame(_question, server.WaitForExit(loop));
            loop.End(forwarder);
        }

        path.Remove();
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Netcat_is_told_that_nobody_is_behind_our_forwarder(IoBackendKind kind, AddressFamily family)
    {
        string netcat = Programs.Netcat;
        EndPoint nobody = Backends.AnyAddress(family);
        using Socket? bound = family == AddressFamily.Unix ? null : Sockets.Bound(family);
        using var loop = new EventLoop(
            new EventLoopOptions { Backend = kind, LoggerFactory = NullLoggerFactory.Instance });
        var forwarder = new Forwarder(Backends.AnyAddress(family), bound?.LocalEndPoint ?? nobody, loop: loop);
        using Peer client = Client(netcat, forwarder.Address!);
        client.Feed();
        Assert.Empty(client.WaitForExit(loop));
        loop.End(forwarder);
    }

    private static Peer Client(string netcat, EndPoint address) => address is IPEndPoint ip
        ? Peer.Start(netcat, "-N", ip.Address.ToString(), ip.PortOf())
        : Peer.Start(netcat, "-N", "-U", address.ToString()!);

    private static (Peer Server, EndPoint Address) Listen(string netcat, AddressFamily family, EndPoint path)
    {
        string[] where = family switch
        {
            AddressFamily.InterNetwork => ["127.0.0.1", "0"],
            AddressFamily.InterNetworkV6 => ["-6", "::1", "0"],
            _ => ["-U", path.ToString()!],
        };
        Peer peer = Peer.Start(netcat, ["-N", "-v", "-l", .. where]);
        Match match = Peer.Await(peer.Errors.Find(@"Listening on \S+( (?<port>\d+))?\n"));
        return (peer, match.AddressOf(family, path));
    }
}
