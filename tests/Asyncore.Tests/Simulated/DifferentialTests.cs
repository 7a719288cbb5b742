using System.Net;
using System.Net.Sockets;
using Asyncore.Testing;
using Asyncore.Tests.Interop;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// Scripts of chance give the same handlers in the same order on every backend, on the simulated one, so that what is
/// learnt there holds on real kernels, and, where they keep to what it promises, on Python's asyncore.
/// </summary>
public class DifferentialTests
{
    private const int Scripts = 60;

    [Fact]
    public void Every_backend_tells_the_same_story_as_the_simulated_network()
    {
        for (int seed = 1; seed <= Scripts; seed++)
        {
            string expected = Simulated(seed, classic: false);
            foreach (IoBackendKind kind in Backends.Kinds)
            {
                AssertSame(seed, expected, kind.ToString(), Real(kind, seed));
            }
        }
    }

    [Fact]
    public void Asyncore_tells_the_same_story_where_it_is_kept()
    {
        using var python = new PythonStory();
        for (int seed = 1; seed <= Scripts; seed++)
        {
            // It has no word for why a connection closes.
            string expected = Simulated(seed, classic: true).Replace("close: reset", "close", StringComparison.Ordinal);
            using var peer = new SystemStoryPeer(Sockets.Dial(python.Address));
            python.Begin(peer);
            AssertSame(seed, expected, "asyncore", Story.Play(seed, classic: true, () => python, peer, python.Settle));
        }
    }

    private static void AssertSame(int seed, string expected, string who, string actual) =>
        Assert.True(expected == actual, $"script {seed}, simulated:\n{expected}\nand {who}:\n{actual}");

    private static string Simulated(int seed, bool classic)
    {
        using var network = new SimulatedNetwork();
        EventLoop loop = network.CreateLoop("server");
        using var listener = new StoryListener(loop, new IPEndPoint(IPAddress.Any, 7), halfOpen: !classic && seed % 2 == 0);
        using var peer = new SimulatedStoryPeer(network.Connect(new IPEndPoint(network.Host("server").Address, 7)));
        return Story.Play(seed, classic, () => listener.Subject!, peer, () => network.Run(TimeSpan.FromMilliseconds(1)));
    }

    private static string Real(IoBackendKind kind, int seed)
    {
        using EventLoop loop = TestLoop.Create(kind);
        using var listener = new StoryListener(loop, Backends.AnyAddress(AddressFamily.InterNetwork), halfOpen: seed % 2 == 0);
        using var peer = new SystemStoryPeer(Sockets.Dial(listener.Address!));
        loop.RunUntil(() => listener.Subject is not null, "the connection");
        return Story.Play(seed, classic: false, () => listener.Subject!, peer, () => Settle(loop, listener.Subject!, peer));
    }

    // A real network takes its time: until each side's system has what the other's was given, and knows of its end.
    private static void Settle(EventLoop loop, StorySubject subject, SystemStoryPeer peer)
    {
        for (int round = 0; round < 2; round++)
        {
            loop.RunUntil(() => peer.HasSettled && (peer.IsClosed || subject.UnacknowledgedBytes == 0), "the bytes to arrive");
            if (peer.HasEnded && subject.FileDescriptor >= 0)
            {
                Descriptors.WaitReadable(subject.FileDescriptor);
            }

            loop.Passes(6);
        }

        if (!subject.Connected || subject.HasEnded)
        {
            peer.AwaitNews();
        }
    }
}
