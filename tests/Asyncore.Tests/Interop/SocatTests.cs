using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Asyncore.Protocols;
using Asyncore.Tests.Support;
using Xunit;
using static Asyncore.Tests.Interop.InteropAsserts;

namespace Asyncore.Tests.Interop;

/// <summary>socat on the other side, over IPv4, IPv6 and Unix sockets.</summary>
public class SocatTests
{
    private static readonly byte[] _data = Sockets.Pattern(3_000_000);

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Socat_talks_to_our_echo_server_and_ends_its_side(IoBackendKind kind, AddressFamily family)
    {
        string socat = Programs.Socat;
        using EventLoop loop = TestLoop.Create(kind);
        var server = new EchoServer(Backends.AnyAddress(family), loop);
        using Peer client = Client(socat, server.Address!);
        client.Feed(_data);
        AssertSame(_data, client.WaitForExit(loop));
        loop.End(server);
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void We_talk_to_socats_echo_and_end_our_side(IoBackendKind kind, AddressFamily family)
    {
        string socat = Programs.Socat;
        EndPoint path = Backends.AnyAddress(family);
        using EventLoop loop = TestLoop.Create(kind);
        (Peer server, EndPoint address) = Echo(socat, family, path);
        using (server)
        {
            AssertSame(_data, loop.Talk(address, _data));
            server.WaitForExit();
        }

        path.Remove();
        loop.Run();
    }

    [Theory, MemberData(nameof(Backends.AllFamilies), MemberType = typeof(Backends))]
    public void Socat_talks_to_socat_through_our_forwarder(IoBackendKind kind, AddressFamily family)
    {
        string socat = Programs.Socat;
        EndPoint path = Backends.AnyAddress(family);
        using EventLoop loop = TestLoop.Create(kind);
        (Peer server, EndPoint address) = Echo(socat, family, path);
        using (server)
        {
            var forwarder = new Forwarder(Backends.AnyAddress(family), address, loop: loop);
            using Peer client = Client(socat, forwarder.Address!);
            client.Feed(_data);
            AssertSame(_data, client.WaitForExit(loop));
            server.WaitForExit(loop);
            loop.End(forwarder);
        }

        path.Remove();
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Our_forwarder_leads_from_a_port_to_a_unix_socket(IoBackendKind kind)
    {
        string socat = Programs.Socat;
        EndPoint path = Backends.AnyAddress(AddressFamily.Unix);
        using EventLoop loop = TestLoop.Create(kind);
        (Peer server, EndPoint address) = Echo(socat, AddressFamily.Unix, path);
        using (server)
        {
            var forwarder = new Forwarder(Backends.AnyAddress(AddressFamily.InterNetwork), address, loop: loop);
            AssertSame(_data, loop.Talk(forwarder.Address!, _data));
            loop.End(forwarder);
        }

        path.Remove();
    }

    // -t: how long it goes on with one direction when the other has ended; longer than any test.
    private static Peer Client(string socat, EndPoint address) => Peer.Start(
        socat, "-t", "100", "STDIO", address is IPEndPoint ? $"TCP:{address}" : $"UNIX-CONNECT:{address}");

    // One connection, answered by cat: it ends when that has ended.
    private static (Peer Server, EndPoint Address) Echo(string socat, AddressFamily family, EndPoint path)
    {
        string listen = family switch
        {
            AddressFamily.InterNetwork => "TCP-LISTEN:0,bind=127.0.0.1",
            AddressFamily.InterNetworkV6 => "TCP6-LISTEN:0,bind=[::1]",
            _ => $"UNIX-LISTEN:{path}",
        };
        Peer peer = Peer.Start(socat, "-d", "-d", "-t", "100", listen, "EXEC:cat");
        peer.Feed();
        Match match = Peer.Await(peer.Errors.Find(@"listening on AF=\d+ .*?(:(?<port>\d+))?\n"));
        return (peer, match.AddressOf(family, path));
    }
}
