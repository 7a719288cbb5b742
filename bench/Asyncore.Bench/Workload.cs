namespace Asyncore.Bench;

/// <summary>What the load generator is asked to do; one section of the report.</summary>
/// <param name="Name">For <c>--only</c> and the results file.</param>
/// <param name="Title">The heading in the report.</param>
/// <param name="Arguments">Options of the load generator, without times and addresses.</param>
internal sealed record Workload(string Name, string Title, string[] Arguments)
{
    /// <summary>The server that every other one is compared with, one of <see cref="Candidate.References"/>.</summary>
    public string Reference { get; init; } = "epoll_echo";

    /// <summary>What a message is, for the table.</summary>
    public string Unit { get; init; } = "message";

    /// <summary>
    /// Where a message is so long that a run is a number of them instead of a time: seconds that one takes, roughly.
    /// </summary>
    public double? SecondsPerMessage { get; init; }

    /// <summary>Options of the load generator for what is measured.</summary>
    public string[] MeasuredArguments { get; init; } = [];

    /// <summary>Those that the run has instead that warms a server up.</summary>
    public string[] FirstArguments { get; init; } = [];

    /// <summary>Every run has a server just started: where memory is counted, what was freed before would hide.</summary>
    public bool Fresh { get; init; }

    /// <summary>Server and load generator are each held on one processor.</summary>
    public bool Pinned { get; init; } = true;

    /// <summary>Connections beside those that are measured.</summary>
    public int Idle { get; init; }

    /// <summary>The server is a forwarder, and the load generator both ends of what goes through it.</summary>
    public bool Forwarded { get; init; }

    /// <summary>Takes part in a run that is not full only where it is named.</summary>
    public bool OnlyFull { get; init; }

    /// <summary>What a reader of its results must know; a line of the report.</summary>
    public string? Note { get; init; }

    /// <summary>The names of those in which a server sends back what it gets, as it comes.</summary>
    public static readonly string[] Echoes =
        ["echo-50x64", "echo-1000x64", "echo-1x64", "echo-50x64-deep", "echo-16x64k"];

    /// <summary>The names of those with many connections that do nothing.</summary>
    public static readonly string[] Idles = ["idle-10k", "idle-100k"];

    /// <summary>The names of those through a forwarder.</summary>
    public static readonly string[] Forwards = ["forward-100x64", ForwardStream, "forward-churn", ForwardIdle];

    /// <summary>The same without that with many connections that do nothing.</summary>
    public static readonly string[] BusyForwards = [.. Forwards.Except([ForwardIdle])];

    /// <summary>16 messages at once, each sent back by a call of its own.</summary>
    public const string Sends = "sends-50x16x64";

    public const string Stream = "echo-16x64k";

    public const string Churn = "churn";

    public const string TwoLoops = "loops-2";

    public const string ForwardStream = "forward-16x64k";

    /// <summary>How many messages of it are a MiB.</summary>
    public const int ForwardStreamPerMiB = 16;

    public const string ForwardIdle = "forward-idle";

    private static readonly int _idlePairs = Machine.Pairs(10_000);

    private static readonly string[] _hundred =
        ["--workload", "forward", "--connections", "100", "--size", "64", "--depth", "1"];

