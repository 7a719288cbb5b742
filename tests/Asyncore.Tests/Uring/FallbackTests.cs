using System.Globalization;
using Asyncore.Tests.Cli;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Uring;

/// <summary>
/// Where the system has no io_uring, or not all of it, <c>Auto</c> does without and says why at debug level, and
/// <c>IoUring</c> by name is refused with the reason. The system is made to refuse by a seccomp filter, in a process of
/// its own.
/// </summary>
public class FallbackTests
{
    private const string Child = "Asyncore.Tests.Child";
    private const uint Setup = 425;
    private const uint Enter = 426;
    private const uint Register = 427;
    private const uint NotPermitted = 1;
    private const uint NoMemory = 12;
    private const uint Invalid = 22;
    private const uint NotThere = 38;

    /// <summary>The call that is denied, the error, and the step that is named.</summary>
    public static TheoryData<uint, uint, string> Denials => new()
    {
        { Setup, NotPermitted, "io_uring_setup: denied, by kernel.io_uring_disabled or a seccomp profile" },
        { Setup, NotThere, "io_uring_setup: " },
        { Setup, NoMemory, "io_uring_setup: no memory, or the limit of locked memory (ulimit -l) is too low" },
        { Register, Invalid, "registering a ring of buffers: the kernel is older than 6.1" },
        { Register, NoMemory, "registering a ring of buffers: no memory, or the limit of locked memory" },
        { Enter, NotPermitted, "a multishot receive: " },
    };

    // 1 and 3. Every loop of Auto says it once, and works; by name it is an exception before there is a loop.
    [Theory, MemberData(nameof(Denials))]
    public void A_loop_does_without_what_is_denied_and_says_so(uint call, uint errno, string step)
    {
        string[] lines = Run(["fallback", Number(call), Number(errno)]);
        Assert.Equal(7, lines.Length);
        for (int loop = 0; loop < 2; loop++)
        {
            Assert.Equal("auto echoed 1 Epoll", lines[loop * 3]);
            Assert.StartsWith($"Debug: The event loop does without io_uring: {step}", lines[(loop * 3) + 1]);
            Assert.Equal("Debug: The event loop waits by Epoll.", lines[(loop * 3) + 2]);
        }

        Assert.StartsWith(
            $"named PlatformNotSupportedException: The IoUring backend is not to be had here: {step}", lines[6]);
    }

    // 1. The tool, which was told the backend by name, is refused in one line.
    [Theory]
    [InlineData(Setup, NotPermitted)]
    [InlineData(Register, Invalid)]
    public async Task The_tool_refuses_in_one_line(uint call, uint errno)
    {
        AssertHasFilters();
        ToolResult result = await ToolProcess.RunFiltered(
            call, errno, "echo", "--listen", "127.0.0.1:0", "--backend", "io_uring");
        Assert.Equal(1, result.Status);
        Assert.Contains("The IoUring backend is not to be had here: ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Empty(result.Output);
    }

    // 2. The loop that has its queues keeps them, with new connections too; who comes later does without. By name there
    // is a loop, as the library has found io_uring to be there, and its first pass is an exception. So is a pass on
    // another thread of the loop that has queues, and it can still be closed.
    [Fact]
    public void What_is_denied_half_way_is_kept_by_who_has_it()
    {
        string[] lines = Run(["fallback", Number(Setup), Number(NotPermitted), "late"]);
        Assert.Equal(["first IoUring echoed 1", "first IoUring echoed 1", "first IoUring echoed 1"], lines[..3]);
        Assert.Equal("auto echoed 1 Epoll", lines[3]);
        Assert.StartsWith("Debug: The event loop does without io_uring: ", lines[4]);
        Assert.Equal("Debug: The event loop waits by Epoll.", lines[5]);
        Assert.StartsWith("named SocketException: ", lines[6]);
        Assert.StartsWith("moved SocketException: ", lines[7]);
        Assert.Equal("closed done", lines[8]);
        Assert.Equal("client 0", lines[9]);
    }

    // 3. Kernels since 5.12 charge the queues to the memory of the control group and not to the limit, so the limit does
    // not bite there; where it does, it is what is said.
    [Fact]
    public void A_limit_of_locked_memory_is_survived()
    {
        AssertHasFilters();
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "setpriv, which takes privileges away, is not here");
        using ChildProgram child = ChildProgram.StartByShell(
            "ulimit -l 0 && exec setpriv --bounding-set -ipc_lock,-sys_resource \"$@\"", Child, "fallback");
        (int status, string output, string errors) = child.WaitForExit();
        Assert.True(status == 0, errors);
        if (output.StartsWith("auto echoed 1 Epoll", StringComparison.Ordinal))
        {
            Assert.Contains("limit of locked memory", output, StringComparison.Ordinal);
        }
        else
        {
            Assert.StartsWith("auto echoed 1 IoUring", output, StringComparison.Ordinal);
            Assert.EndsWith("named done\n", output, StringComparison.Ordinal);
        }
    }

    private static string[] Run(string[] arguments)
    {
        AssertHasFilters();
        using ChildProgram child = ChildProgram.Start(Child, arguments);
        (int status, string output, string errors) = child.WaitForExit();
        Assert.True(status == 0, errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Number(uint number) => number.ToString(CultureInfo.InvariantCulture);

    private static void AssertHasFilters() =>
        Assert.SkipUnless(EventLoop.IsSupported(IoBackendKind.IoUring), "there is no io_uring here to be denied");
}
