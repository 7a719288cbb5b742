namespace Asyncore.Protocols;

/// <summary>How much of a response's framing the parser takes before it gives up.</summary>
internal sealed record HttpLimits
{
    public static HttpLimits Default { get; } = new();

    /// <summary>Bytes of status line and header fields together, line ends included.</summary>
    public int MaxHeaderBytes { get; init; } = 64 * 1024;

    /// <summary>Header fields, each repetition counted.</summary>
    public int MaxHeaderFields { get; init; } = 256;

    /// <summary>Bytes of one chunk-size line with its extensions and line end.</summary>
    public int MaxChunkLineBytes { get; init; } = 4096;

    /// <summary>
    /// Bytes of chunk extensions in a whole body, beyond as many as there are body bytes:
    /// extensions are thrown away, and a peer that sends little else sends no body.
    /// </summary>
    public int MaxChunkExtensionBytes { get; init; } = 64 * 1024;

    /// <summary>Bytes of the trailer section, line ends included.</summary>
    public int MaxTrailerBytes { get; init; } = 16 * 1024;

    /// <summary>Trailer fields, each repetition counted.</summary>
    public int MaxTrailerFields { get; init; } = 64;

    /// <summary>Interim (1xx) responses before the final one.</summary>
    public int MaxInterimResponses { get; init; } = 32;
}
