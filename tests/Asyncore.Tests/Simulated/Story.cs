using System.Text;

namespace Asyncore.Tests.Simulated;

/// <summary>A script of chance, of what a peer and a channel do to each other, and what comes of it.</summary>
internal static class Story
{
    private const int Steps = 12;

    /// <summary>Plays the script of a seed.</summary>
    /// <param name="seed">The script.</param>
    /// <param name="classic">
    /// Only what asyncore answers as it is promised here too: nobody resets, the channel does not end its side alone, and
    /// does not send while it is not told of the answer.
    /// </param>
    /// <param name="subject">The channel, once it is there.</param>
    /// <param name="peer">The other end.</param>
    /// <param name="run">Lets everything come about that is going to.</param>
    /// <returns>A line for each step.</returns>
    public static string Play(int seed, bool classic, Func<IStorySubject> subject, IStoryPeer peer, Action run)
    {
        var random = new Random(seed);
        var story = new StringBuilder();
        run();
        IStorySubject channel = subject();
        bool peerIsOpen = true;
        bool peerHasEnded = false;
        for (int step = 0; step < Steps; step++)
        {
            bool mayReset = !classic;
            bool maySend = !classic || peerIsOpen || !channel.IsHeld;
            string what = random.Next(9) switch
            {
                0 or 1 when peerIsOpen && !peerHasEnded => Do("peer sends", () => peer.Send(random.Next(1, 3000))),
                2 when peerIsOpen && !peerHasEnded && random.Next(3) == 0 => Do("peer ends", peer.End),
                3 when peerIsOpen && mayReset && random.Next(4) == 0 => Do("peer resets", peer.Reset),
                4 when peerIsOpen && random.Next(4) == 0 => Do("peer closes", peer.Close),
                5 or 6 when maySend => Do("channel sends", () => channel.SendSome(random.Next(1, 3000))),
                7 when !classic && random.Next(3) == 0 => Do("channel ends", channel.EndSome),
                8 when random.Next(3) == 0 => Do(channel.IsHeld ? "channel reads again" : "channel pauses", channel.Turn),
                _ => "nothing",
            };
            peerHasEnded |= what == "peer ends";
            peerIsOpen &= what is not ("peer resets" or "peer closes");
            run();
            story.Append(what).Append(": ").Append(channel.Told()).Append("; the peer ").Append(peerIsOpen ? peer.Look() : "has gone").Append('\n');
        }

        return story.ToString();
    }

    private static string Do(string what, Action action)
    {
        action();
        return what;
    }
}
