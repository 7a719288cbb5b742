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

    /// <summary>The workloads it takes part in, by name.</summary>
    public string[] Workloads { get; init; } = Workload.Echoes;

    /// <summary>Takes part in a quick run only where it is named.</summary>
    public bool OnlyFull { get; init; }

    /// <summary>The servers that others are compared with; a workload names the one it wants.</summary>
    public static readonly Candidate[] References =
    [
        Native("epoll_echo", "C epoll"),
        Native("python_asynchat", "CPython's asynchat"),
        Native("uv_room", "C libuv"),
        Receive("asyncore_receive", "a Dispatcher that copies"),
    ];

    /// <summary>Every candidate, in the order of the report. Add one here.</summary>
    public static readonly Candidate[] All =
    [
        // The same program as the reference: how far its ratio is from 1 is how far any other may be by chance.
        Native("epoll_echo", "C epoll against itself") with { Name = "epoll_echo_self" },
        Asyncore("asyncore_epoll", "Asyncore, epoll", "epoll"),
        Asyncore("asyncore_poll", "Asyncore, poll", "poll"),
        Chat("asyncore_chat", "AsyncChat", "lines-50x16x64", "lines"),
        Chat("asyncore_item", "AsyncChat", "item-1g", "item"),

        // Whether a byte costs the same whatever the buffer is shows beside a plain channel with the same buffer:
        // the kernel's own cost changes with it too.
        Chat("asyncore_item_64k", "AsyncChat, 64 KiB", "item-1g", "item", "--buffer", "65536") with { OnlyFull = true },
        Receive("asyncore_receive_64k", "a Dispatcher that copies, 64 KiB", "--buffer", "65536") with { OnlyFull = true },
        Chat("asyncore_item_16m", "AsyncChat, 16 MiB", "item-1g", "item", "--buffer", "16777216") with { OnlyFull = true },
        Receive("asyncore_receive_16m", "a Dispatcher that copies, 16 MiB", "--buffer", "16777216") with { OnlyFull = true },
        Chat("asyncore_items", "AsyncChat", "items-16m", "items"),
        Chat("asyncore_room", "AsyncChat", "room-1000", "room"),
    ];

    /// <summary>The server that a workload's others are compared with.</summary>
    public static Candidate ReferenceOf(Workload workload) =>
        References.First(one => one.Name == workload.Reference);

    /// <summary>Whether it takes part in a workload.</summary>
    public bool Does(Workload workload) => Workloads.Contains(workload.Name);

    /// <summary>Whether it is there to be started.</summary>
    public bool IsBuilt(string artifacts) => File.Exists(Path.Combine(artifacts, Artifact));

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

    private static Candidate Chat(string name, string title, string workload, params string[] arguments)
    {
        string artifact = Path.Combine("bin", "ChatPeer", "release", "ChatPeer.dll");
        return new(
            name,
            title,
            built => ["dotnet", Path.Combine(built, artifact), .. arguments, "--listen", "127.0.0.1:0"],
            artifact)
        { Managed = true, Workloads = [workload] };
    }

    private static Candidate Receive(string name, string title, params string[] arguments) =>
        Chat(name, title, "item-1g", ["bytes", .. arguments]);
}
