using System.Net;
using Asyncore.Testing;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Asyncore.Tests.Simulated;

/// <summary>What scenarios on the simulated network have in common; of no test framework, as the soak runs them too.</summary>
internal static class Scenario
{
    /// <summary>
    /// Loops that say nothing: shortages and refusals are what they are made for here. An exception that nobody has caught is
    /// none of these, and ends the run.
    /// </summary>
    public static EventLoopOptions Quiet { get; } = new() { LoggerFactory = new LogTo(LogLevel.Error, RefuseUncaught) };

    /// <summary>How long an end of a connection waits for one that has vanished: longer than anybody else does.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(30);

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

    /// <summary>A time of chance, of so many milliseconds at most.</summary>
    public static TimeSpan Some(Random random, int milliseconds) =>
        TimeSpan.FromMicroseconds(random.Next(milliseconds * 1000));

    /// <summary>Besides what goes wrong already, peers vanish and connects are not answered.</summary>
    public static void Worsen(SimulatedNetwork network) =>
        network.Faults = network.Faults with { HalfOpen = 0.001, SilentConnect = 0.01 };

    /// <summary>Cuts two hosts off from each other twice at most, each time for a while.</summary>
    /// <returns>When they reach each other for good; zero where they always do.</returns>
    public static TimeSpan Cut(SimulatedNetwork network, Random random, string a, string b, TimeSpan longest)
    {
        TimeSpan when = TimeSpan.Zero;
        for (int left = random.Next(3); left > 0; left--)
        {
            when += Some(random, 200);
            network.At(when, () => network.Partition(a, b));
            when += longest * Math.Pow(random.NextDouble(), 4); // most are short
            network.At(when, () => network.Heal(a, b));
        }

        return when;
    }

    /// <summary>
    /// Whether no connection has met worse than delays: then everything has come to its proper end, and not nothing at all.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="healed">What <see cref="Cut"/> has said.</param>
    public static bool IsCalm(SimulatedNetwork network, TimeSpan healed) => healed == TimeSpan.Zero && !network.Fired.Any(
        each => each.Kind is FaultKind.Reset or FaultKind.HalfOpen or FaultKind.RefusedConnect or FaultKind.SilentConnect
            or FaultKind.NoDescriptor);

    /// <summary>What was received of a stream: all of it where it ended in order, else what it began with.</summary>
    public static void CheckStream(byte[] sent, ReadOnlySpan<byte> got, bool whole, string who)
    {
        Check(got.Length <= sent.Length, $"{who} has got {got.Length} bytes of {sent.Length}");
        Check(sent.AsSpan(0, got.Length).SequenceEqual(got), $"{who} has got other bytes than were sent");
        Check(!whole || got.Length == sent.Length, $"{who} saw the end behind {got.Length} bytes of {sent.Length}");
    }

    /// <summary>Everything comes to rest, and nothing is left of anything.</summary>
    public static void CheckClean(SimulatedNetwork network, params IEnumerable<EventLoop> loops)
    {
        network.Run();
        foreach (EventLoop loop in loops)
        {
            Check(loop.Channels.Count == 0, $"channels are left in a loop: {string.Join(", ", loop.Channels.Values)}");
        }

        Check(network.OpenSockets == 0, $"{network.OpenSockets} sockets are open");
    }

    // The library outlives it, and no scenario would notice.
    private static void RefuseUncaught(LogLevel level, string line) =>
        Check(!line.Contains("uncaught exception", StringComparison.Ordinal), line);
}

/// <summary>Also thrown in handlers, from where anything else would go to the channel's own.</summary>
internal sealed class InvariantException(string what) : ExitNowException(what);
