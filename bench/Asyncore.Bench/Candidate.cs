using System.Net;

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

    /// <summary>
    /// Those in which it takes part where neither <c>--full</c> was asked for nor anything named: what is most worth
    /// the three minutes.
    /// </summary>
    public string[] Quick { get; init; } = [];

    /// <summary>Takes part in a run that is not full only where it is named.</summary>
    public bool OnlyFull { get; init; }

    /// <summary>
    /// Depends on what a kernel allows, or a version has: one that ends before it listens is left out, with what it said.
    /// </summary>
    public bool MayBeRefused { get; init; }

    /// <summary>What it is told besides, in a workload of this name.</summary>
    public Func<string, string[]> Extra { get; init; } = _ => [];

    /// <summary>How a forwarder is told where to connect to.</summary>
    public Func<IPEndPoint, string[]> Towards { get; init; } = _ => [];

    /// <summary>A variable of its environment.</summary>
    public (string Name, string Value)? Variable { get; init; }

    /// <summary>The servers that others are compared with; a workload names the one it wants.</summary>
    public static readonly Candidate[] References =
    [
        Native("epoll_echo", "C epoll") with { Extra = Each },
        Native("uv_echo", "C libuv"),
        Native("python_asynchat", "CPython's asynchat"),
        Native("uv_room", "C libuv"),
        Receive("asyncore_receive", "a Dispatcher that copies"),
        Asyncore("asyncore_epoll", "Asyncore, epoll", "epoll"),
        Forwarder("epoll_forward", "C epoll"),
    ];

    // The most that a system gives who is not root.
    private const string LargePipe = "1048576";

    private static readonly string[] _all = [.. Workload.Echoes, Workload.Churn, .. Workload.Idles];

    /// <summary>Every candidate, in the order of the report. Add one here.</summary>
    public static readonly Candidate[] All =
    [
        // The same program as the reference: how far its ratio is from 1 is how far any other may be by chance.
        Native("epoll_echo", "C epoll against itself") with { Name = "epoll_echo_self", Quick = ["echo-50x64"] },
        Asyncore("asyncore_epoll", "Asyncore, epoll", "epoll") with
        {
            Workloads = _all,
            Quick = ["echo-50x64", "echo-1000x64", "echo-1x64", Workload.Stream, Workload.Churn, "idle-10k"],
        },
        Asyncore("asyncore_io_uring", "Asyncore, io_uring", "io_uring") with
        {
            Workloads = _all,
            Quick = ["echo-50x64", "echo-1000x64", Workload.Stream, Workload.Churn, "idle-10k"],
            MayBeRefused = true,
        },
        Asyncore("asyncore_poll", "Asyncore, poll", "poll") with { Workloads = [.. Workload.Echoes, Workload.Churn] },
        Spinning("asyncore_epoll_spin", "Asyncore, epoll, spinning", "epoll"),
        Spinning("asyncore_io_uring_spin", "Asyncore, io_uring, spinning", "io_uring"),
        Sending("asyncore_epoll_sends", "Asyncore, epoll", "epoll"),
        Sending("asyncore_io_uring_sends", "Asyncore, io_uring", "io_uring") with { MayBeRefused = true },
        TwoLoops("asyncore_epoll_loops", "Asyncore, epoll, two loops", "epoll"),
        TwoLoops("asyncore_io_uring_loops", "Asyncore, io_uring, two loops", "io_uring"),

        // What others have.
        Native("epoll_echo", "C epoll") with { Workloads = [Workload.Churn] },
        Native("uring_echo", "C io_uring") with
        {
            Workloads = _all,
            Quick = ["echo-50x64"],
            MayBeRefused = true,
            Extra = workload => workload == Workload.Stream ? ["--buffer", "524288"] : [],
        },
        Native("uv_echo", "C libuv") with
        {
            Workloads = [.. Workload.Echoes, Workload.Sends, .. Workload.Idles],
            Quick = ["echo-50x64", Workload.Stream],
            Extra = Each,
        },
        Native("uv_echo", "C libuv, 64 KiB at once") with
        {
            Name = "uv_echo_64k",
            Workloads = [Workload.Stream],
            Extra = _ => ["--buffer", "65536"], // the size that libuv suggests
        },
        Native("event_echo", "C libevent") with { Workloads = _all },
        Net("net_inline", ".NET Socket async, inline completions", "sockets") with
        {
            Workloads = [.. Workload.Echoes, Workload.Sends, Workload.Churn],
            Quick = ["echo-50x64"],
            Variable = ("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1"),
        },
        Net("net_async", ".NET Socket async", "sockets") with
        {
            Workloads = [.. _all, Workload.Sends],
            Quick = ["idle-10k"],
        },
        Net("kestrel", "Kestrel's ConnectionHandler", "kestrel") with { Workloads = _all, Extra = _ => [] },
        Native("python_asyncore", "CPython's asyncore") with
        {
            Workloads = [.. Workload.Echoes, Workload.Sends, Workload.Churn],
            Extra = Each,
        },
        Native("python_asyncio", "CPython's asyncio") with
        {
            Workloads = [.. Workload.Echoes, Workload.Sends, Workload.Churn],
            Extra = Each,
        },

        // Chats.
        Chat("asyncore_chat", "AsyncChat", "lines-50x16x64", "lines") with { Quick = ["lines-50x16x64"] },
        Chat("asyncore_chat_io_uring", "AsyncChat, io_uring", "lines-50x16x64", "lines", "--backend", "io_uring")
            with { MayBeRefused = true },
        Chat("asyncore_item", "AsyncChat", "item-1g", "item"),

        // Whether a byte costs the same whatever the buffer is shows beside a plain channel with the same buffer:
        // the kernel's own cost changes with it too.
        Chat("asyncore_item_64k", "AsyncChat, 64 KiB", "item-1g", "item", "--buffer", "65536") with { OnlyFull = true },
        Receive("asyncore_receive_64k", "a Dispatcher that copies, 64 KiB", "--buffer", "65536") with { OnlyFull = true },
        Chat("asyncore_item_16m", "AsyncChat, 16 MiB", "item-1g", "item", "--buffer", "16777216") with { OnlyFull = true },
        Receive("asyncore_receive_16m", "a Dispatcher that copies, 16 MiB", "--buffer", "16777216")
            with { OnlyFull = true },
        Chat("asyncore_items", "AsyncChat", "items-16m", "items"),
        Chat("asyncore_room", "AsyncChat", "room-1000", "room") with { Quick = ["room-1000"] },
        Chat("asyncore_room_io_uring", "AsyncChat, io_uring", "room-1000", "room", "--backend", "io_uring")
            with { MayBeRefused = true },

        // Forwarders.
        Forwarder("epoll_forward", "C epoll against itself") with
        {
            Name = "epoll_forward_self",
            Workloads = ["forward-100x64", Workload.ForwardStream],
            OnlyFull = true,
        },
        AsyncoreForward("asyncore_forward_epoll", "Asyncore, epoll", "epoll") with
        {
            Workloads = Workload.Forwards,
            Quick = ["forward-100x64", Workload.ForwardStream],
        },
        AsyncoreForward("asyncore_forward_io_uring", "Asyncore, io_uring", "io_uring") with
        {
            Workloads = Workload.Forwards,
            Quick = ["forward-100x64"],
            MayBeRefused = true,
        },
        Forwarder("epoll_forward", "C epoll, splicing") with
        {
            Name = "epoll_forward_splice",
            Extra = _ => ["--pipe", LargePipe],
        },
        Forwarder("haproxy_forward", "HAProxy") with { Name = "haproxy", Workloads = Workload.Forwards },
        Forwarder("haproxy_forward", "HAProxy, splicing") with
        {
            Name = "haproxy_splice",
            Quick = [Workload.ForwardStream],
            Extra = _ => ["--splice", LargePipe],
        },
        Forwarder("nginx_forward", "nginx") with { Name = "nginx", Workloads = Workload.Forwards },
        Forwarder("nginx_forward", "nginx, 64 KiB at once") with
        {
            Name = "nginx_64k",
            Workloads = [Workload.ForwardStream],
            Extra = _ => ["--buffer", "65536"],
        },
        Forwarder("python_forward", "CPython's asyncore"),
    ];

    /// <summary>The server that a workload's others are compared with.</summary>
    public static Candidate ReferenceOf(Workload workload) =>
        References.First(one => one.Name == workload.Reference);

    /// <summary>Whether it takes part in a workload.</summary>
    public bool Does(Workload workload) => Workloads.Contains(workload.Name);

    /// <summary>Whether it is there to be started.</summary>
    public bool IsBuilt(string artifacts) => File.Exists(Path.Combine(artifacts, Artifact));

    /// <summary>The whole command that serves a workload.</summary>
    /// <param name="artifacts">The directory of built things.</param>
    /// <param name="workload">What it will serve.</param>
    /// <param name="farEnd">Where it is to connect to, if it forwards.</param>
    public string[] CommandFor(string artifacts, Workload workload, IPEndPoint? farEnd) =>
        [.. Command(artifacts), .. Extra(workload.Name), .. farEnd is null ? [] : Towards(farEnd)];

    private static string[] Each(string workload) => workload == Workload.Sends ? ["--each", "64"] : [];

    private static Candidate Native(string program, string title)
    {
        string artifact = Path.Combine("bench", program);
        return new(program, title, built => [Path.Combine(built, artifact), "--listen", "127.0.0.1:0"], artifact);
    }

    private static Candidate DotNet(string name, string title, string project, params string[] arguments)
    {
        string artifact = Path.Combine("bin", project, "release", project + ".dll");
        return new(name, title, built => ["dotnet", Path.Combine(built, artifact), .. arguments], artifact)
        {
            Managed = true,
        };
    }

    private static Candidate Listening(string name, string title, string project, params string[] arguments) =>
        DotNet(name, title, project, [.. arguments, "--listen", "127.0.0.1:0"]);

    private static Candidate Asyncore(string name, string title, string backend, params string[] arguments) =>
        Listening(name, title, "Asyncore.Cli", ["echo", "--backend", backend, .. arguments]);

    // Longer than a round trip takes, so that a busy connection never finds it asleep.
    private static Candidate Spinning(string name, string title, string backend) =>
        Asyncore(name, title, backend, "--spin", "100") with
        {
            Workloads = ["echo-1x64"],
            Quick = ["echo-1x64"],
            MayBeRefused = true,
        };

    private static Candidate TwoLoops(string name, string title, string backend) =>
        Asyncore(name, title, backend, "--loops", "2") with { Workloads = [Workload.TwoLoops], MayBeRefused = true };

    private static Candidate Sending(string name, string title, string backend) =>
        Chat(name, title, Workload.Sends, "sends", "--backend", backend) with { Quick = [Workload.Sends] };

    // A buffer for each connection: small, but for streams, as who writes such a server would have it.
    private static Candidate Net(string name, string title, string mode) =>
        Listening(name, title, "NetPeer", mode) with
        {
            Extra = workload => workload == Workload.Stream ? ["--buffer", "262144"] : Each(workload),
        };

    private static Candidate Chat(string name, string title, string workload, params string[] arguments) =>
        Listening(name, title, "ChatPeer", arguments) with { Workloads = [workload] };

    private static Candidate Receive(string name, string title, params string[] arguments) =>
        Chat(name, title, "item-1g", ["bytes", .. arguments]);

    private static Candidate Forwarder(string program, string title) =>
        Native(program, title) with { Workloads = Workload.BusyForwards, Towards = end => ["--connect", $"{end}"] };

    private static Candidate AsyncoreForward(string name, string title, string backend) =>
        DotNet(name, title, "Asyncore.Cli", "forward", "--backend", backend, "-l", "127.0.0.1", "-p", "0") with
        {
            Towards = end => ["-r", $"{end.Address}", "-P", $"{end.Port}"],
        };
}
