using System.CommandLine;
using System.CommandLine.Parsing;

namespace Asyncore.Cli;

/// <summary><c>--backend</c>, which every command takes.</summary>
internal sealed class BackendOption : Option<IoBackendKind>
{
    private static readonly Dictionary<string, IoBackendKind> _kinds = new()
    {
        ["auto"] = IoBackendKind.Auto,
        ["select"] = IoBackendKind.Select,
        ["poll"] = IoBackendKind.Poll,
        ["epoll"] = IoBackendKind.Epoll,
        ["io_uring"] = IoBackendKind.IoUring,
        ["kqueue"] = IoBackendKind.Kqueue,
    };

    private static readonly string _names = string.Join('|', _kinds.Keys);

    public BackendOption()
        : base("--backend")
    {
        Description = "How the loop waits. One asked for by name is used or refused, never replaced.";
        HelpName = _names;
        Recursive = true;
        CustomParser = Parse;
    }

    private IoBackendKind Parse(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
        if (!_kinds.TryGetValue(text, out IoBackendKind kind))
        {
            result.AddError($"{Name}: '{text}' is none of {_names}");
        }

        return kind;
    }
}
