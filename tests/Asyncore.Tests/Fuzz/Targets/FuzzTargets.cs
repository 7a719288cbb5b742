namespace Asyncore.Tests.Fuzz;

/// <summary>All that is fuzzed, by name.</summary>
internal static class FuzzTargets
{
    public static readonly Dictionary<string, Func<FuzzTarget>> All = new()
    {
        ["matcher"] = static () => new MatcherTarget(),
        ["http"] = static () => new HttpTarget(),
        ["proxy"] = static () => new ProxyTarget(),
        ["smtp"] = static () => new SmtpTarget(),
        ["astm"] = static () => new AstmTarget(),
        ["configuration"] = static () => new ConfigurationTarget(),
    };
}
