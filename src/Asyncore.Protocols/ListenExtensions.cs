using System.Net;
using System.Net.Sockets;

namespace Asyncore.Protocols;

/// <summary>What every server does first, and what it outlives.</summary>
internal static class ListenExtensions
{
    public static void ListenOn(this Dispatcher server, EndPoint address, int backlog = 1024)
    {
        ArgumentNullException.ThrowIfNull(address);
        try
        {
            server.CreateSocket(address.AddressFamily);
            if (address is IPEndPoint)
            {
                server.SetReuseAddr();
            }

            server.Bind(address);
            server.Listen(backlog);
        }
        catch
        {
            server.Close(); // a server that could not be made leaves nothing in the loop
            throw;
        }
    }

    /// <summary>
    /// Whether a listener goes on after an exception. Setting up one connection may fail for any reason, and costs
    /// that connection; only where accept(2) says that the listener itself is no good would going on mean to spin.
    /// </summary>
    public static bool Outlives(this Dispatcher server, Exception error) => server.Accepting
        && error is not SocketException
        {
            SocketErrorCode: SocketError.NotSocket or SocketError.InvalidArgument or SocketError.OperationAborted
        };

    /// <summary>An address as people write it.</summary>
    public static string Text(this EndPoint address) => address is DnsEndPoint name
        ? $"{name.Host}:{name.Port}" // its own text begins with the address family
        : address.ToString() ?? string.Empty;
}
