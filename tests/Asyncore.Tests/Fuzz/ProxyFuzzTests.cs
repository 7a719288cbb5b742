using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Asyncore.Forwarding;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// PROXY headers that nobody has thought of. The same in every run; ASYNCORE_FUZZ_RUNS asks for more of them.
/// </summary>
public class ProxyFuzzTests
{
    private const int Runs = 30_000;
    private const string Folder = "tests/Asyncore.Tests/Fuzz/Corpus/Proxy";
    private const string Byte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private const string Quad = $@"{Byte}\.{Byte}\.{Byte}\.{Byte}";
    private const string Port = "(0|[1-9][0-9]{0,4})";

    // The lines that need no IPv6, by a grammar; ports above 65535 and lengths apart.
    private static readonly Regex _line =
        new($@"\APROXY (TCP4 {Quad} {Quad} (?<from>{Port}) (?<to>{Port})|UNKNOWN( [^\r\n]*)?)\r\n");

    private static readonly byte[] _buffer = new byte[ProxyHeaderWriter.MaxLength];

    public static TheoryData<string> Corpus => [.. Files().Select(file => Path.GetFileName(file))];

    [Theory, MemberData(nameof(Corpus))]
    public void AnInputThatWasKept(string file)
    {
        byte[] input = File.ReadAllBytes(Repository.PathOf($"{Folder}/{file}"));
        for (int seed = 0; seed < 100; seed++)
        {
            _ = Check(input, new Random(seed));
        }
    }

    [Fact]
    public void ThoseThatWereKeptReachAllThereIs()
    {
        byte[][] corpus = [.. Files().Select(File.ReadAllBytes)];
        (ProxyParse Parsed, string? Problem)[] results = [.. corpus.Select(input => Check(input, new Random(0)))];
        Assert.Contains(results, result => result.Parsed == ProxyParse.NeedMore);
        Assert.Equal(6, results.Where(result => result.Parsed == ProxyParse.Invalid).Distinct().Count());
        Assert.InRange(results.Count(result => result.Parsed == ProxyParse.Complete), 15, corpus.Length);
    }

    [Fact]
    public void InputsMadeFromThoseThatWereKept()
    {
        byte[][] corpus = [.. Files().Select(File.ReadAllBytes)];
        string? asked = Environment.GetEnvironmentVariable("ASYNCORE_FUZZ_RUNS");
        int runs = asked is null ? Runs : int.Parse(asked, CultureInfo.InvariantCulture);
        var found = new Dictionary<(ProxyParse, string?), int>();
        for (int seed = 0; seed < runs; seed++)
        {
            var random = new Random(seed);
            byte[] input = Input(corpus, random);
            try
            {
                (ProxyParse, string?) result = Check(input, random);
                found[result] = found.GetValueOrDefault(result) + 1;
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, to be kept: {Convert.ToBase64String(input)}\n{error}");
            }
        }

        // Or else nothing much has been tried: of each of the parser's answers there are some.
        Assert.InRange(found[(ProxyParse.Complete, null)], runs / 10, runs);
        Assert.InRange(found[(ProxyParse.NeedMore, null)], runs / 100, runs);
        Assert.InRange(found.Count, 25, 50);
    }

    private static IEnumerable<string> Files() =>
        Directory.GetFiles(Repository.PathOf(Folder), "*.bin").Order(StringComparer.Ordinal);

    // Mostly with its signature as it was, and its length made right again, so that what is in it gets looked at.
    private static byte[] Input(byte[][] corpus, Random random)
    {
        byte[] kept = corpus[random.Next(corpus.Length)];
        int signature = (kept[0] == 'P' ? ProxyFormat.LineSignature : ProxyFormat.Signature).Length;
        int spared = random.Next(4) == 0 ? 0 : signature;
        byte[] input = [.. kept[..spared], .. Mutator.Mutate(kept[spared..], random, corpus)];
        return random.Next(2) == 0 ? WithItsLength(input) : input;
    }

    private static byte[] WithItsLength(byte[] input)
    {
        if (input.Length < ProxyFormat.FixedLength || !input.AsSpan().StartsWith(ProxyFormat.Signature))
        {
            return input;
        }

        int length = Math.Min(input.Length, ProxyHeaderParser.MaxLength) - ProxyFormat.FixedLength;
        byte[] result = [.. input];
        (result[14], result[15]) = ((byte)(length >> 8), (byte)length);
        return result;
    }

