using System.Net;

namespace Asyncore.Forwarding;

/// <summary>Who may connect, and how often at a time.</summary>
internal sealed class ClientLimits
{
    private readonly Dictionary<IPAddress, int> _perClient = [];

    /// <summary>Connections that count now.</summary>
    public int Count { get; private set; }

    /// <summary>Counts a connection in, if it may come.</summary>
    /// <param name="options">The limits.</param>
    /// <param name="client">The client's address, as <see cref="Plain"/> has it; null for Unix clients.</param>
    /// <returns>Why not; null where it may.</returns>
    public RefusalReason? Enter(ListenerOptions options, IPAddress? client)
    {
        if (Count >= options.MaxConnections)
        {
            return RefusalReason.TooMany;
        }

        if (EnterClient(options, client) is { } reason)
        {
            return reason;
        }

        Count++;
        return null;
    }

    /// <summary>Counts a connection out.</summary>
    public void Leave(IPAddress? client)
    {
        Count--;
        LeaveClient(client);
    }

    /// <summary>Another address turns out to be the client's, as a balancer says.</summary>
    /// <returns>Why it may not go on; then it counts for the first address still.</returns>
    public RefusalReason? Rename(ListenerOptions options, IPAddress? before, IPAddress? after)
    {
        if (EnterClient(options, after) is { } reason)
        {
            return reason;
        }

        LeaveClient(before);
        return null;
    }

    /// <summary>Whether the rules let an address in.</summary>
    /// <param name="options">The rules.</param>
    /// <param name="peer">The address; null for Unix clients, which the rules of their file let in.</param>
    /// <param name="isBalancer">Then <see cref="ListenerOptions.Deny"/> is for those whom it speaks for.</param>
    public static bool Allows(ListenerOptions options, IPAddress? peer, bool isBalancer) => peer is null
        || ((isBalancer || !IsIn(options.Deny, peer)) && (options.Allow.Count == 0 || IsIn(options.Allow, peer)));

    /// <summary>Whether an address is among those kept out.</summary>
    public static bool Denies(ListenerOptions options, IPAddress? client) => client is not null && IsIn(options.Deny, client);

    /// <summary>The address by which a client is known: an IPv4 client of an IPv6 listener is an IPv4 client.</summary>
    public static IPAddress? Plain(EndPoint? client) => client is not IPEndPoint { Address: var address } ? null
        : address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address;

    private RefusalReason? EnterClient(ListenerOptions options, IPAddress? client)
    {
        if (client is null)
        {
            return null;
        }

        int now = _perClient.GetValueOrDefault(client);
        if (now >= options.MaxConnectionsPerClient)
        {
            return RefusalReason.TooManyOfClient;
        }

        _perClient[client] = now + 1;
        return null;
    }

    private void LeaveClient(IPAddress? client)
    {
        if (client is null)
        {
            return;
        }

        int left = _perClient[client] - 1;
        if (left == 0)
        {
            _perClient.Remove(client);
        }
        else
        {
            _perClient[client] = left;
        }
    }

    private static bool IsIn(ValueList<IPNetwork> networks, IPAddress client)
    {
        foreach (IPNetwork network in networks)
        {
            if (network.Contains(client))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Why a client was not let in.</summary>
public enum RefusalReason
{
    /// <summary><see cref="ListenerOptions.MaxConnections"/></summary>
    TooMany,

    /// <summary><see cref="ListenerOptions.MaxConnectionsPerClient"/></summary>
    TooManyOfClient,

    /// <summary><see cref="ListenerOptions.Allow"/> or <see cref="ListenerOptions.Deny"/>.</summary>
    Rules,

    /// <summary>No PROXY header where there must be one, or a wrong one.</summary>
    ProxyHeader,
}
