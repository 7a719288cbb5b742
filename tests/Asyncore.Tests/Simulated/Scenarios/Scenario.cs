using Asyncore.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Asyncore.Tests.Simulated;

/// <summary>What scenarios on the simulated network have in common; of no test framework, as the soak runs them too.</summary>
internal static class Scenario
{
    /// <summary>Loops that say nothing: shortages and refusals are what they are made for here.</summary>
    public static EventLoopOptions Quiet { get; } = new() { LoggerFactory = NullLoggerFactory.Instance };

    public static void Check(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvariantException(what);
        }
    }

    /// <summary>Bytes that are nobody else's: of the network's seed and a number.</summary>
    public static byte[] Bytes(SimulatedNetwork network, int number, int length)
    {
        byte[] bytes = new byte[length];
        new Random(unchecked((network.Seed * 31) + number)).NextBytes(bytes);
        return bytes;
    }

    /// <summary>What was received of a stream: all of it where it ended in order, else what it began with.</summary>
    public static void CheckStream(byte[] sent, ReadOnlySpan<byte> got, bool whole, string who)
    {
        Check(got.Length <= sent.Length, $"{who} has got {got.Length} bytes of {sent.Length}");
        Check(sent.AsSpan(0, got.Length).SequenceEqual(got), $"{who} has got other bytes than were sent");
        Check(!whole || got.Length == sent.Length, $"{who} saw the end behind {got.Length} bytes of {sent.Length}");
    }

    /// <summary>Nothing is left of anything.</summary>
    public static void CheckClean(SimulatedNetwork network, EventLoop loop, int channels, int sockets)
    {
        Check(loop.Channels.Count == channels, $"{loop.Channels.Count} channels are left in the loop, not {channels}: "
            + string.Join(", ", loop.Channels.Values));
        Check(network.OpenSockets == sockets, $"{network.OpenSockets} sockets are open, not {sockets}");
    }
}

/// <summary>Also thrown in handlers, from where anything else would go to the channel's own.</summary>
internal sealed class InvariantException(string what) : ExitNowException(what);
