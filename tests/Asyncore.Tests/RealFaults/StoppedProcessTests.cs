using System.Net.Sockets;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Protocols;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>Readers that are stopped (SIGSTOP) in the middle of a transfer through the forwarder.</summary>
public class StoppedProcessTests
{
    private const int Readers = 2;
    private const int First = 100_000;
    private const int Endless = 64 << 20; // more than any buffers between the two hold
    private const long MostMemory = Endless; // half of what would be held of all of them

    [Theory, MemberData(nameof(ServerCommandTests.BackendNames), MemberType = typeof(ServerCommandTests))]
    public async Task They_hold_up_nobody_else_and_get_everything_when_they_go_on(string backend)
    {
        byte[] pattern = Sockets.Pattern(Endless);
        using ForwardProgram forwarder = await ForwardProgram.Start(backend);
        forwarder.AssertServes();
        long before = forwarder.Memory;
        (Socket other, Socket othersServer) = forwarder.Connect();
        ConnectedProgram[] readers = new ConnectedProgram[Readers];
        Socket[] servers = new Socket[Readers];
        for (int i = 0; i < Readers; i++)
        {
            readers[i] = forwarder.Keep(ConnectedProgram.Digest(forwarder.Address));
            servers[i] = forwarder.Accept();
            servers[i].Send(pattern.AsSpan(0, First));
            readers[i].Suspend();
        }

        int[] more = Stuck.SendUntilStuck(servers, pattern.AsSpan(First), () => PassOn(other, othersServer));
        Assert.All(more, each => Assert.InRange(each, 1, Endless - First - 1));
        Assert.InRange(forwarder.Memory - before, long.MinValue, MostMemory);

        Array.ForEach(readers, each => each.Continue());
        for (int i = 0; i < Readers; i++)
        {
            servers[i].Shutdown(SocketShutdown.Send);
            readers[i].AssertPrintsDigestOf(pattern.AsSpan(0, First + more[i]));
        }

        other.Dispose(); // or stopping waits for it
        othersServer.Dispose();
        await forwarder.End();
    }

    // There and back through the same loop, which has gone round since.
    private static void PassOn(Socket client, Socket server)
    {
        client.Send("x"u8);
        Assert.Single(server.ReadExactly(1));
        server.Send("y"u8);
        Assert.Single(client.ReadExactly(1));
    }
}
