using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Asyncore.Bench;

/// <summary>How long a run warms up and measures, in seconds.</summary>
/// <param name="Warmup">Seconds that are not measured.</param>
/// <param name="Duration">Seconds that are.</param>
/// <param name="LongMessages">
/// What is measured instead where <see cref="Workload.SecondsPerMessage"/> is set: so many whole messages.
/// </param>
internal readonly record struct Window(double Warmup, double Duration, int LongMessages);

/// <summary>What the load generator reports of one run.</summary>
internal sealed record RunResult
{
    public long Messages { get; init; }

    public double Seconds { get; init; }

    /// <summary>Messages per second.</summary>
    public double Rate { get; init; }

    public required Latency LatencyUs { get; init; }

    /// <summary>Only in a workload with idle connections.</summary>
    public IdleCost? Idle { get; init; }

    /// <summary>Share of a processor that the generator used.</summary>
    public double LoadgenCpu { get; init; }

    /// <summary>Share of the time that it was ready to run and something else had its processor.</summary>
    public double LoadgenWaited { get; init; }

    /// <summary>Share of a processor that the server used.</summary>
    public double ServerCpu { get; init; }

    /// <summary>As <see cref="LoadgenWaited"/>, summed over the server's threads.</summary>
    public double ServerWaited { get; init; }

    public double? ServerCpuUsPerMessage { get; init; }

    /// <summary>The generator was full and the server was not: rate and latency are the generator's.</summary>
    public bool? LoadgenBound { get; init; }
}

/// <summary>What connections that do nothing cost a server.</summary>
/// <param name="Connections">How many.</param>
/// <param name="BytesEach">Resident in the server.</param>
/// <param name="CpuCost">CPU per message of the others beside them, to that without them before and after.</param>
internal sealed record IdleCost(int Connections, double BytesEach, double CpuCost);

/// <summary>Microseconds.</summary>
internal sealed record Latency
{
    public double P50 { get; init; }

    public double P99 { get; init; }

    // The naming policy would make it p999.
    [System.Text.Json.Serialization.JsonPropertyName("p99_9")]
    public double P999 { get; init; }

    public double Max { get; init; }
}

/// <summary>Runs the load generator against a server, once per call.</summary>
internal sealed class LoadGenerator(string artifacts, Cores cores)
{
    private readonly string _program = Path.Combine(artifacts, "bench", "loadgen");

    /// <summary>One run.</summary>
    /// <param name="server">Whom it talks to.</param>
    /// <param name="workload">What it does.</param>
    /// <param name="window">How long.</param>
    /// <param name="first">It only warms the server up.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="BenchException">A byte was wrong or missing, or the server did not answer.</exception>
    public async Task<RunResult> RunAsync(
        ServerProcess server, Workload workload, Window window, bool first, CancellationToken cancel)
    {
        string[] command =
        [
            .. Cores.Pin(workload.Pinned ? cores.Generator : null), _program, .. workload.Arguments,
            .. first ? workload.FirstArguments : workload.MeasuredArguments,
            "--connect", server.Address,
            .. server.FarEnd is { } farEnd ? (string[])["--serve", $"{farEnd}"] : [],
            "--server-pid", server.Id.ToString(CultureInfo.InvariantCulture),
            .. Times(workload, window),
        ];
        (int exitCode, string output, string errors) = await RunToEndAsync(command, cancel);
        if (exitCode != 0)
        {
            throw new BenchException($"{server.Candidate.Name}, {workload.Name}: {errors.Trim()}");
        }

        RunResult result = JsonSerializer.Deserialize<RunResult>(output, ResultsFile.Format)!;
        return result.ServerCpuUsPerMessage is > 0
            ? result
            : throw new BenchException($"{server.Candidate.Name}, {workload.Name}: no message in the measured time");
    }

    private static string[] Times(Workload workload, Window window) => workload.SecondsPerMessage is null
        ?
        [
            "--warmup", window.Warmup.ToString("F3", CultureInfo.InvariantCulture),
            "--duration", window.Duration.ToString("F3", CultureInfo.InvariantCulture),
        ]
        : ["--warmup", "0", "--messages", window.LongMessages.ToString(CultureInfo.InvariantCulture)];

    private static async Task<(int ExitCode, string Output, string Errors)> RunToEndAsync(
        string[] command, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(cancel);
            string output = await process.StandardOutput.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            return (process.ExitCode, output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
