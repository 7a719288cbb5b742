using System.Net.Sockets;

namespace Asyncore.Tests.Protocols;

/// <summary>Sending into something that does not read.</summary>
internal static class Stuck
{
    // Buffers along the way grow while they are filled, so one refusal does not mean that it is over.
    private const int QuietPasses = 200;
    private const int QuietRoundTrips = 30;

    /// <summary>Sends until nobody along the way takes any more.</summary>
    /// <returns>How much was taken.</returns>
    public static int SendUntilStuck(this EventLoop loop, Socket socket, ReadOnlySpan<byte> data) =>
        SendUntilStuck([socket], data, () => loop.RunOnce(TimeSpan.FromMilliseconds(1)), QuietPasses)[0];

    /// <summary>The same with several at once, each of which is sent all of the data, through another process.</summary>
    /// <param name="sockets">Into what.</param>
    /// <param name="data">What is sent.</param>
    /// <param name="roundTrip">Returns when the other process has gone round.</param>
    /// <returns>How much was taken of each.</returns>
    public static int[] SendUntilStuck(Socket[] sockets, ReadOnlySpan<byte> data, Action roundTrip) =>
        SendUntilStuck(sockets, data, roundTrip, QuietRoundTrips);

    private static int[] SendUntilStuck(Socket[] sockets, ReadOnlySpan<byte> data, Action pass, int quietPasses)
    {
        int[] sent = new int[sockets.Length];
        int all = data.Length;
        Array.ForEach(sockets, each => each.Blocking = false);
        for (int quiet = 0; quiet < quietPasses && Array.Exists(sent, each => each < all); quiet++)
        {
            for (int i = 0; i < sockets.Length; i++)
            {
                int count = sockets[i].Send(data[sent[i]..], SocketFlags.None, out SocketError error);
                if (error == SocketError.Success && count > 0)
                {
                    sent[i] += count;
                    quiet = 0;
                }
            }

            pass();
        }

        Array.ForEach(sockets, each => each.Blocking = true);
        return sent;
    }
}
