using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using Xunit;

namespace Asyncore.Tests.Cli;

/// <summary>The tool in a process of its own, as it was built beside these tests.</summary>
internal sealed partial class ToolProcess : IDisposable
{
    private const int SIGINT = 2;
    private const int SIGTERM = 15;

    private const string Announcement = "listening on ";

    // Only ever met by a test that fails.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ToolProcess(string? folder, string? script, string[] arguments)
    {
        var start = new ProcessStartInfo(script is null ? DotNet() : "bash")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? string.Empty,
        };
        string tool = Path.Combine(AppContext.BaseDirectory, "Asyncore.Cli.dll");
        string[] shell = script is null ? [] : ["-c", script, "bash", DotNet()];
        foreach (string argument in (string[])[.. shell, "exec", tool, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public static ToolProcess Start(params string[] arguments) => new(folder: null, script: null, arguments);

    public static ToolProcess StartIn(string folder, params string[] arguments) => new(folder, script: null, arguments);

    /// <summary>Has a shell start the tool, which is <c>"$@"</c> in the script.</summary>
    public static ToolProcess StartByShell(string folder, string script, params string[] arguments) =>
        new(folder, script, arguments);

    /// <summary>Runs the tool to its end.</summary>
    public static async Task<ToolResult> Run(params string[] arguments)
    {
        using ToolProcess tool = Start(arguments);
        return await tool.End();
    }

    /// <summary>Waits for a server's announcement.</summary>
    public async Task<IPEndPoint> Listening()
    {
        string? line = await _process.StandardOutput.ReadLineAsync().WaitAsync(_patience);
        Assert.NotNull(line);
        Assert.StartsWith(Announcement, line, StringComparison.Ordinal);
        return IPEndPoint.Parse(line[Announcement.Length..]);
    }

    /// <summary>What is written from here on, and the exit status.</summary>
    public async Task<ToolResult> End()
    {
        string output = await _process.StandardOutput.ReadToEndAsync().WaitAsync(_patience);
        string errors = await _errors.WaitAsync(_patience);
        await _process.WaitForExitAsync().WaitAsync(_patience);
        return new ToolResult(_process.ExitCode, output, errors);
    }

    public void Interrupt() => Assert.Equal(0, Kill(_process.Id, SIGINT));

    public void Terminate() => Assert.Equal(0, Kill(_process.Id, SIGTERM));

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    // The one that runs these tests: it need not be on anybody's PATH.
    private static string DotNet()
    {
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

/// <summary>How a run of the tool ended.</summary>
internal sealed record ToolResult(int Status, string Output, string Errors)
{
    /// <summary>The lines on standard error.</summary>
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
