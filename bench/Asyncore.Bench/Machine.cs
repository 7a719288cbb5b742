using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Asyncore.Bench;

/// <summary>What the numbers depend on besides the programs.</summary>
internal sealed record Machine(
    string Kernel,
    string Processor,
    int Processors,
    string DotNet,
    string Gcc,
    string Others,
    string Commit,
    string Pinning)
{
    // Kernel memory of both ends of a connection, and what is resident in the worst of servers.
    private const long BytesPerIdle = 32 * 1024;

    // Of the connections that are measured, and everything else.
    private const int OtherDescriptors = 300;

    // The same where each connection is two, and a proxy keeps some for itself.
    private const int OtherDescriptorsOfPairs = 2000;

    private const int FewestPairs = 1000; // fewer tell nothing

    /// <summary>As many idle pairs of connections as are wanted, or as the limit on descriptors lets.</summary>
    public static int Pairs(int wanted) =>
        (int)Math.Clamp((MostDescriptors() - OtherDescriptorsOfPairs) / 2, FewestPairs, wanted);

    /// <summary>What is missing for so many idle sockets; <see langword="null"/> where nothing is.</summary>
    public static string? LacksFor(int idle)
    {
        if (idle == 0)
        {
            return null;
        }

        long descriptors = MostDescriptors();
        long wanted = idle * BytesPerIdle;
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return descriptors < idle + OtherDescriptors ? $"a process may have {descriptors} descriptors only (ulimit -n)"
            : available < wanted ? $"it wants {wanted >> 20} MiB of memory"
            : null;
    }

    public static Machine Describe(Cores cores, string artifacts) => new(
        File.ReadAllText("/proc/sys/kernel/osrelease").Trim(),
        ProcessorModel(),
        File.ReadLines("/proc/cpuinfo").Count(line => line.StartsWith("processor", StringComparison.Ordinal)),
        RuntimeInformation.FrameworkDescription,
        FirstLine("gcc", "--version"),
        string.Join(", ", Libraries(artifacts)),
        Revision(),
        cores.Note);

    public override string ToString() =>
        $"Linux {Kernel}; {Processor}, {Processors} processors; {DotNet}; {Gcc}; {Others}; commit {Commit}; {Pinning}.";

    // Arm kernels give no name: the architecture must do.
    private static string ProcessorModel() =>
        File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
        ?? RuntimeInformation.ProcessArchitecture.ToString();

    private static IEnumerable<string> Libraries(string artifacts)
    {
        string[] packages = ["libuv1-dev", "libevent-dev", "haproxy", "nginx"];
        foreach (string package in packages)
        {
            string version = FirstLine("dpkg-query", "--show", "--showformat=${Version}", package);
            yield return $"{package.Replace("1-dev", "").Replace("-dev", "")} {version}";
        }

        yield return FirstLine(Path.Combine(artifacts, "bench", "python"), "--version");
    }

    // "Max open files            1024                 1048576              files": programs raise the first to the second.
    private static long MostDescriptors()
    {
        const string label = "Max open files";
        string line = File.ReadLines("/proc/self/limits").First(one => one.StartsWith(label, StringComparison.Ordinal));
        string hard = line[label.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.TryParse(hard, CultureInfo.InvariantCulture, out long number) ? number : long.MaxValue;
    }

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
