using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Asyncore.Testing;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>
/// The networks that a conformance line is run on: that of the system, by every backend, and a simulated one. Where a line
/// is about what only the system has (descriptors, threads, urgent data, a <see cref="Socket"/>), <see cref="Backends"/> are meant.
/// </summary>
public static class Networks
{
    private const string Host = "localhost";

    private static readonly IoBackendKind[] _kinds = [.. Backends.Kinds, IoBackendKind.Simulated];
    private static readonly ConditionalWeakTable<EventLoop, SimulatedNetwork> _simulated = [];

    /// <summary>Every backend, and the simulated one.</summary>
    public static TheoryData<IoBackendKind> All => [.. _kinds];

    /// <summary>Every backend and the simulated one, over IPv4, IPv6 and Unix sockets.</summary>
    public static TheoryData<IoBackendKind, AddressFamily> AllFamilies => Backends.Combine(
        _kinds, AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix);

    /// <summary>Every backend and the simulated one, over IPv4 and IPv6.</summary>
    public static TheoryData<IoBackendKind, AddressFamily> IpFamilies => Backends.Combine(
        _kinds, AddressFamily.InterNetwork, AddressFamily.InterNetworkV6);

    /// <summary>A loop on a simulated network of its own, whose clock moves along with a <see cref="FakeClock"/>.</summary>
    internal static EventLoop CreateSimulated(EventLoopOptions? options = null)
    {
        var network = new SimulatedNetwork { OutlivesExceptions = true }; // as on the other backends
        EventLoop loop = network.CreateLoop(Host, options);
        _simulated.Add(loop, network);
        if (options?.TimeProvider is FakeClock clock)
        {
            clock.OnAdvance = by => network.SimulatedClock.MoveTo(network.Now + by);
        }

        return loop;
    }

    /// <summary>A further loop on the same network.</summary>
    internal static EventLoop CreateBeside(this EventLoop loop)
    {
        if (!_simulated.TryGetValue(loop, out SimulatedNetwork? network))
        {
            return TestLoop.Create(loop.Backend);
        }

        EventLoop other = network.CreateLoop(Host);
        _simulated.Add(other, network);
        return other;
    }

    /// <summary>A socket on the network that a loop is on, neither bound nor connected.</summary>
    internal static FarEnd OpenSocket(this EventLoop loop, AddressFamily family, SocketType type = SocketType.Stream) =>
        _simulated.TryGetValue(loop, out SimulatedNetwork? network)
            ? new SimulatedEnd(new PlainSocket(network, Host, family, type))
            : SystemEnd.Create(family, type);

    /// <summary>A socket that is bound and does not listen: whoever connects to it is refused.</summary>
    internal static FarEnd Bound(this EventLoop loop, AddressFamily family, SocketType type = SocketType.Stream)
    {
        FarEnd end = loop.OpenSocket(family, type);
        end.Bind(Backends.AnyAddress(family));
        return end;
    }

    /// <summary>A listener that is not in the loop.</summary>
    internal static FarEnd Listening(this EventLoop loop, AddressFamily family)
    {
        FarEnd end = loop.Bound(family);
        end.Listen();
        return end;
    }

    /// <summary>A connection, which exists whether or not anybody has accepted it yet.</summary>
    internal static FarEnd Dial(this EventLoop loop, EndPoint address)
    {
        FarEnd end = loop.OpenSocket(address.AddressFamily);
        end.Connect(address);
        return end;
    }

    /// <summary>A connected pair, ours in a channel.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="family">The family of both.</param>
    /// <param name="given">Makes the channel of a socket of the system.</param>
    /// <param name="accepted">Makes it of a connection of the simulated network.</param>
    /// <param name="small">Small buffers, where they can be chosen; those of a simulated network are.</param>
    internal static (T Channel, FarEnd Peer) Join<T>(
        this EventLoop loop,
        AddressFamily family,
        Func<Socket, EventLoop, T> given,
        Func<AcceptedChannel, T> accepted,
        bool small = false)
        where T : Dispatcher
    {
        if (!_simulated.TryGetValue(loop, out SimulatedNetwork? network))
        {
            return loop.Join(family, given, small);
        }

        using var listener = new PlainSocket(network, Host, family);
        EndPoint address = Backends.AnyAddress(family);
        listener.Bind(address);
        listener.Listen(1);
        FarEnd peer = loop.Dial(address);
        return (accepted(listener.Accept(loop)), peer);
    }

    /// <summary>Waits until something has come to a channel; on a simulated network it has when the sender's call returns.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="events">What the kernel is to report, all of it: events of <see cref="Kernel"/>.</param>
    internal static void Await(this Dispatcher channel, int events)
    {
        if (!_simulated.TryGetValue(channel.Loop, out _))
        {
            Kernel.Await(channel.FileDescriptor, events);
        }
    }

    /// <summary>Waits until so many bytes are there for a channel to read.</summary>
    internal static void AwaitUnread(this Dispatcher channel, int count)
    {
        if (!_simulated.TryGetValue(channel.Loop, out _))
        {
            Assert.True(
                SpinWait.SpinUntil(() => channel.Socket!.Available == count, TimeSpan.FromSeconds(20)), "not all has arrived");
        }
    }

    /// <summary>Waits until it is known that a channel's peer has gone; see <see cref="Kernel.AwaitPeersEnd"/>.</summary>
    internal static void AwaitPeersEnd(this Dispatcher channel)
    {
        if (!_simulated.TryGetValue(channel.Loop, out _))
        {
            Kernel.AwaitPeersEnd(channel.FileDescriptor);
        }
    }
}
