using System.Net;
using System.Net.Sockets;
using Asyncore.Forwarding;
using Asyncore.Protocols;
using Asyncore.Tests.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>A forwarding service in a loop, between plain sockets.</summary>
internal sealed class ServiceScene : IDisposable
{
    private readonly List<Socket> _sockets = [];
    private readonly FakeClock? _clock;

    /// <param name="kind">The backend.</param>
    /// <param name="configure">Changes the options of the one listener, which has every target.</param>
    /// <param name="targets">How many targets listen.</param>
    /// <param name="clock">The loop's clock.</param>
    /// <param name="family">Of clients and targets.</param>
    public ServiceScene(
        IoBackendKind kind,
        Func<ListenerOptions, ListenerOptions>? configure = null,
        int targets = 1,
        TimeProvider? clock = null,
        AddressFamily family = AddressFamily.InterNetwork)
    {
        _clock = clock as FakeClock;
        Loop = TestLoop.Create(kind, clock);
        Targets = [.. Enumerable.Range(0, targets).Select(_ => Keep(Sockets.Listen(family)))];
        var options = new ListenerOptions
        {
            Name = "test",
            Listen = Backends.AnyAddress(family),
            Targets = [.. Targets.Select(each => new TargetOptions { Address = each.LocalEndPoint! })],
        };
        Options = new ServiceOptions { Listeners = [configure?.Invoke(options) ?? options] };
        Service = new ForwardService(Options, Loop);
        Service.ConnectionEnded += Records.Add;
    }

    public EventLoop Loop { get; }

    public Socket[] Targets { get; }

    public ServiceOptions Options { get; }

    public ForwardService Service { get; }

    /// <summary>The connections that have ended, in order.</summary>
    public List<ConnectionRecord> Records { get; } = [];

    public ListenerStatistics Statistics => Service.Statistics[0];

    public EndPoint Address => Service.Addresses[0];

    /// <summary>A client, whoever it will be joined to.</summary>
    public Socket Dial() => Keep(Sockets.Dial(Address));

    /// <summary>A client, and the target's end of what it was forwarded to.</summary>
    public (Socket Client, Socket Server) Connect(int target = 0)
    {
        Socket client = Dial();
        return (client, Accept(target));
    }

    /// <summary>What the forwarder connects to a target.</summary>
    public Socket Accept(int target = 0)
    {
        Loop.RunUntil(() => Targets[target].Poll(0, SelectMode.SelectRead), "the forwarder's connection");
        Socket server = Keep(Targets[target].Accept());
        (server.ReceiveTimeout, server.SendTimeout) = (20_000, 20_000);
        return server;
    }

    /// <summary>Sends, and waits until the forwarder's system has all of it, though it may not have read it.</summary>
    public void Deliver(Socket from, byte[] data)
    {
        from.Send(data);
        Loop.RunUntil(() => from.Unacknowledged() == 0, "the bytes to arrive");
    }

    /// <summary>Runs until the forwarder has read what was sent to it, though it may not have passed it on.</summary>
    public void AwaitRead(Socket from)
    {
        Loop.RunUntil(() => from.Unacknowledged() == 0, "the bytes to arrive");
        Loop.Passes(10);
    }

    /// <summary>Runs until so many bytes can be read.</summary>
    public void Await(Socket socket, int count) =>
        Loop.RunUntil(() => socket.Available >= count, $"{count} bytes");

    /// <summary>Runs until so many connections have ended, and gives the last.</summary>
    public ConnectionRecord AwaitEnd(int count = 1)
    {
        Loop.RunUntil(
            () =>
            {
                _clock?.Advance(TimeSpan.FromMilliseconds(1)); // a side that ends asks whether its bytes have arrived
                return Records.Count >= count;
            },
            "the end of the connection");
        Assert.Equal(count, Records.Count);
        return Records[^1];
    }

    /// <summary>What a socket reads to its end or error, the loop running meanwhile.</summary>
    public (byte[] Bytes, SocketError Error) ReadAll(Socket socket)
    {
        (byte[], SocketError) result = default;
        Companion.Start(() => result = socket.ReadAll()).Join(Loop);
        return result;
    }

    public Socket Keep(Socket socket)
    {
        _sockets.Add(socket);
        return socket;
    }

    public void Dispose()
    {
        string[] paths =
            [.. Targets.Select(each => !each.SafeHandle.IsClosed ? each.LocalEndPoint : null)
                .OfType<UnixDomainSocketEndPoint>().Select(each => each.ToString())];
        Service.Dispose();
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }

        Loop.Dispose();
        Array.ForEach(paths, File.Delete);
    }
}

internal static class SceneSockets
{
    /// <summary>Reads so many bytes, the loop running meanwhile.</summary>
    public static byte[] ReadExactlyWhile(this Socket socket, EventLoop loop, int count)
    {
        byte[] got = [];
        Companion.Start(() => got = socket.ReadExactly(count)).Join(loop);
        return got;
    }
}
