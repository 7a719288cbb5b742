using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>Programs with hardly any descriptors (<c>ulimit -n</c>), and more clients at once than they can serve.</summary>
public class ScarceDescriptorTests
{
    private const int Clients = 150;

    // Of these the runtime itself takes about half.
    private const string Scarce = $"{LimitedChild.CloseOthers}; ulimit -n 180 && exec \"$@\"";

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task Echo_serves_all_of_them_in_the_end(string backend)
    {
        using ToolProcess tool = StartEcho(backend, Scarce);
        IPEndPoint address = await tool.AwaitListening();
        Socket[] clients = Dial(address);
        Assert.Contains("cannot accept", await tool.ReadErrorLine(), StringComparison.Ordinal);
        AssertServesInTurn(clients);
        AssertServesWhole(Sockets.Dial(address));
        tool.Signal(ChildProcess.Terminate);
        ToolResult end = await tool.End();
        Assert.Equal(0, end.Status);
        Assert.All(end.ErrorLines, line => Assert.Contains("cannot accept", line, StringComparison.Ordinal));
    }

    // What it has to say about it cannot be written.
    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task So_it_does_where_its_log_is_on_a_full_disk(string backend)
    {
        using ToolProcess tool = StartEcho(backend, $"exec 2>/dev/full; {Scarce}");
        IPEndPoint address = await tool.AwaitListening();
        AssertServesInTurn(Dial(address));
        AssertServesWhole(Sockets.Dial(address));
        tool.Signal(ChildProcess.Terminate);
        Assert.Equal(0, (await tool.End()).Status);
    }

    // Here a client may be accepted and turned away, as there is no descriptor to reach its target with.
    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task The_forwarder_answers_all_of_them_and_serves_again(string backend)
    {
        using ToolProcess target = StartEcho(backend, ForwardProgram.Plainly);
        using ForwardProgram forwarder = await ForwardProgram.Start(backend, Scarce, [await target.AwaitListening()]);
        Socket[] clients = Dial(forwarder.Address);
        await forwarder.AwaitSaid("cannot accept", "too many open files");
        int served = 0;
        foreach (Socket client in clients)
        {
            served += IsServed(client) ? 1 : 0;
            client.Dispose();
        }

        Assert.InRange(served, 1, Clients);
        AssertServesWhole(DialUntilServed(forwarder.Address));
        await forwarder.End();
    }

    private static ToolProcess StartEcho(string backend, string script)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is set by a Linux shell");
        string address = OwnPorts.Next(IPAddress.Loopback).ToString();
        return ToolProcess.StartByShell(string.Empty, script, "echo", "--listen", address, "--backend", backend);
    }

    // All are connected as far as they can tell, and each says something.
    private static Socket[] Dial(IPEndPoint address)
    {
        Socket[] clients = [.. Enumerable.Range(0, Clients).Select(_ => Sockets.Dial(address))];
        Array.ForEach(clients, each => each.Send("x"u8));
        return clients;
    }

    // As one leaves, there is a descriptor for another.
    private static void AssertServesInTurn(Socket[] clients)
    {
        foreach (Socket client in clients)
        {
            Assert.Single(client.ReadExactly(1));
            client.Dispose();
        }
    }

    // Whether what it has said comes back, or its end.
    private static bool IsServed(Socket client)
    {
        int count = client.Receive(new byte[1], 0, 1, SocketFlags.None, out SocketError error);
        Assert.True(error is SocketError.Success or SocketError.ConnectionReset, $"{error}");
        return error == SocketError.Success && count == 1;
    }

    // The last of those that have left may have their descriptors still.
    private static Socket DialUntilServed(IPEndPoint address)
    {
        while (true)
        {
            Socket client = Sockets.Dial(address);
            client.Send("x"u8);
            if (IsServed(client))
            {
                return client;
            }

            client.Dispose();
        }
    }

    private static void AssertServesWhole(Socket client)
    {
        using Socket owned = client;
        byte[] sent = Sockets.Pattern(1_000_000);
        Companion sending = Companion.Start(() =>
        {
            client.Send(sent);
            client.Shutdown(SocketShutdown.Send);
        });
        Assert.True(client.ReadToEnd().AsSpan().SequenceEqual(sent), "what came back is not what was sent");
        sending.Join();
    }
}
