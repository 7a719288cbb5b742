using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;

namespace Asyncore.Forwarding;

/// <summary>What is right by itself and wrong together.</summary>
internal static class ConfigurationChecks
{
    /// <summary>One listener.</summary>
    public static void Check(ListenerOptions listener, ConfigurationValue value)
    {
        if (listener.LowWater > listener.HighWater && value.Find("lowWater") is { } lowWater)
        {
            string most = Quantity.FormatBytes(listener.HighWater);
            throw lowWater.Error($"{lowWater.Shape} is above highWater, which is {most}");
        }

        for (int i = 0; i < listener.Targets.Count; i++)
        {
            if (SelfForward.Happens(listener.Listen, listener.Targets[i].Address))
            {
                ConfigurationValue target = value.Find("targets")!.Children[i];
                target = target.Find("address") ?? target;
                throw target.Error($"{target.Shape} is where the listener itself listens");
            }
        }
    }

    /// <summary>The faults of one direction.</summary>
    public static void Check(FaultOptions faults, ConfigurationValue value)
    {
        if (faults.Jitter > faults.Delay && value.Find("jitter") is { } jitter)
        {
            throw jitter.Error($"{jitter.Shape} is above delay, which is {Quantity.FormatDuration(faults.Delay)}");
        }
    }

    /// <summary>All listeners.</summary>
    public static void CheckTogether(ServiceOptions service, IReadOnlyList<ConfigurationValue> values)
    {
        var taken = new TakenAddresses();
        var names = new Dictionary<string, ConfigurationValue>();
        for (int i = 0; i < values.Count; i++)
        {
            ListenerOptions listener = service.Listeners[i];
            if (taken.Add(listener.Listen, values[i]) is { } other)
            {
                ConfigurationValue listen = values[i].Find("listen")!;
                throw listen.Error($"{listen.Shape} is taken already, by {other.Key}");
            }

            if (listener.Name.Length > 0 && !names.TryAdd(listener.Name, values[i]))
            {
                ConfigurationValue name = values[i].Find("name")!;
                throw name.Error($"{name.Shape} is the name of {names[listener.Name].Key} already");
            }
        }
    }

    /// <summary>Where listeners are: every address of a family has the ports of all its addresses.</summary>
    private sealed class TakenAddresses
    {
        private readonly Dictionary<EndPoint, ConfigurationValue> _exact = [];
        private readonly Dictionary<(AddressFamily Family, int Port), ConfigurationValue> _ports = [];
        private readonly Dictionary<(AddressFamily Family, int Port), ConfigurationValue> _wildcards = [];

        /// <returns>The listener that has the address already; null where none has.</returns>
        public ConfigurationValue? Add(EndPoint address, ConfigurationValue listener)
        {
            if (address is not IPEndPoint { Port: var port, Address: var host })
            {
                return _exact.TryAdd(address, listener) ? null : _exact[address];
            }

            if (port == 0)
            {
                return null; // a free one is picked
            }

            (AddressFamily, int) place = (host.AddressFamily, port);
            bool isWildcard = host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any);
            ConfigurationValue? other = _exact.GetValueOrDefault(address)
                ?? _wildcards.GetValueOrDefault(place)
                ?? (isWildcard ? _ports.GetValueOrDefault(place) : null);
            if (other is null)
            {
                _exact.Add(address, listener);
                _ports.TryAdd(place, listener);
                if (isWildcard)
                {
                    _wildcards.Add(place, listener);
                }
            }

            return other;
        }
    }
}
