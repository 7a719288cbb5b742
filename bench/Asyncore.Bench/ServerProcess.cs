using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Asyncore.Bench;

/// <summary>A server that was started, says where it listens, and is ended by SIGTERM.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private const string Announcement = "listening on ";
    private const int Sigterm = 15;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly LastLines _errors = new();

    private ServerProcess(Candidate candidate, Process process, IPEndPoint? farEnd)
    {
        Candidate = candidate;
        _process = process;
        FarEnd = farEnd;
    }

    public Candidate Candidate { get; }

    public string Address { get; private set; } = "";

    /// <summary>Where it connects to, if it forwards.</summary>
    public IPEndPoint? FarEnd { get; }

    /// <summary>What it says at its end about bytes allocated per message, if it says anything.</summary>
    public double? Allocated { get; private set; }

    // taskset replaces itself by the server, so this is the server's own.
    public int Id => _process.Id;

    /// <summary>Starts a server and waits until it listens.</summary>
    /// <exception cref="BenchException">It ended, or said nothing in time.</exception>
    public static async Task<ServerProcess> StartAsync(
        Candidate candidate, Workload workload, string artifacts, Cores cores)
    {
        int? processor = workload.Pinned ? cores.Server : null;
        IPEndPoint? farEnd = workload.Forwarded ? Bench.FarEnd.Choose() : null;
        string[] command = [.. Cores.Pin(processor), .. candidate.CommandFor(artifacts, workload, farEnd)];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (candidate.Variable is var (name, value))
        {
            start.Environment[name] = value;
        }

        var server = new ServerProcess(candidate, Process.Start(start)!, farEnd);
        try
        {
            await server.ListenAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the server, gently first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, Sigterm);
        }

        using var patience = new CancellationTokenSource(_patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            Console.Error.WriteLine($"{Candidate.Name} did not end on SIGTERM and was killed");
        }

        _process.Dispose();
    }

    private async Task ListenAsync()
    {
        _process.ErrorDataReceived += (_, line) => TakeError(line.Data);
        _process.BeginErrorReadLine();
        var listening = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);

        // Read on to the end: a server must not block because nobody reads what it prints.
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null || line.Data.StartsWith(Announcement, StringComparison.Ordinal))
            {
                listening.TrySetResult(line.Data);
            }
        };
        _process.BeginOutputReadLine();

        try
        {
            string? line = await listening.Task.WaitAsync(_patience);
            if (line is null)
            {
                await _process.WaitForExitAsync().WaitAsync(_patience); // its last words come with its end
                throw new RefusedException(Candidate, _errors);
            }

            Address = line[Announcement.Length..].Trim();
        }
        catch (TimeoutException)
        {
            throw new BenchException($"{Candidate.Name} did not say where it listens. {_errors}");
        }
    }

    // "allocated 0.012 bytes per message in 1000 messages"
    private void TakeError(string? line)
    {
        const string label = "allocated ";
        if (line is not null && line.StartsWith(label, StringComparison.Ordinal))
        {
            Allocated = double.Parse(line[label.Length..].Split(' ')[0], CultureInfo.InvariantCulture);
        }

        _errors.Add(line);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

/// <summary>The end of what a process wrote to standard error.</summary>
internal sealed class LastLines
{
    private const int Most = 5;
    private readonly Queue<string> _lines = new();

    public void Add(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (_lines) // comes on a thread of its own
        {
            _lines.Enqueue(line.Trim());
            if (_lines.Count > Most)
            {
                _lines.Dequeue();
            }
        }
    }

    /// <summary>The first of them.</summary>
    public string First
    {
        get
        {
            lock (_lines)
            {
                return _lines.TryPeek(out string? first) ? first : "it said nothing";
            }
        }
    }

    public override string ToString()
    {
        lock (_lines)
        {
            return string.Join(" | ", _lines);
        }
    }
}

/// <summary>A measurement that could not be made.</summary>
internal class BenchException(string message) : Exception(message);

/// <summary>A server ended before it listened.</summary>
internal sealed class RefusedException(Candidate candidate, LastLines said)
    : BenchException($"{candidate.Name} ended before it listened. {said}")
{
    /// <summary>The first thing it said about it.</summary>
    public string Said => said.First;
}
