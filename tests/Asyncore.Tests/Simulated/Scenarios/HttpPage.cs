using System.Globalization;

namespace Asyncore.Tests.Simulated;

/// <summary>How the end of a body is known.</summary>
internal enum PageFraming
{
    Sized,
    Chunked,
    UntilClose,
}

/// <summary>What a server makes of a response.</summary>
internal enum PageEnding
{
    Whole,

    /// <summary>Whole, in pieces, with half a minute between them.</summary>
    Slow,

    /// <summary>The connection ends in order before the response does.</summary>
    Short,

    /// <summary>The server resets the connection, early or late.</summary>
    Reset,

    /// <summary>From somewhere on nothing comes any more.</summary>
    Silent,
}

/// <summary>A page of the scenario's servers. Its path says all there is to know of it.</summary>
/// <param name="Framing">How the end of the body is known.</param>
/// <param name="Ending">What becomes of the response.</param>
/// <param name="Number">Which body.</param>
/// <param name="Length">How long the body is.</param>
/// <param name="Hops">Redirects before it; below zero for those that lead round in a circle.</param>
internal sealed record HttpPage(PageFraming Framing, PageEnding Ending, int Number, int Length, int Hops)
{
    private const string Prefix = "/page/";

    public string Path => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Framing}/{Ending}/{Number}/{Length}/{Hops}");

    /// <summary>Whether a client that nothing happens to gets all of it.</summary>
    public bool IsWhole => Ending is PageEnding.Whole or PageEnding.Slow && Hops >= 0;

    /// <summary>One of chance.</summary>
    public static HttpPage Any(Random random, int number)
    {
        var framing = (PageFraming)random.Next(3);
        PageEnding ending = random.Next(2) == 0 ? PageEnding.Whole : (PageEnding)random.Next(5);
        int length = random.Next(3) == 0 ? random.Next(10) : random.Next(20_000);
        bool hidesItsEnd = ending == PageEnding.Short && (framing == PageFraming.UntilClose || length == 0);
        return new HttpPage(
            framing, hidesItsEnd ? PageEnding.Whole : ending, number, length, random.Next(3) == 0 ? random.Next(-1, 4) : 0);
    }

    /// <summary>Reads a path.</summary>
    public static HttpPage Parse(string path)
    {
        string[] parts = path[Prefix.Length..].Split('/');
        return new HttpPage(
            Enum.Parse<PageFraming>(parts[0]),
            Enum.Parse<PageEnding>(parts[1]),
            int.Parse(parts[2], CultureInfo.InvariantCulture),
            int.Parse(parts[3], CultureInfo.InvariantCulture),
            int.Parse(parts[4], CultureInfo.InvariantCulture));
    }
}
