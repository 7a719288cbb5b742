using System.Net;

namespace Asyncore.Forwarding;

/// <summary>
/// What no service can do, said by the name of the property. A file is read by <see cref="ForwardConfiguration"/>, which
/// says the same with line and key.
/// </summary>
internal static class OptionsCheck
{
    private const int MostWeight = 1000;

    /// <exception cref="ArgumentException">Something is out of range, or does not go together.</exception>
    public static void Check(ServiceOptions options)
    {
        AtLeast(options.DrainTimeout, TimeSpan.Zero, nameof(options.DrainTimeout));
        var addresses = new Dictionary<EndPoint, int>();
        for (int i = 0; i < options.Listeners.Count; i++)
        {
            string name = FormattableString.Invariant($"{nameof(options.Listeners)}[{i}]");
            ListenerOptions listener = options.Listeners[i];
            Check(listener, name);
            bool isPicked = listener.Listen is IPEndPoint { Port: 0 };
            if (!isPicked && !addresses.TryAdd(listener.Listen, i))
            {
                throw new ArgumentException(
                    FormattableString.Invariant(
                        $"{name}.{nameof(listener.Listen)} is that of {nameof(options.Listeners)}[{addresses[listener.Listen]}]."),
                    nameof(options));
            }
        }
    }

    private static void Check(ListenerOptions listener, string name)
    {
        AtLeast(listener.Targets.Count, 1, $"{name}.{nameof(listener.Targets)}");
        AtLeast(listener.Backlog, 1, $"{name}.{nameof(listener.Backlog)}");
        Above(listener.ConnectTimeout, TimeSpan.Zero, $"{name}.{nameof(listener.ConnectTimeout)}");
        Above(listener.IdleTimeout, TimeSpan.Zero, $"{name}.{nameof(listener.IdleTimeout)}");
        Above(listener.Lifetime, TimeSpan.Zero, $"{name}.{nameof(listener.Lifetime)}");
        Above(listener.ResolveEvery, TimeSpan.Zero, $"{name}.{nameof(listener.ResolveEvery)}");
        Above(listener.RestFor, TimeSpan.Zero, $"{name}.{nameof(listener.RestFor)}");
        Above(listener.ProxyHeaderTimeout, TimeSpan.Zero, $"{name}.{nameof(listener.ProxyHeaderTimeout)}");
        Above(listener.MaxConnections, 0, $"{name}.{nameof(listener.MaxConnections)}");
        Above(listener.MaxConnectionsPerClient, 0, $"{name}.{nameof(listener.MaxConnectionsPerClient)}");
        Above(listener.Rate, 0, $"{name}.{nameof(listener.Rate)}");
        Above(listener.TotalRate, 0, $"{name}.{nameof(listener.TotalRate)}");
        AtLeast(listener.HighWater, 1, $"{name}.{nameof(listener.HighWater)}");
        AtLeast(listener.LowWater, 0, $"{name}.{nameof(listener.LowWater)}");
        AtLeast(listener.HighWater, listener.LowWater, $"{name}.{nameof(listener.HighWater)}");
        for (int i = 0; i < listener.Targets.Count; i++)
        {
            string weight = FormattableString.Invariant($"{name}.{nameof(listener.Targets)}[{i}].{nameof(TargetOptions.Weight)}");
            int given = listener.Targets[i].Weight;
            if (given is < 1 or > MostWeight)
            {
                throw new ArgumentOutOfRangeException(weight, $"{weight} is {given}, and has to be from 1 to {MostWeight}.");
            }
        }

        Check(listener.FaultsToTarget, $"{name}.{nameof(listener.FaultsToTarget)}");
        Check(listener.FaultsToClient, $"{name}.{nameof(listener.FaultsToClient)}");
    }

    private static void Check(FaultOptions? faults, string name)
    {
        if (faults is not null)
        {
            AtLeast(faults.Jitter, TimeSpan.Zero, $"{name}.{nameof(faults.Jitter)}");
            AtLeast(faults.Delay, faults.Jitter, $"{name}.{nameof(faults.Delay)}");
            Above(faults.Bandwidth, 0, $"{name}.{nameof(faults.Bandwidth)}");
            Above(faults.Slice, 0, $"{name}.{nameof(faults.Slice)}");
            Above(faults.CutAfter, 0, $"{name}.{nameof(faults.CutAfter)}");
            AtLeast(faults.ResetAfter ?? TimeSpan.Zero, TimeSpan.Zero, $"{name}.{nameof(faults.ResetAfter)}");
        }
    }

    private static void AtLeast<T>(T value, T least, string name)
        where T : struct, IComparable<T>
    {
        if (value.CompareTo(least) < 0)
        {
            throw new ArgumentOutOfRangeException(name, $"{name} is {value}, and has to be {least} at least.");
        }
    }

    private static void Above<T>(T? value, T limit, string name)
        where T : struct, IComparable<T>
    {
        if (value?.CompareTo(limit) <= 0)
        {
            throw new ArgumentOutOfRangeException(name, $"{name} is {value}, and has to be above {limit}.");
        }
    }
}
