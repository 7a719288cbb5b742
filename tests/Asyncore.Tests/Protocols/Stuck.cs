using System.Net.Sockets;

namespace Asyncore.Tests.Protocols;

/// <summary>Sending into something that does not read.</summary>
internal static class Stuck
{
    // Buffers along the way grow while they are filled, so one refusal does not mean that it is over.
    private const int QuietPasses = 200;

    /// <summary>Sends until nobody along the way takes any more.</summary>
    /// <returns>How much was taken.</returns>
    public static int SendUntilStuck(this EventLoop loop, Socket socket, ReadOnlySpan<byte> data)
    {
        socket.Blocking = false;
        int sent = 0;
        for (int quiet = 0; quiet < QuietPasses && sent < data.Length; quiet++)
        {
            int count = socket.Send(data[sent..], SocketFlags.None, out SocketError error);
            if (error == SocketError.Success && count > 0)
            {
                sent += count;
                quiet = 0;
            }

            loop.RunOnce(TimeSpan.FromMilliseconds(1));
        }

        socket.Blocking = true;
        return sent;
    }
}
