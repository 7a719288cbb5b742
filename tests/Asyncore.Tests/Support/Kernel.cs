using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>Readiness as the kernel itself sees it, and descriptors with numbers of one's own.</summary>
internal static partial class Kernel
{
    public const short In = 1;
    public const short Priority = 2;
    public const short Out = 4;
    public const short Error = 8;
    public const short HangUp = 16;

    private const short PeersEnd = 0x2000; // POLLRDHUP

    private const int PatienceMilliseconds = 20_000;

    // Far from what the system gives of its own accord, so that tests that run side by side do not take it: some of them
    // have thousands of connections.
    private static int _nextNumber = 8000;

    /// <summary>How many connections may wait to be accepted (listen(2)).</summary>
    public static int LongestBacklog => int.Parse(File.ReadAllText("/proc/sys/net/core/somaxconn"), CultureInfo.InvariantCulture);

    /// <summary>A descriptor number that nobody has, nor will have by chance.</summary>
    public static int UnusedNumber() => Interlocked.Increment(ref _nextNumber);

    /// <summary>Gives a socket another descriptor number.</summary>
    public static Socket MoveTo(Socket socket, int number)
    {
        Socket moved = Descriptors.Duplicate(socket, number);
        socket.Dispose();
        Assert.Equal(number, moved.Number());
        return moved;
    }

    /// <summary>Closes a descriptor without its owner's knowledge.</summary>
    public static void CloseSecretly(int fd) => Assert.Equal(0, Close(fd));

    /// <summary>Waits until the kernel reports each of these events.</summary>
    public static void Await(Socket socket, int events) => Await(socket.Number(), events);

    /// <summary>Waits until the kernel reports each of these events.</summary>
    public static void Await(int fd, int events)
    {
        for (int each = In; each <= HangUp; each <<= 1)
        {
            if ((events & each) != 0)
            {
                var poll = new PollFd { Fd = fd, Events = (short)each };
                Assert.Equal(1, Poll(ref poll, 1, PatienceMilliseconds));
                Assert.True((poll.Revents & each) != 0, $"the kernel reports {poll.Revents}, not {each}");
            }
        }
    }

    /// <summary>
    /// Waits until the kernel knows that the peer has gone. A child process that another test starts just then has the
    /// peer's descriptor too, until it has become its program: so long the socket is not closed.
    /// </summary>
    public static void AwaitPeersEnd(int fd)
    {
        var poll = new PollFd { Fd = fd, Events = PeersEnd };
        Assert.Equal(1, Poll(ref poll, 1, PatienceMilliseconds));
    }

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollFd fds, nuint count, int timeoutMilliseconds);

    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Revents;
    }
}
