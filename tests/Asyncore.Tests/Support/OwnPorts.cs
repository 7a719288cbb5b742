using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Asyncore.Tests.Support;

/// <summary>
/// Ports that nobody else is given, also once they are free again: below those that the system picks, and each for one
/// test alone. One that the system picks may be another test's as soon as its first owner has closed it, and a program
/// that was told to listen there, or a test that expects to be refused there, would meet that one.
/// </summary>
internal static class OwnPorts
{
    private const int First = 10_000;
    private const int Count = 16_000; // ends before the ports that some tests name themselves

    private static int _last = Random.Shared.Next(Count); // a run soon after another finds its ports out of use

    private static readonly Lock _looking = new();

    public static IPEndPoint Next(IPAddress address)
    {
        for (int tries = 0; tries < Count; tries++)
        {
            int next = Interlocked.Increment(ref _last) & int.MaxValue;
            var endPoint = new IPEndPoint(address, First + (next % Count));
            if (IsFree(endPoint))
            {
                return endPoint;
            }
        }

        throw new InvalidOperationException($"Every port from {First} to {First + Count - 1} is in use.");
    }

    /// <summary>
    /// Starts a process, not while a port is looked at: until it has become its program it has every socket of this one too,
    /// and the port that was found free would be in use.
    /// </summary>
    public static Process Start(ProcessStartInfo start)
    {
        lock (_looking)
        {
            return Process.Start(start)!;
        }
    }

    private static bool IsFree(IPEndPoint endPoint)
    {
        lock (_looking)
        {
            return CanBind(endPoint);
        }
    }

    private static bool CanBind(IPEndPoint endPoint)
    {
        // Unspecified: with Tcp the library would allow what the channels of a test are not, connections that have just ended.
        using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(endPoint);
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }
}
