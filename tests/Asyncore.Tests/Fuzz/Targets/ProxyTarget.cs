using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Asyncore.Forwarding;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// PROXY headers: strict, the same however much of the stream is there, and what is written of one says the same.
/// </summary>
internal sealed partial class ProxyTarget() : FuzzTarget("Proxy")
{
    private const string Byte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private const string Quad = $@"{Byte}\.{Byte}\.{Byte}\.{Byte}";
    private const string Port = "(0|[1-9][0-9]{0,4})";

    // Short cuts, longer ones, and any.
    private static readonly int[] _mostOfCuts = [20, 200, int.MaxValue];

    private readonly byte[] _buffer = new byte[ProxyHeaderWriter.MaxLength];

    public override int Check(byte[] input, Random random) =>
        Examine(input, random).Parsed == ProxyParse.Complete ? 1 : 0;

    /// <summary>Checks an input.</summary>
    /// <returns>What the parser says of it.</returns>
    public (ProxyParse Parsed, string? Problem) Examine(byte[] input, Random random)
    {
        Result result = Parse(input);
        Property.Equal(result.Parsed == ProxyParse.Complete, result.Header is not null, "a header");
        Property.Equal(result.Parsed == ProxyParse.Invalid, result.Problem is not null, "a problem");
        int[] cuts = Array.ConvertAll(_mostOfCuts, most => random.Next(Math.Min(input.Length, most - 1) + 1));
        switch (result.Parsed)
        {
            case ProxyParse.NeedMore:
                CheckNeedsMore(input, result, cuts);
                break;
            case ProxyParse.Complete:
                Property.Holds(result.Consumed >= 1);
                Property.Holds(result.Consumed <= Math.Min(input.Length, ProxyHeaderParser.MaxLength));
                CheckEnd(input, result, cuts);
                CheckWritten(result.Header!);
                break;
            default:
                CheckProblem(input, result);
                CheckInvalidFromSomewhere(input, cuts);
                break;
        }

        CheckGrammar(input, result.Header);
        return (result.Parsed, result.Problem);
    }

    // Mostly with its signature as it was, and its length made right again, so that what is in it gets looked at.
    protected override byte[] Change(byte[] kept, Random random)
    {
        int signature = (kept[0] == 'P' ? ProxyFormat.LineSignature : ProxyFormat.Signature).Length;
        int spared = random.Next(4) == 0 ? 0 : signature;
        byte[] input = [.. kept[..spared], .. Mutate(kept.AsSpan(spared), random)];
        if (random.Next(2) == 0)
        {
            SetLength(input);
        }

        return input;
    }

    private static void SetLength(Span<byte> input)
    {
        if (input.Length >= ProxyFormat.FixedLength && input.StartsWith(ProxyFormat.Signature))
        {
            int length = Math.Min(input.Length, ProxyHeaderParser.MaxLength) - ProxyFormat.FixedLength;
            (input[14], input[15]) = ((byte)(length >> 8), (byte)length);
        }
    }

    private static void CheckNeedsMore(byte[] input, Result result, int[] cuts)
    {
        Property.Equal(0, result.Consumed, "consumed");
        Property.Holds(input.Length < ProxyHeaderParser.MaxLength);
        foreach (int cut in cuts)
        {
            Property.Equal(result, Parse(input.AsSpan(0, cut)), "with less of it");
        }
    }

    private static void CheckEnd(byte[] input, Result result, int[] cuts)
    {
        Property.Equal(result, Parse(input.AsSpan(0, result.Consumed)), "alone");
        Property.Equal(Result.NeedMore, Parse(input.AsSpan(0, result.Consumed - 1)), "without its last byte");
        foreach (int cut in cuts)
        {
            ProxyParse expected = cut < result.Consumed ? ProxyParse.NeedMore : ProxyParse.Complete;
            Property.Equal(expected, Parse(input.AsSpan(0, cut)).Parsed, "with less of it");
        }
    }

