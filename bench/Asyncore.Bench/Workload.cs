namespace Asyncore.Bench;

/// <summary>What the load generator is asked to do; one section of the report.</summary>
/// <param name="Name">For <c>--only</c> and the results file.</param>
/// <param name="Title">The heading in the report.</param>
/// <param name="Arguments">Options of the load generator, without times and addresses.</param>
internal sealed record Workload(string Name, string Title, string[] Arguments)
{
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
    ];

    private static Workload Echo(string name, string title, int connections, int size, int depth = 1) =>
        new(name, title,
            ["--workload", "echo", "--connections", $"{connections}", "--size", $"{size}", "--depth", $"{depth}"]);
}
