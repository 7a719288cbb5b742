using System.Net;
using System.Net.Sockets;

namespace Asyncore.Testing;

/// <summary>Who is bound where on one host.</summary>
internal sealed class AddressBook(SimulatedHost host)
{
    private const int FirstPort = 32_768; // as Linux gives them, ip(7)
    private const int LastPort = 60_999;

    private readonly Dictionary<(bool Stream, int Port), List<SimulatedSocket>> _ports = [];
    private readonly Dictionary<string, SimulatedSocket?> _paths = []; // a path outlives who has made it
    private int _lastPort = FirstPort - 1;

    /// <returns>Zero or a negated error.</returns>
    public int Bind(SimulatedSocket socket, EndPoint address)
    {
        if (socket.IsBound)
        {
            return -(int)SocketError.InvalidArgument;
        }

        if (!SimulatedSocket.CanHave(socket.Handle.Family, address))
        {
            return -(int)SocketError.AddressFamilyNotSupported;
        }

        if (address is UnixDomainSocketEndPoint path)
        {
            if (!_paths.TryAdd(path.ToString(), socket))
            {
                return -(int)SocketError.AddressAlreadyInUse;
            }

            socket.Local = path;
            socket.IsBound = true;
            return 0;
        }

        var wanted = (IPEndPoint)address;
        if (!host.Owns(wanted.Address) && !IsAny(wanted.Address))
        {
            return -(int)SocketError.AddressNotAvailable;
        }

        int port = wanted.Port != 0 ? wanted.Port : FreePort(socket);
        var local = new IPEndPoint(wanted.Address, port);
        List<SimulatedSocket> there = At(socket.IsStream, port);
        if (there.Exists(other => Clash(other, socket, local)))
        {
            return -(int)SocketError.AddressAlreadyInUse;
        }

        there.Add(socket);
        socket.Local = local;
        socket.IsBound = true;
        return 0;
    }

    public void Unbind(SimulatedSocket socket)
    {
        if (socket is { IsBound: true, Local: IPEndPoint { Port: var port } })
        {
            At(socket.IsStream, port).Remove(socket);
        }
        else if (socket is { IsBound: true, Local: UnixDomainSocketEndPoint path } && _paths.ContainsKey(path.ToString()))
        {
            if (IsAbstract(path))
            {
                _paths.Remove(path.ToString());
            }
            else
            {
                _paths[path.ToString()] = null;
            }
        }

        socket.IsBound = false;
    }

    public void RemovePath(string path) => _paths.Remove(path);

    /// <summary>Whether there is such a path, with somebody behind it or not.</summary>
    public bool HasPath(string path) => _paths.ContainsKey(path);

    /// <summary>Who is bound at an address: somebody of exactly that one before somebody of all.</summary>
    public SimulatedSocket? Find(bool stream, EndPoint address)
    {
        if (address is UnixDomainSocketEndPoint path)
        {
            return _paths.GetValueOrDefault(path.ToString());
        }

        var to = (IPEndPoint)address;
        SimulatedSocket? best = null;
        int bestRank = 0;
        foreach (SimulatedSocket each in _ports.GetValueOrDefault((stream, to.Port)) ?? [])
        {
            int rank = Rank(each, to.Address);
            if (rank > bestRank)
            {
                (best, bestRank) = (each, rank);
            }
        }

        return best;
    }

    /// <summary>Gives who connects without having one a port that nobody has.</summary>
    public void BindSomewhere(SimulatedSocket socket, IPAddress address)
    {
        socket.Local = new IPEndPoint(address, FreePort(socket));
        if (!socket.IsStream)
        {
            // Others can send to it. A stream's other end is known already, and ports would run out.
            At(stream: false, ((IPEndPoint)socket.Local).Port).Add(socket);
            socket.IsBound = true;
        }
    }

    private int FreePort(SimulatedSocket socket)
    {
        for (int tries = LastPort - FirstPort; tries >= 0; tries--)
        {
            _lastPort = _lastPort == LastPort ? FirstPort : _lastPort + 1;
            if (At(socket.IsStream, _lastPort).Count == 0)
            {
                return _lastPort;
            }
        }

        throw new InvalidOperationException($"Host {host.Name} has given all its ports.");
    }

    public static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static int Rank(SimulatedSocket socket, IPAddress to)
    {
        IPAddress own = ((IPEndPoint)socket.Local!).Address;
        return own.Equals(to) ? 3
            : IsAny(own) && own.AddressFamily == to.AddressFamily ? 2
            : own.Equals(IPAddress.IPv6Any) && socket.IsDual ? 1
            : 0;
    }

    // unix(7): the name goes with the socket.
    private static bool IsAbstract(UnixDomainSocketEndPoint path) => path.ToString().StartsWith('@');

    private static bool Clash(SimulatedSocket other, SimulatedSocket socket, IPEndPoint local)
    {
        IPAddress theirs = ((IPEndPoint)other.Local!).Address;
        bool sameFamily = theirs.AddressFamily == local.AddressFamily;
        bool dual = other.IsDual || socket.IsDual;
        bool overlap = theirs.Equals(local.Address)
            || ((sameFamily || dual) && (IsAny(theirs) || IsAny(local.Address)));
        return overlap && !(other.SharesPort && socket.SharesPort) && other.Stage != SocketStage.Connected;
    }

    private List<SimulatedSocket> At(bool stream, int port)
    {
        if (!_ports.TryGetValue((stream, port), out List<SimulatedSocket>? there))
        {
            _ports[(stream, port)] = there = [];
        }

        return there;
    }
}