    /// <summary>Every workload. Add one here; a new kind of traffic is added to the load generator first.</summary>
    public static readonly Workload[] All =
    [
        Echo("echo-50x64", "echo, 50 connections × 64 B", connections: 50, size: 64),
        Echo("echo-1000x64", "echo, 1000 connections × 64 B", connections: 1000, size: 64),
        Echo("echo-1x64", "echo, 1 connection × 64 B", connections: 1, size: 64)
            with { Note = "A server that spins has a processor for itself: its rate and latency count, not its CPU." },
        Echo("echo-50x64-deep", "echo, 50 connections × 64 B, 16 deep", connections: 50, size: 64, depth: 16),
        Echo(Sends, "echo, 50 connections × 64 B, 16 deep, a send for each message", connections: 50, size: 64, depth: 16)
            with { Note = "The client sends 16 messages at once; the server sends back each by a call of its own." },

        // Four deep, so that a connection has 256 KiB in flight: enough to keep both sides
        // busy. Far more runs into the socket buffers' limits, where the kernel moves part of
        // the server's sending into the generator's acknowledgements and CPU per message
        // jumps between two values.
        new(Stream, "echo, 16 connections × 64 KiB, streaming",
            ["--workload", "stream", "--connections", "16", "--size", "65536", "--depth", "4"]),

        new(Churn, "connections that come and go",
            ["--workload", "churn", "--connections", "50"])
        {
            Reference = "uv_echo",
            Unit = "connection",
            Note = "Connect, a byte and back, both ends close; 50 at a time. It costs the client more than the server.",
        },
        new("lines-50x16x64", "lines, 50 connections × 64 B, 16 deep, each answered in two pushes",
            ["--workload", "lines", "--connections", "50", "--size", "64", "--depth", "16"])
        { Reference = "python_asynchat", Unit = "line" },
        Upload("item-1g", "one item of 1 GiB, one way", "item"),
        Upload("items-16m", "16,777,216 items of 64 B, one way", "items"),
        new("room-1000", "a room, a line of 64 B from one to 1000 members",
            ["--workload", "room", "--connections", "1000", "--size", "64"])
        { Reference = "uv_room", Unit = "line" },
        BesideIdle("idle-10k", "10,000", 10_000),
        BesideIdle("idle-100k", "100,000", 100_000) with { OnlyFull = true },

        Echo(TwoLoops, "echo, 50 connections × 64 B, two loops on two processors", connections: 50, size: 64)
            with
        {
            Reference = "asyncore_epoll",
            Pinned = false,
            Note = "Nothing is pinned, and only the rate counts. With two processors the load generator shares them with "
                + "the two loops, so what is here is less than what two loops can do.",
        },

        Forward("forward-100x64", "forwarding, 100 connections × 64 B, there and back", _hundred),

        // As deep as the echo, for the same reason.
        Forward(ForwardStream, "forwarding, 16 connections × 64 KiB, one way",
            ["--workload", "forward-stream", "--connections", "16", "--size", "65536", "--depth", "4"])
            with
        { Note = "A message is 64 KiB; 16 of them are a MiB." },
        Forward("forward-churn", "forwarding, connections that come and go",
            ["--workload", "forward-churn", "--connections", "50"])
            with
        {
            Unit = "connection",
            Note = "Connect, a byte there and back, both ends close; 50 at a time.",
        },
        BesideIdle(Forward(ForwardIdle, $"forwarding, 100 connections × 64 B beside {_idlePairs:N0} idle pairs", _hundred),
            _idlePairs),
    ];

    private static Workload BesideIdle(string name, string many, int idle) =>
        BesideIdle(Echo(name, $"echo, 50 connections × 64 B beside {many} idle ones", connections: 50, size: 64), idle);

    private static Workload BesideIdle(Workload busy, int idle) =>
        busy with
        {
            MeasuredArguments = ["--idle", $"{idle}"],

            // Enough for a compiler to be done with what accepts them, which is memory too; few enough that what they
            // leave behind, for others to use again, does not count.
            FirstArguments = ["--idle", "200"],
            Idle = idle,
            Fresh = true,
            Note = "Idle: what of the server is resident more than before, for each connection that has said a byte. Cost: "
                + "its CPU per message beside them to that without, of the same run.",
        };

    // A GiB, as the load generator and the servers have it where nothing is said.
    private static Workload Upload(string name, string title, string kind) =>
        new(name, title, ["--workload", kind])
        {
            Reference = "asyncore_receive",
            Unit = "GiB",
            SecondsPerMessage = 0.4,
        };

    private static Workload Forward(string name, string title, string[] arguments) =>
        new(name, title, arguments) { Reference = "epoll_forward", Forwarded = true };

    private static Workload Echo(string name, string title, int connections, int size, int depth = 1) =>
        new(name, title,
            ["--workload", "echo", "--connections", $"{connections}", "--size", $"{size}", "--depth", $"{depth}"]);
}
