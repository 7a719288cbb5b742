using System.CommandLine;
using Asyncore.Tests.Churn;

namespace Asyncore.Soak;

/// <summary><c>tests/soak real</c></summary>
internal static class RealCommand
{
    private static readonly Dictionary<string, IoBackendKind> _backends = new()
    {
        ["auto"] = IoBackendKind.Auto,
        ["io_uring"] = IoBackendKind.IoUring,
        ["epoll"] = IoBackendKind.Epoll,
        ["poll"] = IoBackendKind.Poll,
        ["select"] = IoBackendKind.Select,
    };

    public static Command Create()
    {
        var minutes = new Option<double>("--minutes") { Description = "For how long.", DefaultValueFactory = _ => 30, HelpName = "M" };
        Option<string> backend = Choice("--backend", "How the loops wait.", _backends.Keys);
        Option<string> only = Choice("--only", "One of the servers; all where it is left out.", ChurnScene.SiteNames);
        var least = new Option<double>("--least-churn")
        {
            Description = "Connections per second below which the run has failed.",
            DefaultValueFactory = _ => 2000,
            HelpName = "N",
        };
        var command = new Command(
            "real",
            "Has crowds of clients come and go over real sockets, and fails where they leave anything behind: descriptors, "
            + "channels, timers, buffers, memory.")
        {
            minutes, backend, only, least,
        };
        command.SetAction(line => new RealSoak(
            _backends[line.GetValue(backend) ?? "auto"],
            line.GetValue(only) is { } name ? [name] : ChurnScene.SiteNames,
            TimeSpan.FromMinutes(line.GetValue(minutes)),
            line.GetValue(least)).Run());
        return command;
    }

    private static Option<string> Choice(string name, string description, IEnumerable<string> choices)
    {
        string[] all = [.. choices];
        var option = new Option<string>(name) { Description = description, HelpName = string.Join('|', all) };
        option.AcceptOnlyFromAmong(all);
        return option;
    }
}
