using System.CommandLine;

namespace Asyncore.Cli;

/// <summary><c>--backend</c>, which every command takes.</summary>
internal static class BackendOption
{
    public static ParsedOption<IoBackendKind?> Create()
    {
        var option = ChoiceOption.Create(
            "--backend",
            "How the loop waits. One asked for by name is used or refused, never replaced.",
            ("auto", IoBackendKind.Auto),
            ("select", IoBackendKind.Select),
            ("poll", IoBackendKind.Poll),
            ("epoll", IoBackendKind.Epoll),
            ("io_uring", IoBackendKind.IoUring),
            ("kqueue", IoBackendKind.Kqueue));
        option.Recursive = true;
        return option;
    }
}
