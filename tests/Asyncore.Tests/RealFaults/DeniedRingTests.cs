using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>A seccomp filter that comes while loops run on io_uring, each on a thread of its own, and denies it to others.</summary>
public class DeniedRingTests
{
    private const uint Setup = 425; // io_uring_setup
    private const uint NotPermitted = 1;
    private const uint NoMemory = 12;

    [Theory]
    [InlineData(NotPermitted)]
    [InlineData(NoMemory)]
    public void Loops_that_have_rings_go_on_and_later_ones_do_without(uint errno)
    {
        Assert.SkipUnless(EventLoop.IsSupported(IoBackendKind.IoUring), "there is no io_uring here to be denied");
        using ChildProgram child = ChildProgram.Start("Asyncore.Tests.Child", "fallback", $"{Setup}", $"{errno}", "fleet");

        // Before, and then after: the connections there are, and new ones.
        Assert.Equal("first 4 IoUring echoed 12", child.ReadLine());
        Assert.Equal("first 4 IoUring echoed 12", child.ReadLine());
        Assert.Equal("first 4 IoUring echoed 12", child.ReadLine());
        for (int loop = 0; loop < 4; loop++)
        {
            Assert.StartsWith("Debug: The event loop does without io_uring: ", child.ReadLine(), StringComparison.Ordinal);
            Assert.Equal("Debug: The event loop waits by Epoll.", child.ReadLine());
        }

        // The two sorts work side by side, and give connections to each other.
        Assert.Equal("later 4 Epoll echoed 12", child.ReadLine());
        Assert.Equal("from first to later echoed 12", child.ReadLine());
        Assert.Equal("from later to first echoed 12", child.ReadLine());

        // Asked for by name it is refused, and by loops whose threads have not begun.
        Assert.StartsWith("named SocketException: ", child.ReadLine(), StringComparison.Ordinal);
        Assert.StartsWith("waiting SocketException: ", child.ReadLine(), StringComparison.Ordinal);
        Assert.Equal("first 4 IoUring echoed 12", child.ReadLine());
        Assert.Equal("ended done done", child.ReadLine());
        Assert.Equal("clients 0", child.ReadLine());
        Assert.Equal((0, string.Empty, string.Empty), child.WaitForExit());
    }
}
