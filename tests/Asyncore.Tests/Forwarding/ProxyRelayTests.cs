using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>PROXY headers sent to targets and taken from balancers.</summary>
public class ProxyRelayTests
{
    [Theory, MemberData(nameof(Backends.IpFamilies), MemberType = typeof(Backends))]
    public void A_target_is_told_the_clients_address_before_its_bytes(IoBackendKind kind, AddressFamily family)
    {
        using var scene = new ServiceScene(kind, Sending(ProxyVersion.V1), family: family);
        (Socket client, Socket server) = scene.Connect();
        client.Send("hello"u8);
        var from = (IPEndPoint)client.LocalEndPoint!;
        var to = (IPEndPoint)scene.Address;
        string protocol = family == AddressFamily.InterNetwork ? "TCP4" : "TCP6";
        string expected = $"PROXY {protocol} {from.Address} {to.Address} {from.Port} {to.Port}\r\nhello";
        Assert.Equal(expected, Encoding.ASCII.GetString(server.ReadExactlyWhile(scene.Loop, expected.Length)));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_header_of_version_2_says_the_same(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, Sending(ProxyVersion.V2));
        (Socket client, Socket server) = scene.Connect();
        byte[] header = server.ReadExactlyWhile(scene.Loop, 28);
        Assert.Equal(ProxyParse.Complete, ProxyHeaderParser.Parse(header, out ProxyHeader? read, out int consumed, out _));
        Assert.Equal(28, consumed);
        Assert.Equal(client.LocalEndPoint, read!.Source);
        Assert.Equal(scene.Address, read.Destination);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void What_a_balancer_says_is_passed_on_and_logged(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => Sending(ProxyVersion.V1)(options) with { AcceptProxy = true });
        Socket client = scene.Dial();
        foreach (char each in "PROXY TCP4 192.0.2.7 192.0.2.8 56324 443\r\n")
        {
            client.Send([(byte)each]); // in whatever pieces
            scene.Loop.Passes(1);
        }

        client.Send("hello"u8);
        Socket server = scene.Accept();
        string expected = "PROXY TCP4 192.0.2.7 192.0.2.8 56324 443\r\nhello";
        Assert.Equal(expected, Encoding.ASCII.GetString(server.ReadExactlyWhile(scene.Loop, expected.Length)));
        client.Shutdown(SocketShutdown.Both);
        server.Dispose();
        ConnectionRecord record = scene.AwaitEnd();
        Assert.Equal(IPEndPoint.Parse("192.0.2.7:56324"), record.Client);
        Assert.Equal(5, record.BytesToTarget);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Bytes_behind_a_header_that_came_with_it_are_the_targets(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with { AcceptProxy = true });
        Socket client = scene.Dial();
        byte[] sent = Sockets.Pattern(100_000);
        Companion sending = Companion.Start(() =>
        {
            client.Send([.. "PROXY UNKNOWN\r\n"u8, .. sent]);
            client.Shutdown(SocketShutdown.Send);
        });
        Socket server = scene.Accept();
        Assert.Equal(sent, scene.ReadAll(server).Bytes);
        sending.Join(scene.Loop);
        server.Dispose();
        ConnectionRecord record = scene.AwaitEnd();
        Assert.Equal(sent.Length, record.BytesToTarget);
        Assert.Equal(client.LocalEndPoint, record.Client); // of the connection itself, as the header says nothing
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Who_lacks_a_header_is_refused_and_counted(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with { AcceptProxy = true });
        string[] hostile = ["GET / HTTP/1.1\r\n", "PROXY TCP4 1.2.3.4\r\n", "PROXY " + new string('A', 200)];
        foreach (string each in hostile)
        {
            Socket client = scene.Dial();
            client.Send(Encoding.ASCII.GetBytes(each));
            Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(client).Error);
        }

        Socket silent = scene.Dial();
        silent.Send("PROXY TC"u8);
        silent.Shutdown(SocketShutdown.Send);
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(silent).Error);
        Assert.Equal(4, scene.Statistics.RefusedFor(RefusalReason.ProxyHeader));
        Assert.All(scene.Records, each => Assert.Equal(EndReason.Refused, each.Reason));
        Assert.False(scene.Targets[0].Poll(0, SelectMode.SelectRead));
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void A_header_that_does_not_come_in_time_is_none(IoBackendKind kind)
    {
        var clock = new FakeClock();
        using var scene = new ServiceScene(
            kind,
            options => options with { AcceptProxy = true, ProxyHeaderTimeout = TimeSpan.FromSeconds(1) },
            clock: clock);
        Socket client = scene.Dial();
        client.Send("PROXY "u8);
        scene.Loop.RunUntil(() => scene.Statistics.Active == 1, "the connection");
        scene.Loop.Passes(5);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(client).Error);
        Assert.Equal("no PROXY header in time", scene.AwaitEnd().Detail);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void The_client_that_a_header_names_is_who_limits_are_for(IoBackendKind kind)
    {
        using var scene = new ServiceScene(kind, options => options with
        {
            AcceptProxy = true,
            MaxConnectionsPerClient = 1,
            Deny = [IPNetwork.Parse("198.51.100.0/24")],
        });
        Socket[] silent = [scene.Dial(), scene.Dial(), scene.Dial()]; // of the balancer, which may have many
        scene.Loop.RunUntil(() => scene.Statistics.Active == silent.Length, "connections without a header yet");
        Send("192.0.2.1");
        scene.Accept();
        Socket again = Send("192.0.2.1");
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(again).Error);
        Socket denied = Send("198.51.100.9");
        Assert.Equal(SocketError.ConnectionReset, scene.ReadAll(denied).Error);
        Send("192.0.2.2");
        scene.Accept();
        Assert.Equal(1, scene.Statistics.RefusedFor(RefusalReason.TooManyOfClient));
        Assert.Equal(1, scene.Statistics.RefusedFor(RefusalReason.Rules));

        Socket Send(string address)
        {
            Socket client = scene.Dial();
            client.Send(Encoding.ASCII.GetBytes($"PROXY TCP4 {address} 192.0.2.99 1000 80\r\n"));
            return client;
        }
    }

    private static Func<ListenerOptions, ListenerOptions> Sending(ProxyVersion version) => options =>
        options with { Targets = [options.Targets[0] with { SendProxy = version }] };
}