    private static (ProxyParse Parsed, string? Problem) Check(byte[] input, Random random)
    {
        (ProxyParse parsed, ProxyHeader? header, int consumed, string? problem) = Parse(input);
        Assert.Equal(parsed == ProxyParse.Complete, header is not null);
        Assert.Equal(parsed == ProxyParse.Invalid, problem is not null);
        int[] cuts = [.. new[] { 20, 200, int.MaxValue }.Select(most => random.Next(Math.Min(input.Length, most - 1) + 1))];
        switch (parsed)
        {
            case ProxyParse.NeedMore:
                Assert.Equal(0, consumed);
                Assert.InRange(input.Length, 0, ProxyHeaderParser.MaxLength - 1);
                Assert.All(cuts, cut => Assert.Equal((ProxyParse.NeedMore, null, 0, null), Parse(input[..cut])));
                break;
            case ProxyParse.Complete:
                Assert.InRange(consumed, 1, Math.Min(input.Length, ProxyHeaderParser.MaxLength));
                AssertEndsAt(input, consumed, header!, cuts);
                AssertSaysTheSame(header!);
                break;
            default:
                Assert.Equal(0, consumed);
                Assert.InRange(problem!.Length, 1, 80);
                Assert.All(problem, each => Assert.InRange(each, ' ', '~'));
                Assert.Equal((ProxyParse.Invalid, null, 0, problem), Parse([.. input, .. "\r\n"u8]));
                AssertInvalidFromSomewhere(input, cuts);
                break;
        }

        AssertGrammar(input, header);
        return (parsed, problem);
    }

    private static void AssertEndsAt(byte[] input, int consumed, ProxyHeader header, int[] cuts)
    {
        Assert.Equal((ProxyParse.Complete, header, consumed, null), Parse(input[..consumed]));
        Assert.Equal((ProxyParse.NeedMore, null, 0, null), Parse(input[..(consumed - 1)]));
        foreach (int cut in cuts)
        {
            ProxyParse expected = cut < consumed ? ProxyParse.NeedMore : ProxyParse.Complete;
            Assert.Equal(expected, Parse(input[..cut]).Parsed);
        }
    }

    // Fewer bytes may leave it open, and never make a header of it.
    private static void AssertInvalidFromSomewhere(byte[] input, int[] cuts)
    {
        ProxyParse before = ProxyParse.NeedMore;
        foreach (int cut in cuts.Order())
        {
            ProxyParse parsed = Parse(input[..cut]).Parsed;
            Assert.NotEqual(ProxyParse.Complete, parsed);
            Assert.True(before == ProxyParse.NeedMore || parsed == ProxyParse.Invalid, $"valid again at {cut}");
            before = parsed;
        }
    }

    /// <summary>What is written of a header's addresses is parsed as the same, in either version.</summary>
    private static void AssertSaysTheSame(ProxyHeader header)
    {
        Assert.True(!header.IsLocal || (header.Source is null && header.Destination is null));
        (EndPoint? source, EndPoint? destination) = (header.Source, header.Destination);
        if (source is IPEndPoint { Address.IsIPv4MappedToIPv6: true } from
            && destination is IPEndPoint { Address.IsIPv4MappedToIPv6: true } to)
        {
            source = new IPEndPoint(from.Address.MapToIPv4(), from.Port);
            destination = new IPEndPoint(to.Address.MapToIPv4(), to.Port);
        }

        bool isNothing = source is null && destination is null;
        Assert.Equal(Header(ProxyVersion.V2, isNothing, source, destination), Rewritten(ProxyVersion.V2, header));
        Assert.Equal(
            source is IPEndPoint
                ? Header(ProxyVersion.V1, false, source, destination)
                : Header(ProxyVersion.V1, true, null, null),
            Rewritten(ProxyVersion.V1, header));
    }

    private static ProxyHeader Header(ProxyVersion version, bool isLocal, EndPoint? source, EndPoint? destination) =>
        new() { Version = version, IsLocal = isLocal, Source = source, Destination = destination };

    private static ProxyHeader? Rewritten(ProxyVersion version, ProxyHeader header)
    {
        int length = ProxyHeaderWriter.Write(_buffer, version, header.Source, header.Destination);
        (ProxyParse parsed, ProxyHeader? again, int consumed, _) = Parse(_buffer[..length]);
        Assert.Equal((ProxyParse.Complete, length), (parsed, consumed));
        return again;
    }

    private static void AssertGrammar(byte[] input, ProxyHeader? header)
    {
        string text = Encoding.Latin1.GetString(input, 0, Math.Min(input.Length, ProxyFormat.MaxLineLength));
        Match match = _line.Match(text);
        bool isLine = match.Success && IsPort(match.Groups["from"]) && IsPort(match.Groups["to"]);
        bool isTcp6 = text.StartsWith("PROXY TCP6", StringComparison.Ordinal);
        Assert.Equal(isLine, header is { Version: ProxyVersion.V1 } && !isTcp6);

        static bool IsPort(Group group) =>
            !group.Success || int.Parse(group.ValueSpan, CultureInfo.InvariantCulture) <= ushort.MaxValue;
    }

    private static (ProxyParse Parsed, ProxyHeader? Header, int Consumed, string? Problem) Parse(byte[] input)
    {
        ProxyParse parsed = ProxyHeaderParser.Parse(input, out ProxyHeader? header, out int length, out string? problem);
        return (parsed, header, length, problem);
    }
}
