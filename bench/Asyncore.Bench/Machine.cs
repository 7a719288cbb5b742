using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Asyncore.Bench;

/// <summary>What the numbers depend on besides the programs.</summary>
internal sealed record Machine(
    string Kernel, string Processor, int Processors, string DotNet, string Gcc, string Commit, string Pinning)
{
    public static Machine Describe(Cores cores) => new(
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        ProcessorModel(),
        File.ReadLines("/proc/cpuinfo").Count(line => line.StartsWith("processor", StringComparison.Ordinal)),
        RuntimeInformation.FrameworkDescription,
        FirstLine("gcc", "--version"),
        Revision(),
        cores.Note);

    public override string ToString() =>
        $"Linux {Kernel}; {Processor}, {Processors} processors; {DotNet}; {Gcc}; commit {Commit}; {Pinning}.";

    // Arm kernels give no name: the architecture must do.
    private static string ProcessorModel() =>
        File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
        ?? RuntimeInformation.ProcessArchitecture.ToString();

    private static string Revision()
    {
        string commit = FirstLine("git", "rev-parse", "--short", "HEAD");
        bool changed = FirstLine("git", "status", "--porcelain", "--untracked-files=no") is not ("" or "unknown");
        return changed ? commit + " with changes" : commit;
    }

    private static string FirstLine(string program, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start)!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output.Split('\n')[0].Trim() : "unknown";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown"; // not installed
        }
    }
}
