using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>A program of this repository in a process of its own, which is killed where a test ends before it.</summary>
internal abstract partial class ChildProcess : IDisposable
{
    public const int Interrupt = 2;
    public const int Terminate = 15;

    private const int StopSignal = 19; // Linux's numbers
    private const int ContinueSignal = 18;

    /// <summary>How a server's announcement begins.</summary>
    protected const string Listening = "listening on ";

    protected ChildProcess(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        Process = OwnPorts.Start(start);
    }

    /// <summary>How long to wait for something; only ever met by a test that fails.</summary>
    protected static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    protected Process Process { get; }

    /// <summary>How many bytes of memory are its own, and no file's (RssAnon, proc(5)).</summary>
    public long Memory =>
        long.Parse(Status($"{Process.Id}", "RssAnon").Trim().Split(' ')[0], CultureInfo.InvariantCulture) * 1024;

    /// <summary>How many descriptors it has open (proc(5)).</summary>
    public int Descriptors => Directory.GetFileSystemEntries($"/proc/{Process.Id}/fd").Length;

    /// <summary>Sends a signal (kill(2)).</summary>
    public void Signal(int signal) => Assert.Equal(0, Kill(Process.Id, signal));

    /// <summary>Stops it (SIGSTOP), and waits until it stands still.</summary>
    public void Suspend()
    {
        Signal(StopSignal);
        AwaitStop();
    }

    /// <summary>Lets it go on (SIGCONT).</summary>
    public void Continue() => Signal(ContinueSignal);

    /// <summary>Kills it (SIGKILL), and waits until it is gone: then the kernel has closed what it had open.</summary>
    public void Kill()
    {
        Process.Kill();
        Assert.True(Process.WaitForExit(Patience), "the program is not to be killed");
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
        }

        Process.Dispose();
    }

    /// <summary>The command that runs a program: the .NET that runs us, as there may be no other.</summary>
    protected static string DotNet()
    {
        string name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        string path = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", name));
        return File.Exists(path) ? path : name;
    }

    /// <summary>
    /// A program whose project the tests' project refers to, so that it has been built into the folder beside the
    /// tests' own: artifacts/bin/PROJECT/CONFIGURATION.
    /// </summary>
    protected static string PathOf(string project)
    {
        string folder = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string configuration = Path.GetFileName(folder);
        string program = Path.GetFullPath(Path.Combine(folder, "..", "..", project, configuration, $"{project}.dll"));
        Assert.True(File.Exists(program), $"{program} has not been built");
        return program;
    }

    /// <summary>Has a shell start a command, which is <c>"$@"</c> in the script.</summary>
    protected static ProcessStartInfo ByShell(string script, params IEnumerable<string> command) =>
        new("bash", ["-c", script, "bash", .. command]);

    /// <summary>The address in a server's announcement.</summary>
    protected static IPEndPoint AddressIn(string? line)
    {
        Assert.NotNull(line);
        Assert.StartsWith(Listening, line, StringComparison.Ordinal);
        return IPEndPoint.Parse(line.AsSpan(Listening.Length).TrimEnd('\r')); // a terminal's
    }

    /// <summary>A field of /proc/PROCESS/status.</summary>
    protected static string Status(string process, string field)
    {
        string start = $"{field}:\t";
        return File.ReadLines($"/proc/{process}/status")
            .Single(each => each.StartsWith(start, StringComparison.Ordinal))[start.Length..];
    }

    private unsafe void AwaitStop()
    {
        const int ByProcess = 1; // P_PID
        const int Stopped = 2; // WSTOPPED
        const int LeaveItBe = 0x01000000; // WNOWAIT
        const int Interrupted = 4; // EINTR
        byte* info = stackalloc byte[128];
        int result;
        do
        {
            result = WaitId(ByProcess, Process.Id, info, Stopped | LeaveItBe);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Interrupted);
        Assert.Equal(0, result);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static unsafe partial int WaitId(int type, int id, byte* info, int options);
}
