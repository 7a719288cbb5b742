using System.CommandLine;

namespace Asyncore.Cli;

/// <summary><c>--listen HOST:PORT</c> of the servers.</summary>
internal static class ListenOption
{
    private const string Name = "--listen";

    public static Option<HostPort> Create() => new(Name)
    {
        Description = "Where to listen; port 0 picks a free one, an IPv6 address is in brackets.",
        HelpName = "HOST:PORT",
        Required = true,
        CustomParser = result => HostPort.Parse(result, Name),
    };
}
