using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Conformance;

/// <summary>
/// C7: a listener that runs out of descriptors. It is a process of its own with a lowered hard limit: .NET raises the
/// soft one when it starts, and the tests' own process needs its descriptors.
/// </summary>
public class AcceptShortageTests
{
    private const int Limit = 128; // of which the runtime itself takes some seventy
    private const int Clients = 120;
    private const int Spinning = 200; // passes in a quarter of a second: some serve clients, few look again
    private const string Complaint = "cannot accept";

    public static TheoryData<IoBackendKind, AddressFamily, string> Everything
    {
        get
        {
            var data = new TheoryData<IoBackendKind, AddressFamily, string>();
            foreach (IoBackendKind kind in Backends.Kinds)
            {
                data.Add(kind, AddressFamily.InterNetwork, "channel");
                data.Add(kind, AddressFamily.InterNetworkV6, "socket");
                data.Add(kind, AddressFamily.Unix, "channel");
                data.Add(kind, AddressFamily.InterNetwork, "accept");
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Everything))]
    public void C7_AListenerOutOfDescriptorsWaitsAndServesAgain(IoBackendKind kind, AddressFamily family, string form)
    {
        using LimitedChild child = Start(Limit, out EndPoint address, $"{kind}", $"{Backends.AnyAddress(family)}", form);
        List<Socket> clients = Dial(address);

        // All are connected as far as they can tell; those that there were descriptors for are served.
        child.AwaitError(Complaint);
        int served = child.Ask("open");
        Assert.InRange(served, 1, Clients - 1);
        clients[..served].ForEach(AssertEcho);
        Assert.All(clients[served..], client => Assert.Equal(0, client.Available));

        // It does not spin. (It looks again some times a second: others may have freed a descriptor.)
        Assert.InRange(child.Ask("idle"), 1, Spinning);

        // One by one, as connections end, and each time the shortage is the same one.
        for (int i = 0; i < 5; i++)
        {
            clients[i].Dispose();
            AssertEcho(clients[served + i]);
        }

        // Descriptors that come free without the loop's knowledge.
        child.Say("free");
        child.ReadLine("freed");
        AssertEcho(clients[served + 5]);
        Assert.Equal(1, child.ErrorLines(Complaint));

        // All of them at last, in the order they came in.
        clients[5..served].ForEach(client => client.Dispose());
        for (int i = served + 6; i < Clients; i++)
        {
            AssertEcho(clients[i]);
            clients[i - 6].Dispose();
        }

        clients.ForEach(client => client.Dispose());
        AwaitCalm(child, address);

        // When it happens again it says so again, and survives again.
        clients = Dial(address);
        child.AwaitError(Complaint, times: 2);
        AssertEcho(clients[0]);
        Assert.InRange(child.Ask("idle"), 1, Spinning);
        Assert.Equal(2, child.ErrorLines(Complaint));
        clients.ForEach(client => client.Dispose());
        AwaitCalm(child, address);

        child.Say("quit");
        (int status, string errors) = child.WaitForExit();
        Assert.Equal(0, status);
        Assert.All(errors.Split('\n'), line => Assert.Contains(Complaint, line));
    }

    // The runtime ends the process where it cannot start a thread, which it does when it likes: before the listener waits, while
    // it does, and where numbers of descriptors come free between others that are in use.
    [Theory, MemberData(nameof(Everything))]
    public void C7_DescriptorsAreLeftForTheRuntime(IoBackendKind kind, AddressFamily family, string form)
    {
        using LimitedChild child = Start(Limit, out EndPoint address, $"{kind}", $"{Backends.AnyAddress(family)}", form);
        var clients = new List<Socket>();
        for (int i = 0; i < Clients; i++)
        {
            clients.Add(Sockets.Dial(address));
            AssertSomeAreLeft();
        }

        Assert.Equal(1, child.ErrorLines(Complaint));
        var random = new Random(1);
        for (int i = 0; i < 4 * Clients; i++)
        {
            int leaving = random.Next(Clients);
            clients[leaving].Dispose();
            clients[leaving] = Sockets.Dial(address);
            AssertSomeAreLeft();
        }

        clients.ForEach(client => client.Dispose());
        AwaitCalm(child, address);

        void AssertSomeAreLeft()
        {
            Assert.InRange(child.Ask("open"), 0, Clients);
            Assert.InRange(child.Descriptors, 1, Limit - 5);
        }
    }

    // Whatever else the program does with its descriptors: it has a few, and nobody is connected whose end would free others.
    [Theory, MemberData(nameof(Everything))]
    public void C7_AFewDescriptorsAreEnoughToServeOneByOne(IoBackendKind kind, AddressFamily family, string form)
    {
        using LimitedChild child = Start(Limit, out EndPoint address, $"{kind}", $"{Backends.AnyAddress(family)}", form);
        child.Say($"take {Limit - 6}"); // five are left
        child.ReadLine("taken");
        for (int i = 0; i < 8; i++)
        {
            using Socket client = Sockets.Dial(address);
            client.Send("x"u8);
            AssertEcho(client);
        }
    }

    // More clients wait than there are descriptors, and io_uring accepts all that it can in one go.
    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void C7_ABurstOfClientsLeavesAServerThatServes(IoBackendKind kind)
    {
        const int Few = 2400;
        const int Burst = 3000;
        using LimitedChild child = Start(Few, out EndPoint address, $"{kind}", "127.0.0.1:0", "channel", $"{Burst}");
        Assert.SkipUnless(Kernel.LongestBacklog >= Burst, "the system has no queue of that length (net.core.somaxconn)");
        child.Suspend();
        List<Socket> clients = Dial(address, Burst);
        child.Continue();
        child.AwaitError(Complaint);
        bool ahead = kind == IoBackendKind.IoUring;
        if (ahead)
        {
            child.AwaitError("too few descriptors: closed"); // they hold the very descriptors that are waited for
        }

        int cut = 0;
        foreach (Socket client in clients)
        {
            cut += client.Receive(new byte[1], 0, 1, SocketFlags.None, out _) == 0 ? 1 : 0;
            client.Dispose();
        }

        Assert.InRange(cut, ahead ? 1 : 0, ahead ? 50 : 0);
        AwaitCalm(child, address);
        Assert.InRange(child.ErrorLines(Complaint), 1, 10);
    }

    private static LimitedChild Start(int limit, out EndPoint address, params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is set by a Linux shell");
        LimitedChild child = LimitedChild.Start(limit, "Asyncore.Tests.Child", ["shortage", .. arguments]);
        try
        {
            address = Parse(child.ReadLine("listening on "));
            return child;
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    private static List<Socket> Dial(EndPoint address, int count = Clients)
    {
        List<Socket> clients = [];
        for (int i = 0; i < count; i++)
        {
            Socket client = Sockets.Dial(address);
            client.Send([(byte)i]);
            clients.Add(client);
        }

        return clients;
    }

    // Until all connections have ended, and one more has been served with descriptors to spare.
    private static void AwaitCalm(LimitedChild child, EndPoint address)
    {
        AwaitNone();
        using (Socket client = Sockets.Dial(address))
        {
            client.Send("x"u8);
            AssertEcho(client);
        }

        AwaitNone();

        void AwaitNone()
        {
            while (child.Ask("open") > 0)
            {
            }
        }
    }

    private static void AssertEcho(Socket client) => Assert.Single(client.ReadExactly(1));

    private static EndPoint Parse(string address) =>
        IPEndPoint.TryParse(address, out IPEndPoint? found) ? found : new UnixDomainSocketEndPoint(address);
}
