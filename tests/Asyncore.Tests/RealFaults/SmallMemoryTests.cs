using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>
/// Programs with a small heap (DOTNET_GCHeapHardLimit, beyond which nothing more is to be had) or in a control group with
/// little memory, and many at the other end that do not read.
/// </summary>
public class SmallMemoryTests
{
    private const int Slow = 40;
    private const int Much = 4 << 20; // of all of them together far more than the heap
    private const long Heap = 64 << 20;
    private const long MostMemory = 2 * Heap; // with what is not the heap's
    private const string InSmallHeap = "export DOTNET_GCHeapHardLimit=0x4000000 DOTNET_gcServer=0; exec \"$@\"";

    private readonly byte[] _pattern = Sockets.Pattern(Much);

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public Task The_forwarder_has_room_for_many_that_do_not_read(string backend) =>
        ForwardToManyThatDoNotRead(backend, InSmallHeap);

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task The_forwarder_lives_within_a_control_group_that_has_little_memory(string backend)
    {
        using MemoryGroup group = MemoryGroup.Create(MostMemory);
        await ForwardToManyThatDoNotRead(backend, group.Script);
    }

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task Echo_has_room_for_many_that_do_not_read(string backend)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is set by a Linux shell");
        using ToolProcess tool = ToolProcess.StartByShell(
            string.Empty, InSmallHeap, "echo", "--listen", OwnPorts.Next(IPAddress.Loopback).ToString(), "--backend", backend);
        IPEndPoint address = await tool.AwaitListening();
        using Socket other = Sockets.Dial(address);
        Socket[] clients = [.. Enumerable.Range(0, Slow).Select(_ => Sockets.Dial(address))];
        Array.ForEach(clients, each => each.ShrinkBuffers());
        int[] sent = Stuck.SendUntilStuck(clients, _pattern, () =>
        {
            other.Send("x"u8);
            Assert.Single(other.ReadExactly(1));
        });
        Assert.InRange(tool.Memory, 1, MostMemory);
        Array.ForEach(clients, each => each.Shutdown(SocketShutdown.Send));
        AssertGet(clients, sent);
        tool.Signal(ChildProcess.Terminate);
        Assert.Equal(new ToolResult(0, string.Empty, string.Empty), await tool.End());
    }

    private async Task ForwardToManyThatDoNotRead(string backend, string script)
    {
        using ForwardProgram forwarder = await ForwardProgram.Start(backend, script);
        (Socket client, Socket server) = forwarder.Connect();
        Socket[] clients = new Socket[Slow];
        Socket[] servers = new Socket[Slow];
        for (int i = 0; i < Slow; i++)
        {
            (clients[i], servers[i]) = forwarder.Connect();
            clients[i].ShrinkBuffers();
            servers[i].ShrinkBuffers();
        }

        int[] sent = Stuck.SendUntilStuck(servers, _pattern, () =>
        {
            client.Send("x"u8);
            Assert.Single(server.ReadExactly(1));
        });
        Assert.InRange(forwarder.Memory, 1, MostMemory);
        Array.ForEach(servers, each => each.Shutdown(SocketShutdown.Send));
        AssertGet(clients, sent);
        forwarder.AssertServes();
        client.Dispose(); // or stopping waits for it
        server.Dispose();
        await forwarder.End();
    }

    // Each gets all that was sent for it, and its end.
    private void AssertGet(Socket[] clients, int[] sent)
    {
        for (int i = 0; i < clients.Length; i++)
        {
            byte[] got = clients[i].ReadToEnd();
            Assert.True(got.AsSpan().SequenceEqual(_pattern.AsSpan(0, sent[i])), $"client {i} got something else");
            clients[i].Dispose();
        }
    }
}
