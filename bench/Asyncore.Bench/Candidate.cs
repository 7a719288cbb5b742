namespace Asyncore.Bench;

/// <summary>A server that is measured.</summary>
/// <param name="Name">For <c>--candidates</c> and the results file.</param>
/// <param name="Title">Its name in the report.</param>
/// <param name="Command">
/// How it is started, as a function of the directory of built things. The server prints
/// <c>listening on HOST:PORT</c> and ends on SIGTERM.
/// </param>
/// <param name="Artifact">The file that must have been built, below the same directory.</param>
internal sealed record Candidate(string Name, string Title, Func<string, string[]> Command, string Artifact)
{
    /// <summary>Runs on a just-in-time compiler, which needs more of a warm-up.</summary>
    public bool Managed { get; init; }

    /// <summary>The workloads it takes part in, by name; <see langword="null"/> for all.</summary>
    public string[]? Workloads { get; init; }

    /// <summary>The server that every other one is compared with.</summary>
    public static readonly Candidate Reference = Native("epoll_echo", "C epoll (reference)");

    /// <summary>Every candidate, in the order of the report. Add one here.</summary>
    public static readonly Candidate[] All =
    [
        // The same program as the reference: how far its ratio is from 1 is how far any other may be by chance.
        Native("epoll_echo", "C epoll against itself") with { Name = "epoll_echo_self" },
        Asyncore("asyncore_epoll", "Asyncore, epoll", "epoll"),
        Asyncore("asyncore_poll", "Asyncore, poll", "poll"),
    ];

    /// <summary>Whether it takes part in a workload.</summary>
    public bool Does(Workload workload) => Workloads is null || Workloads.Contains(workload.Name);

    private static Candidate Native(string program, string title)
    {
        string artifact = Path.Combine("bench", program);
        return new(program, title, built => [Path.Combine(built, artifact), "--listen", "127.0.0.1:0"], artifact);
    }

    private static Candidate Asyncore(string name, string title, string backend)
    {
        string artifact = Path.Combine("bin", "Asyncore.Cli", "release", "Asyncore.Cli.dll");
        return new(
            name,
            title,
            built => ["dotnet", Path.Combine(built, artifact), "echo", "--listen", "127.0.0.1:0", "--backend", backend],
            artifact)
        { Managed = true };
    }
}
