using System.Diagnostics;
using System.Globalization;
using Asyncore.Testing;
using Asyncore.Tests.Simulated;

namespace Asyncore.Soak;

/// <summary>Runs scenarios under one seed after the other, and counts.</summary>
internal static class Soak
{
    private const int SeedsAtOnce = 200;

    /// <summary>The scenarios by name. Each makes so many connections under a seed, which it says.</summary>
    public static readonly Dictionary<string, Func<SimulatedNetwork, int>> Scenarios = new()
    {
        ["chat"] = network => ChatScenario.Run(network, clients: 3),
        ["forwarder"] = network => RelayScenario.Run(network, clients: 4),
        ["forwarder-cut"] = network => RelayScenario.RunCut(network, clients: 4),
        ["forwarder-drain"] = network => DrainScenario.Run(network, clients: 4),
        ["forwarder-proxy"] = network => ProxyChainScenario.Run(network, clients: 4),
        ["classic-forwarder"] = network => RelayScenario.RunClassic(network, clients: 4),
        ["churn"] = network => ChurnScenario.Run(network, clients: 500),
        ["http"] = network => HttpScenario.Run(network, requests: 6),
        ["smtp"] = network => SmtpScenario.Run(network, clients: 3),
        ["astm"] = network => AstmScenario.Run(network, instruments: 3),
        ["chat-room"] = network => ChatRoomScenario.Run(network, guests: 6),
    };

    /// <param name="names">Which scenarios.</param>
    /// <param name="first">The first seed.</param>
    /// <param name="seeds">How many of each.</param>
    /// <param name="atLeast">Goes on until so much time is over.</param>
    public static int Run(string[] names, int first, int seeds, TimeSpan atLeast)
    {
        long start = Stopwatch.GetTimestamp();
        var totals = names.ToDictionary(name => name, _ => new Total());
        for (int round = 0; round * SeedsAtOnce < seeds || Stopwatch.GetElapsedTime(start) < atLeast; round++)
        {
            int from = unchecked(first + (round * SeedsAtOnce));
            int count = Stopwatch.GetElapsedTime(start) < atLeast ? SeedsAtOnce : Math.Min(SeedsAtOnce, seeds - (round * SeedsAtOnce));
            foreach (string name in names)
            {
                if (!RunOne(name, from, Math.Max(count, 1), totals[name]))
                {
                    return 1;
                }
            }
        }

        Report(totals);
        return 0;
    }

    private static bool RunOne(string name, int first, int count, Total total)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            Simulation.Run(
                network =>
                {
                    total.Connections += Scenarios[name](network);
                    total.Seeds++;
                    total.Faults += network.Fired.Count;
                },
                new SimulationOptions { FirstSeed = first, Seeds = count });
            return true;
        }
        catch (SimulationException error)
        {
            Console.Error.WriteLine($"{name}: {error.Message}");
            return false;
        }
        finally
        {
            total.Time += Stopwatch.GetElapsedTime(start);
        }
    }

    private static void Report(Dictionary<string, Total> totals)
    {
        Console.WriteLine("scenario             seeds  connections       faults  seconds  connections/s");
        foreach ((string name, Total each) in totals)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-18} {each.Seeds,7} {each.Connections,12:N0} {each.Faults,12:N0} {each.Time.TotalSeconds,8:0.0} {each.Connections / each.Time.TotalSeconds,14:N0}"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{totals.Values.Sum(each => each.Connections):N0} connections with {totals.Values.Sum(each => each.Faults):N0} faults, no invariant broken"));
    }

    private sealed class Total
    {
        public long Seeds { get; set; }

        public long Connections { get; set; }

        public long Faults { get; set; }

        public TimeSpan Time { get; set; }
    }
}
