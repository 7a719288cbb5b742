using System.Globalization;
using System.Net.Sockets;

namespace Asyncore.Forwarding;

/// <summary>
/// Sockets that listen already when the program starts, as systemd hands them over (sd_listen_fds(3)): a port below 1024
/// without being root, and no connection refused while the program starts anew.
/// </summary>
public sealed class InheritedSockets
{
    private const int First = 3;

    private readonly List<(string Name, Socket Socket)> _sockets;

    /// <summary>Takes sockets that listen; they belong to whoever takes them from here.</summary>
    /// <param name="sockets">The sockets with their names, which may be empty.</param>
    public InheritedSockets(IEnumerable<(string Name, Socket Socket)> sockets) => _sockets = [.. sockets];

    /// <summary>Those that no listener has taken.</summary>
    public IReadOnlyList<Socket> Left => [.. _sockets.Select(each => each.Socket)];

    /// <summary>
    /// What <c>LISTEN_FDS</c>, <c>LISTEN_PID</c> and <c>LISTEN_FDNAMES</c> say. They are removed, so that children do not
    /// take them for theirs; a second call finds nothing.
    /// </summary>
    /// <exception cref="InvalidOperationException">A variable or descriptor is not what it should be.</exception>
    public static InheritedSockets FromEnvironment()
    {
        string? count = Take("LISTEN_FDS");
        string? process = Take("LISTEN_PID");
        string[] names = Take("LISTEN_FDNAMES")?.Split(':') ?? [];
        if (count is null || process is null
            || process != Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
        {
            return new InheritedSockets([]);
        }

        if (!ushort.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number))
        {
            throw new InvalidOperationException($"LISTEN_FDS is '{count}', which is no number of sockets");
        }

        return new InheritedSockets(Enumerable.Range(0, number)
            .Select(i => (i < names.Length ? names[i] : string.Empty, Open(First + i))));
    }

    /// <summary>Whether there is a socket for a listener.</summary>
    internal bool Has(ListenerOptions options) => Find(options) >= 0;

    /// <summary>The socket for a listener: by its name, or by its address.</summary>
    internal Socket? Take(ListenerOptions options)
    {
        int index = Find(options);
        if (index < 0)
        {
            return null;
        }

        Socket taken = _sockets[index].Socket;
        _sockets.RemoveAt(index);
        return taken;
    }

    private int Find(ListenerOptions options)
    {
        int index = _sockets.FindIndex(each => options.Name.Length > 0 && each.Name == options.Name);
        return index >= 0 ? index : _sockets.FindIndex(each => Equals(each.Socket.LocalEndPoint, options.Listen));
    }

    private static Socket Open(int descriptor)
    {
        try
        {
            var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
            return socket.SocketType == SocketType.Stream && (int)socket.GetSocketOption(
                SocketOptionLevel.Socket, SocketOptionName.AcceptConnection)! != 0
                ? socket
                : throw new InvalidOperationException($"inherited descriptor {descriptor} is no listening stream socket");
        }
        catch (SocketException error)
        {
            throw new InvalidOperationException(
                $"inherited descriptor {descriptor} is no socket: {error.Message}", error);
        }
    }

    private static string? Take(string variable)
    {
        string? value = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, null);
        return string.IsNullOrEmpty(value) ? null : value;
    }
}
