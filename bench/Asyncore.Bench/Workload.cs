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

    /// <summary>Every workload. Add one here; a new kind of traffic is added to the load generator first.</summary>
    public static readonly Workload[] All =
    [
        Echo("echo-50x64", "echo, 50 connections × 64 B", connections: 50, size: 64),
        Echo("echo-1000x64", "echo, 1000 connections × 64 B", connections: 1000, size: 64),
        Echo("echo-1x64", "echo, 1 connection × 64 B", connections: 1, size: 64),
        Echo("echo-50x64-deep", "echo, 50 connections × 64 B, 16 deep", connections: 50, size: 64, depth: 16),

        // Four deep, so that a connection has 256 KiB in flight: enough to keep both sides
        // busy. Far more runs into the socket buffers' limits, where the kernel moves part of
        // the server's sending into the generator's acknowledgements and CPU per message
        // jumps between two values.
        new("echo-16x64k", "echo, 16 connections × 64 KiB, streaming",
            ["--workload", "stream", "--connections", "16", "--size", "65536", "--depth", "4"]),

        new("lines-50x16x64", "lines, 50 connections × 64 B, 16 deep, each answered in two pushes",
            ["--workload", "lines", "--connections", "50", "--size", "64", "--depth", "16"])
        { Reference = "python_asynchat", Unit = "line" },
        Upload("item-1g", "one item of 1 GiB, one way", "item"),
        Upload("items-16m", "16,777,216 items of 64 B, one way", "items"),
        new("room-1000", "a room, a line of 64 B from one to 1000 members",
            ["--workload", "room", "--connections", "1000", "--size", "64"])
        { Reference = "uv_room", Unit = "line" },
    ];

    /// <summary>The names of those in which the server sends back what it gets.</summary>
    public static readonly string[] Echoes =
        [.. All.Where(one => one.Reference == "epoll_echo").Select(one => one.Name)];

    // A GiB, as the load generator and the servers have it where nothing is said.
    private static Workload Upload(string name, string title, string kind) =>
        new(name, title, ["--workload", kind])
        {
            Reference = "asyncore_receive",
            Unit = "GiB",
            SecondsPerMessage = 0.4,
        };

    private static Workload Echo(string name, string title, int connections, int size, int depth = 1) =>
        new(name, title,
            ["--workload", "echo", "--connections", $"{connections}", "--size", $"{size}", "--depth", $"{depth}"]);
}
