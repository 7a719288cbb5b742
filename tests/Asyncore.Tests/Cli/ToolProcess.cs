using System.Diagnostics;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Cli;

/// <summary>The tool in a process of its own, as it was built beside these tests.</summary>
internal sealed class ToolProcess : ChildProcess
{
    private static readonly string _tool = Path.Combine(AppContext.BaseDirectory, "Asyncore.Cli.dll");

    private readonly Channel<string> _errors = Channel.CreateUnbounded<string>();

    private ToolProcess(ProcessStartInfo start)
        : base(start) => _ = PumpErrors();

    public static ToolProcess Start(params string[] arguments) => StartIn(string.Empty, arguments);

    public static ToolProcess StartIn(string folder, params string[] arguments) =>
        new(new ProcessStartInfo(DotNet(), ["exec", _tool, .. arguments]) { WorkingDirectory = folder });

    /// <summary>Has a shell start the tool, which is <c>"$@"</c> in the script.</summary>
    public static ToolProcess StartByShell(string folder, string script, params string[] arguments)
    {
        ProcessStartInfo start = ByShell(script, [DotNet(), "exec", _tool, .. arguments]);
        start.WorkingDirectory = folder;
        return new ToolProcess(start);
    }

    /// <summary>Runs the tool to its end.</summary>
    public static async Task<ToolResult> Run(params string[] arguments)
    {
        using ToolProcess tool = Start(arguments);
        return await tool.End();
    }

    /// <summary>Runs the tool to its end where the kernel answers one system call with an error.</summary>
    public static async Task<ToolResult> RunFiltered(uint call, uint errno, params string[] arguments)
    {
        string[] filter = [PathOf("Asyncore.Tests.Child"), "filter", $"{call}", $"{errno}", DotNet(), "exec", _tool];
        using var tool = new ToolProcess(new ProcessStartInfo(DotNet(), [.. filter, .. arguments]));
        return await tool.End();
    }

    /// <summary>Waits for a server's announcement.</summary>
    public async Task<IPEndPoint> AwaitListening() =>
        AddressIn(await Process.StandardOutput.ReadLineAsync().WaitAsync(Patience));

    /// <summary>The next line on standard error.</summary>
    public async Task<string> ReadErrorLine() => await _errors.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>What is written from here on, and the exit status.</summary>
    public async Task<ToolResult> End()
    {
        string output = await Process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        string errors = await CollectErrors().WaitAsync(Patience);
        await Process.WaitForExitAsync().WaitAsync(Patience);
        return new ToolResult(Process.ExitCode, output, errors);
    }

    // Read as it comes, whoever asks: a program whose pipe is full would stand still.
    private async Task PumpErrors()
    {
        while (await Process.StandardError.ReadLineAsync() is { } line)
        {
            _errors.Writer.TryWrite(line);
        }

        _errors.Writer.Complete();
    }

    private async Task<string> CollectErrors()
    {
        var text = new StringBuilder();
        await foreach (string line in _errors.Reader.ReadAllAsync())
        {
            text.Append(line).Append('\n');
        }

        return text.ToString();
    }
}

/// <summary>How a run of the tool ended.</summary>
internal sealed record ToolResult(int Status, string Output, string Errors)
{
    /// <summary>The lines on standard error.</summary>
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
