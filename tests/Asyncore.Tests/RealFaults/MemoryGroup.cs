using System.Globalization;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>
/// A control group that may have so much memory, beyond which the system kills (cgroups(7)); of version 1 or 2, as the
/// machine has it.
/// </summary>
internal sealed class MemoryGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";

    private readonly string _path;

    private MemoryGroup(string path) => _path = path;

    /// <summary>Has a shell start a program in it.</summary>
    public string Script => $"echo $$ > {_path}/cgroup.procs && exec \"$@\"";

    /// <summary>Makes one; the test is skipped where that is not to be had.</summary>
    public static MemoryGroup Create(long bytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "control groups are Linux's");
        bool isFirst = Directory.Exists($"{Root}/memory");
        string path = $"{Root}{(isFirst ? "/memory" : string.Empty)}/asyncore-{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(path);
            var group = new MemoryGroup(path);
            string limit = $"{path}/{(isFirst ? "memory.limit_in_bytes" : "memory.max")}";
            File.WriteAllText(limit, bytes.ToString(CultureInfo.InvariantCulture)); // not there where nobody may limit memory
            return group;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path);
            }

            Assert.Skip($"no memory control group can be made: {error.Message}");
            throw;
        }
    }

    /// <summary>Those that were in it have ended.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(_path);
        }
        catch (IOException)
        {
            // One that a failed test has killed is still there: it says more than this would.
        }
    }
}
