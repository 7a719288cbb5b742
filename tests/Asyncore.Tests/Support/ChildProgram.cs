using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>
/// A program of this repository, run as a child process. Its project is referenced by the tests' project, so that it
/// has been built, into the folder beside the tests' own: artifacts/bin/PROJECT/CONFIGURATION.
/// </summary>
internal sealed partial class ChildProgram : IDisposable
{
    public const int Interrupt = 2;
    public const int Terminate = 15;

    private const string Listening = "listening on ";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ChildProgram(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Starts a program. What it writes is taken as Latin-1: one character is one byte.</summary>
    public static ChildProgram Start(string project, params IEnumerable<string> arguments)
    {
        string folder = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string configuration = Path.GetFileName(folder);
        string program = Path.GetFullPath(Path.Combine(folder, "..", "..", project, configuration, $"{project}.dll"));
        Assert.True(File.Exists(program), $"{program} has not been built");
        var start = new ProcessStartInfo(DotNet(), [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.Latin1,
        };
        return new ChildProgram(Process.Start(start)!);
    }

    /// <summary>The next line of what it prints.</summary>
    public string ReadLine() =>
        Await(_process.StandardOutput.ReadLineAsync()) ?? throw new EndOfStreamException($"no more output; {Errors()}");

    /// <summary>Waits for the line that says where it listens.</summary>
    public IPEndPoint ReadAddress()
    {
        string line = ReadLine();
        Assert.StartsWith(Listening, line, StringComparison.Ordinal);
        return IPEndPoint.Parse(line.AsSpan(Listening.Length));
    }

    /// <summary>Waits for its end, and for its exit status.</summary>
    /// <returns>The status, and what it printed that has not been read yet.</returns>
    public (int Status, string Output, string Errors) WaitForExit()
    {
        string output = Await(_process.StandardOutput.ReadToEndAsync());
        Assert.True(_process.WaitForExit(_patience), "the program did not end");
        return (_process.ExitCode, output, Errors());
    }

    /// <summary>Sends a signal (kill(2)).</summary>
    public void Signal(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    /// <summary>Ends a server by SIGTERM, which it must take well.</summary>
    /// <returns>What it logged.</returns>
    public string Stop()
    {
        Signal(Terminate);
        (int status, _, string errors) = WaitForExit();
        Assert.True(status == 0, $"exit status {status}; {errors}");
        return errors;
    }

    /// <summary>Whether this process ignores a signal, and so its children do: a background job of a shell.</summary>
    public static bool IsIgnored(int signal)
    {
        const string Name = "SigIgn:\t";
        string line = File.ReadLines("/proc/self/status")
            .Single(each => each.StartsWith(Name, StringComparison.Ordinal));
        ulong mask = ulong.Parse(line.AsSpan(Name.Length), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (mask & (1UL << (signal - 1))) != 0;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    // The one that runs us; there may be no other.
    private static string DotNet()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string path = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(path) ? path : name;
    }

    private static T Await<T>(Task<T> task)
    {
        Assert.True(task.Wait(_patience), "the program did not print what was waited for");
        return task.Result;
    }

    private string Errors() => Await(_errors);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
