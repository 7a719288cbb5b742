using System.Net;
using System.Net.Sockets;

namespace Asyncore.Testing;

/// <summary>
/// A machine of a simulated network: a name that others can resolve, an address of each family, its own loopback, ports
/// and Unix paths, and the loops that run on it.
/// </summary>
public sealed class SimulatedHost
{
    private readonly SimulatedNetwork _network;

    internal SimulatedHost(SimulatedNetwork network, string name, int number)
    {
        _network = network;
        Name = name;
        Address = new IPAddress([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
        AddressV6 = IPAddress.Parse(FormattableString.Invariant($"fd00::{number >> 16:x}:{number & 0xFFFF:x}"));
        Addresses = new AddressBook(this);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its IPv4 address, of 10.0.0.0/8.</summary>
    public IPAddress Address { get; }

    /// <summary>Its IPv6 address, of fd00::/8.</summary>
    public IPAddress AddressV6 { get; }

    internal AddressBook Addresses { get; }

    /// <summary>Makes a loop that runs here, on the network's clock.</summary>
    /// <param name="options">Its settings; backend and clock are the network's.</param>
    public EventLoop CreateLoop(EventLoopOptions? options = null) => _network.CreateLoop(this, options);

    /// <summary>The name and address.</summary>
    public override string ToString() => $"{Name} {Address}";

    internal bool Owns(IPAddress address) =>
        address.Equals(Address) || address.Equals(AddressV6) || IPAddress.IsLoopback(address);

    /// <summary>The address that others see of one that connects to them.</summary>
    internal IPAddress SourceFor(IPAddress to) =>
        IPAddress.IsLoopback(to) ? (to.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback)
        : to.AddressFamily == AddressFamily.InterNetwork ? Address
        : AddressV6;
}
