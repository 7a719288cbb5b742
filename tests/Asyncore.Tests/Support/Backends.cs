using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>The backends and address families that a conformance line is run on.</summary>
public static class Backends
{
    public static readonly IoBackendKind[] Kinds =
        [.. Enum.GetValues<IoBackendKind>().Where(kind => kind != IoBackendKind.Auto && EventLoop.IsSupported(kind))];

    /// <summary>Every backend this machine has.</summary>
    public static TheoryData<IoBackendKind> All => [.. Kinds];

    /// <summary>Every backend, over IPv4, IPv6 and Unix sockets.</summary>
    public static TheoryData<IoBackendKind, AddressFamily> AllFamilies => Combine(
        Kinds, AddressFamily.InterNetwork, AddressFamily.InterNetworkV6, AddressFamily.Unix);

    /// <summary>Every backend, over IPv4 and IPv6.</summary>
    public static TheoryData<IoBackendKind, AddressFamily> IpFamilies => Combine(
        Kinds, AddressFamily.InterNetwork, AddressFamily.InterNetworkV6);

    /// <summary>An address to bind to: a free port, or a path that nobody uses.</summary>
    public static EndPoint AnyAddress(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => OwnPorts.Next(IPAddress.Loopback),
        AddressFamily.InterNetworkV6 => OwnPorts.Next(IPAddress.IPv6Loopback),
        _ => new UnixDomainSocketEndPoint(Path.Combine(Path.GetTempPath(), $"asyncore-{Guid.NewGuid():N}.sock")),
    };

    internal static TheoryData<IoBackendKind, AddressFamily> Combine(
        IEnumerable<IoBackendKind> kinds, params AddressFamily[] families)
    {
        var data = new TheoryData<IoBackendKind, AddressFamily>();
        foreach (IoBackendKind kind in kinds)
        {
            foreach (AddressFamily family in families)
            {
                data.Add(kind, family);
            }
        }

        return data;
    }
}
