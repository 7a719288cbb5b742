namespace Asyncore.Forwarding;

/// <summary>How far a PROXY header has come.</summary>
internal enum ProxyParse
{
    /// <summary>It may still become one.</summary>
    NeedMore,

    /// <summary>It is all there.</summary>
    Complete,

    /// <summary>It is none, whatever comes.</summary>
    Invalid,
}

/// <summary>
/// Parses a PROXY header of either version (haproxy.org, proxy-protocol.txt, section 2). It knows no socket, keeps
/// nothing between calls, throws nothing, and allocates nothing before the header is complete.
/// </summary>
/// <remarks>
/// Strict, as the specification has it: a header that is wrong anywhere is none, for a guess could give somebody the
/// address of another.
/// </remarks>
internal static class ProxyHeaderParser
{
    /// <summary>The most bytes that a header may have. The protocol itself allows 65,551, which nobody needs.</summary>
    public const int MaxLength = 4096;

    /// <summary>Parses what has come so far; once more has, all of it is to be given again.</summary>
    /// <param name="data">All the bytes of the connection, from its first on.</param>
    /// <param name="header">The header, where it is complete.</param>
    /// <param name="consumed">How many of the bytes are the header's, where it is complete; else 0.</param>
    /// <param name="problem">What is wrong, where it is invalid: a phrase for a log, with none of the bytes in it.</param>
    public static ProxyParse Parse(
        ReadOnlySpan<byte> data,
        out ProxyHeader? header,
        out int consumed,
        out string? problem)
    {
        problem = ProxyFormat.Agree(data, ProxyFormat.LineSignature)
            ? ProxyLine.Parse(data, out header, out consumed)
            : ProxyBinary.Parse(data, out header, out consumed);
        return problem is not null ? ProxyParse.Invalid
            : header is null ? ProxyParse.NeedMore
            : ProxyParse.Complete;
    }
}