    private static void CheckProblem(byte[] input, Result result)
    {
        Property.Equal(0, result.Consumed, "consumed");
        Property.Holds(result.Problem!.Length is >= 1 and <= 80);
        Property.Holds(!result.Problem.AsSpan().ContainsAnyExceptInRange(' ', '~'));
        Property.Equal(result, Parse([.. input, .. "\r\n"u8]), "with more behind it");
    }

    // Fewer bytes may leave it open, and never make a header of it.
    private static void CheckInvalidFromSomewhere(byte[] input, int[] cuts)
    {
        Array.Sort(cuts);
        ProxyParse before = ProxyParse.NeedMore;
        foreach (int cut in cuts)
        {
            ProxyParse parsed = Parse(input.AsSpan(0, cut)).Parsed;
            Property.Holds(parsed != ProxyParse.Complete);
            Property.Holds(before == ProxyParse.NeedMore || parsed == ProxyParse.Invalid, "valid again with more of it");
            before = parsed;
        }
    }

    /// <summary>What is written of a header's addresses is parsed as the same, in either version.</summary>
    private void CheckWritten(ProxyHeader header)
    {
        Property.Holds(!header.IsLocal || (header.Source is null && header.Destination is null));
        (EndPoint? source, EndPoint? destination) = (header.Source, header.Destination);
        if (source is IPEndPoint { Address.IsIPv4MappedToIPv6: true } from
            && destination is IPEndPoint { Address.IsIPv4MappedToIPv6: true } to)
        {
            source = new IPEndPoint(from.Address.MapToIPv4(), from.Port);
            destination = new IPEndPoint(to.Address.MapToIPv4(), to.Port);
        }

        bool isNothing = source is null && destination is null;
        Property.Equal(
            Header(ProxyVersion.V2, isNothing, source, destination), Rewritten(ProxyVersion.V2, header), "version 2");
        Property.Equal(
            source is IPEndPoint
                ? Header(ProxyVersion.V1, false, source, destination)
                : Header(ProxyVersion.V1, true, null, null),
            Rewritten(ProxyVersion.V1, header),
            "version 1");
    }

    private static ProxyHeader Header(ProxyVersion version, bool isLocal, EndPoint? source, EndPoint? destination) =>
        new() { Version = version, IsLocal = isLocal, Source = source, Destination = destination };

    private ProxyHeader? Rewritten(ProxyVersion version, ProxyHeader header)
    {
        int length = ProxyHeaderWriter.Write(_buffer, version, header.Source, header.Destination);
        Result again = Parse(_buffer.AsSpan(0, length));
        Property.Equal((ProxyParse.Complete, length), (again.Parsed, again.Consumed), "written");
        return again.Header;
    }

    private static void CheckGrammar(byte[] input, ProxyHeader? header)
    {
        string text = Encoding.Latin1.GetString(input, 0, Math.Min(input.Length, ProxyFormat.MaxLineLength));
        Match match = Line().Match(text);
        bool isLine = match.Success && IsPort(match.Groups["from"]) && IsPort(match.Groups["to"]);
        bool isTcp6 = text.StartsWith("PROXY TCP6", StringComparison.Ordinal);
        Property.Equal(isLine, header is { Version: ProxyVersion.V1 } && !isTcp6, "a line by the grammar");

        static bool IsPort(Group group) =>
            !group.Success || int.Parse(group.ValueSpan, CultureInfo.InvariantCulture) <= ushort.MaxValue;
    }

    private static Result Parse(ReadOnlySpan<byte> input)
    {
        ProxyParse parsed = ProxyHeaderParser.Parse(input, out ProxyHeader? header, out int length, out string? problem);
        return new Result(parsed, header, length, problem);
    }

    // The lines that need no IPv6, by a grammar; ports above 65535 and lengths apart.
    [GeneratedRegex($@"\APROXY (TCP4 {Quad} {Quad} (?<from>{Port}) (?<to>{Port})|UNKNOWN( [^\r\n]*)?)\r\n")]
    private static partial Regex Line();

    private readonly record struct Result(ProxyParse Parsed, ProxyHeader? Header, int Consumed, string? Problem)
    {
        public static Result NeedMore { get; } = new(ProxyParse.NeedMore, null, 0, null);
    }
}
