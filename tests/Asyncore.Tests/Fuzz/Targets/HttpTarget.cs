using Asyncore.Protocols;
using Asyncore.Tests.Http;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// Responses for the HTTP client's parser: told the same however they are cut, ending where they say that they end, with
/// no exception but the parser's own.
/// </summary>
internal sealed class HttpTarget() : FuzzTarget("Http")
{
    // So low that inputs of some hundred bytes come to each of them.
    private static readonly HttpLimits _low = new()
    {
        MaxHeaderBytes = 200,
        MaxHeaderFields = 6,
        MaxChunkLineBytes = 40,
        MaxChunkExtensionBytes = 40,
        MaxTrailerBytes = 80,
        MaxTrailerFields = 3,
        MaxInterimResponses = 2,
    };

    private static readonly IOException _broken = new("the connection broke");

    public override int Check(byte[] input, Random random)
    {
        bool isHead = random.Next(8) == 0;
        HttpLimits limits = random.Next(2) == 0 ? _low : HttpLimits.Default;
        IOException? reason = random.Next(4) == 0 ? _broken : null;

        ResponseTranscript whole = Read([input]);
        string told = whole.ToString();
        Property.Equal(told, Read(Cuts.Of(input, random)).ToString(), "in pieces");
        if (whole.Surplus is { } surplus)
        {
            byte[] itself = input[..^(int)surplus];
            string more = surplus > 0 ? $"|surplus {surplus}" : "";
            Property.Equal(told, Read([itself]) + more, "without what follows it");
            Property.Holds(Read([itself[..^1]]).Failure is HttpTruncatedException, "whole without its last byte");
        }

        return whole.Ended ? 1 : 0;

        ResponseTranscript Read(IEnumerable<byte[]> pieces) => ResponseTranscript.Of(pieces, isHead, limits, reason);
    }

    // Each byte a few times over, as text, and errors. It is read four times at most.
    protected override long MostAllocated(int length) => (256 * 1024) + (1024L * length);
}
