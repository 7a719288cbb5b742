using System.Net;
using System.Net.Sockets;
using System.Text;
using Asyncore.Forwarding;
using Asyncore.Tests.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>PROXY headers that HAProxy and nginx send us, and that we send them.</summary>
public class ProxyProtocolTests
{
    public static TheoryData<IoBackendKind, string, int> Senders => Combine(("haproxy", 1), ("haproxy", 2), ("nginx", 1));

    public static TheoryData<IoBackendKind, string, int> Receivers =>
        Combine(("haproxy", 1), ("haproxy", 2), ("nginx", 1), ("nginx", 2));

    [Theory, MemberData(nameof(Senders))]
    public void A_header_from_it_names_the_client(IoBackendKind kind, string balancer, int version)
    {
        using var scene = new ServiceScene(kind, options => options with { AcceptProxy = true });
        using TcpBalancer front = Make(balancer, scene.Address, accept: false, version);
        Socket client = scene.Keep(Sockets.Dial(front.Address));
        byte[] sent = Sockets.Pattern(300_000);
        Companion sending = Companion.Start(() =>
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        Socket server = scene.Accept();
        Assert.Equal(sent, scene.ReadAll(server).Bytes);
        server.Send("answer"u8);
        server.Dispose();
        Assert.Equal("answer"u8.ToArray(), scene.ReadAll(client).Bytes);
        sending.Join(scene.Loop);
        ConnectionRecord record = scene.AwaitEnd();
        Assert.Equal(client.LocalEndPoint, record.Client);
        Assert.Equal(sent.Length, record.BytesToTarget);
    }

    // It passes on what it has understood, as a line of text.
    [Theory, MemberData(nameof(Receivers))]
    public void A_header_to_it_is_understood(IoBackendKind kind, string balancer, int version)
    {
        using Socket target = Sockets.Listen(AddressFamily.InterNetwork);
        using TcpBalancer behind = Make(balancer, target.LocalEndPoint!, accept: true, send: 1);
        using var scene = new ServiceScene(kind, options => options with
        {
            Targets = [new TargetOptions { Address = behind.Address, SendProxy = version == 1 ? ProxyVersion.V1 : ProxyVersion.V2 }],
        });
        Socket client = scene.Dial();
        client.Send("question"u8);
        client.Shutdown(SocketShutdown.Send);
        Socket? server = null;
        Companion.Start(() => server = target.AcceptSoon()).Join(scene.Loop);
        scene.Keep(server!);
        string got = Encoding.ASCII.GetString(scene.ReadAll(server!).Bytes);
        var from = (IPEndPoint)client.LocalEndPoint!;
        Assert.Matches($"^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 {from.Port} \\d+\r\nquestion$", got);
        server!.Send("answer"u8);
        server.Dispose();
        Assert.Equal("answer"u8.ToArray(), scene.ReadAll(client).Bytes);
    }

    private static TcpBalancer Make(string name, EndPoint target, bool accept, int send) => name == "nginx"
        ? TcpBalancer.Nginx(target, accept, send)
        : TcpBalancer.HaProxy(target, accept, send);

    private static TheoryData<IoBackendKind, string, int> Combine(params (string Balancer, int Version)[] all)
    {
        var data = new TheoryData<IoBackendKind, string, int>();
        foreach (IoBackendKind kind in Backends.Kinds)
        {
            foreach ((string balancer, int version) in all)
            {
                data.Add(kind, balancer, version);
            }
        }

        return data;
    }
}
