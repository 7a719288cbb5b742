using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>
/// Nearly as many channels as there may be descriptors. poll(2), which is underneath <see cref="Socket.Select(
/// System.Collections.IList, System.Collections.IList, System.Collections.IList, int)"/>, refuses more entries than
/// that, and what a channel wants is up to three of them: the loop ended at half the limit and at a third.
/// </summary>
public class ManyChannelsTests
{
    private const int Limit = 300; // of which the runtime itself takes some seventy
    private const int Clients = 170;
    private const int Spinning = 200; // passes in a quarter of a second

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L12_ChannelsUpToTheDescriptorLimitAreServed(IoBackendKind kind)
    {
        using LimitedChild child = Start(kind, "channel", AddressFamily.InterNetwork, out EndPoint address);
        List<Socket> clients = Dial(address);
        for (int round = 0; round < 3; round++)
        {
            clients.ForEach(client => client.Send("x"u8));
            clients.ForEach(client => Assert.Single(client.ReadExactly(1)));
        }

        AssertCalm(child);
        clients.ForEach(client => client.Dispose());
        AwaitOpen(child, 0);
        AssertEnds(child);
    }

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void L12_ChannelsThatReadAndWaitToWriteAreServedUpToTheLimit(IoBackendKind kind)
    {
        using LimitedChild child = Start(kind, "stuck", AddressFamily.Unix, out EndPoint address);
        List<Socket> clients = Dial(address);
        AwaitOpen(child, Clients);
        AssertCalm(child);

        // The one that wants nothing is heard of when it hangs up ...
        clients[0].Dispose();
        clients.RemoveAt(0);
        AwaitOpen(child, clients.Count);
        AssertCalm(child);

        // ... the others are read while none of them takes what it was sent ...
        clients.ForEach(client => client.Send("x"u8));
        while (child.Ask("heard") < clients.Count)
        {
        }

        // ... and each is sent the rest once it reads; the last one has been stuck all the while.
        int size = child.Ask("size");
        clients.ForEach(client => Assert.Equal(size, client.ReadExactly(size).Length));
        AssertCalm(child);
        clients.ForEach(client => client.Dispose());
        AwaitOpen(child, 0);
        AssertEnds(child);
    }

    private static LimitedChild Start(IoBackendKind kind, string form, AddressFamily family, out EndPoint address)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is set by a Linux shell");
        LimitedChild child = LimitedChild.Start(
            Limit, "Asyncore.Tests.Child", "shortage", kind.ToString(), $"{Backends.AnyAddress(family)}", form);
        string text = child.ReadLine("listening on ");
        address = IPEndPoint.TryParse(text, out IPEndPoint? found) ? found : new UnixDomainSocketEndPoint(text);
        return child;
    }

    private static List<Socket> Dial(EndPoint address) =>
        [.. Enumerable.Range(0, Clients).Select(_ => Sockets.Dial(address))];

    private static void AwaitOpen(LimitedChild child, int count)
    {
        while (child.Ask("open") != count)
        {
        }
    }

    private static void AssertCalm(LimitedChild child) => Assert.InRange(child.Ask("idle"), 1, Spinning);

    private static void AssertEnds(LimitedChild child)
    {
        child.Say("quit");
        Assert.Equal((0, string.Empty), child.WaitForExit());
    }
}
