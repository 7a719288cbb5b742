namespace Asyncore.Bench.Document;

/// <summary>What is to be reached, and what was.</summary>
/// <param name="Workload">By name.</param>
/// <param name="Servers">Ours; the best of them counts.</param>
/// <param name="Against">The reference, or another server of the same workload: then the quotient of both ratios.</param>
/// <param name="Least">What must be reached.</param>
/// <param name="Aim">What would be good.</param>
internal sealed record Target(string Workload, string[] Servers, string Against, double Least, double Aim)
{
    /// <summary>What is compared; CPU per message where nothing is said.</summary>
    public Func<Summary, double?> Value { get; init; } = summary => summary.CpuRatio.Median;

    /// <summary>What <see cref="Value"/> is called.</summary>
    public string What { get; init; } = "CPU";

    /// <summary>It is a cost by itself, not a ratio to somebody: less is better.</summary>
    public bool IsCost { get; init; }

    private static readonly string[] _ours = ["asyncore_io_uring", "asyncore_epoll"];

    private static readonly string[] _forwarders = ["asyncore_forward_io_uring", "asyncore_forward_epoll"];

    public static readonly Target[] All =
    [
        new("echo-50x64", _ours, "epoll_echo", 1.18, 1.22),
        new("echo-50x64", _ours, "uv_echo", 1.23, 1.27),
        new("echo-50x64", _ours, "net_inline", 1.45, 1.5),
        new("echo-50x64", _ours, "net_async", 2.3, 2.5),
        new("echo-1000x64", _ours, "epoll_echo", 1.15, 1.22),
        new("echo-1000x64", _ours, "uv_echo", 1.25, 1.33),
        new("echo-1000x64", _ours, "net_async", 2.1, 2.2),
        new(Bench.Workload.Sends, ["asyncore_io_uring_sends", "asyncore_epoll_sends"], "epoll_echo", 15, 18),
        new(Bench.Workload.Stream, _ours, "epoll_echo", 1, 1.1),
        new(Bench.Workload.Stream, _ours, "uv_echo", 1.4, 1.5),
        new("echo-1x64", ["asyncore_io_uring_spin", "asyncore_epoll_spin"], "epoll_echo", 2, 2.2)
        {
            What = "rate", Value = summary => summary.RateRatio.Median,
        },
        new("echo-50x64", ["asyncore_epoll"], "epoll_echo", 0.96, 1),
        new("echo-1000x64", ["asyncore_epoll"], "epoll_echo", 0.96, 1),
        new("lines-50x16x64", ["asyncore_chat_io_uring", "asyncore_chat"], "python_asynchat", 25, 40),
        new(Bench.Workload.Churn, _ours, "uv_echo", 1, 1.2),
        new("room-1000", ["asyncore_room_io_uring", "asyncore_room"], "uv_room", 1, 1.2),
        new("forward-100x64", _forwarders, "epoll_forward", 1.2, 1.26),
        new("forward-100x64", _forwarders, "haproxy", 1.3, 1.4),
        new("forward-100x64", _forwarders, "nginx", 1.3, 1.4),
        new(Bench.Workload.ForwardStream, _forwarders, "haproxy", 2.7, 3.4),
        new(Bench.Workload.ForwardStream, _forwarders, "haproxy_splice", 0.9, 1.05),
        new("idle-10k", _ours, "", 600, 300)
        {
            What = "bytes per idle connection", Value = summary => summary.IdleBytesEach?.Median, IsCost = true,
        },
        new("idle-10k", _ours, "", 1.03, 1.01)
        {
            What = "CPU beside idle ones to without", Value = summary => summary.IdleCpuCost?.Median, IsCost = true,
        },
    ];

    /// <summary>The best of ours and its value; <see langword="null"/> where one of the two was not measured.</summary>
    public (StoredServer Server, double Value)? Reached(Results results)
    {
        if (results.Find(Workload) is not { } workload)
        {
            return null;
        }

        double? theirs = IsCost || workload.Reference.Name == Against ? 1 : Find(workload, Against);
        var reached = workload.Measured
            .Where(one => Servers.Contains(one.Name))
            .Select(one => (Server: one, Value: Value(one.Summary!) / theirs))
            .Where(one => one.Value is not null)
            .Select(one => (one.Server, one.Value!.Value))
            .OrderBy(one => IsCost ? one.Value : -one.Value)
            .ToArray();
        return reached.Length > 0 ? reached[0] : null;
    }

    public string Verdict(double value) =>
        IsCost ? (value <= Aim ? "aim" : value <= Least ? "yes" : "**no**")
        : value >= Aim ? "aim" : value >= Least ? "yes" : "**no**";

    private double? Find(StoredWorkload workload, string name) =>
        workload.Measured.FirstOrDefault(one => one.Name == name) is { } server ? Value(server.Summary!) : null;
}
