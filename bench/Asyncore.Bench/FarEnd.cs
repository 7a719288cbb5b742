using System.Net;
using System.Net.Sockets;

namespace Asyncore.Bench;

/// <summary>Where a forwarder connects to: the load generator listens there in each of its runs.</summary>
internal static class FarEnd
{
    // Nothing connects from there, so that nothing that goes out can have taken the port when the next run listens.
    private static readonly IPAddress _address = new([127, 1, 0, 1]);

    /// <summary>A port that is free.</summary>
    public static IPEndPoint Choose()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(_address, 0));
        return (IPEndPoint)socket.LocalEndPoint!;
    }
}
