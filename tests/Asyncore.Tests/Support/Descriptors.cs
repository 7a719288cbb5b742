using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>What tests ask the kernel itself about a descriptor, or do to it behind the library's back.</summary>
internal static partial class Descriptors
{
    public const int SocketLevel = 1;
    public const int ReuseAddress = 2;
    public const int ReusePort = 15;
    public const int TcpLevel = 6;
    public const int TcpNoDelay = 1;
    public const int TcpUserTimeout = 18;
    public const int Ipv6Level = 41;
    public const int Ipv6Only = 26;

    private const int TcpInfo = 11;
    private const int SendQueueLength = 0x5411; // SIOCOUTQ, tcp(7)
    private const int DuplicateCloseOnExec = 1030;
    private const short PollIn = 1;
    private const short PollHangUp = 0x10;
    private const int Patience = 20_000;

    /// <summary>Waits until there is something to read, or the end of it.</summary>
    public static void WaitReadable(int fd) => WaitFor(fd, PollIn);

    /// <summary>Waits until a socket has been hung up or reset, whether or not there is anything to read.</summary>
    public static void WaitHungUp(int fd) => WaitFor(fd, PollHangUp);

    public static int Number(this Socket socket) => (int)socket.Handle;

    /// <summary>What the peer's system has not got yet.</summary>
    public static unsafe int Unacknowledged(this Socket socket)
    {
        int count = 0;
        Assert.Equal(0, Ioctl(socket.Number(), SendQueueLength, &count));
        return count;
    }

    public static unsafe int GetOption(int fd, int level, int name)
    {
        int value = 0;
        uint length = sizeof(int);
        Assert.Equal(0, GetSockOpt(fd, level, name, &value, &length));
        return value;
    }

    public static unsafe void SetOption(int fd, int level, int name, int value) =>
        Assert.Equal(0, SetSockOpt(fd, level, name, &value, sizeof(int)));

    /// <summary>How many segments with data in them a TCP connection has received (tcpi_data_segs_in).</summary>
    public static unsafe int DataSegmentsReceived(Socket socket)
    {
        byte* info = stackalloc byte[256];
        uint length = 256;
        Assert.Equal(0, GetSockOpt(socket.Number(), TcpLevel, TcpInfo, info, &length));
        Assert.True(length >= 156);
        return *(int*)(info + 152);
    }

    /// <summary>The open flags of a descriptor, as fdinfo shows them.</summary>
    public static int Flags(int fd)
    {
        string line = File.ReadLines($"/proc/self/fdinfo/{fd}").First(line => line.StartsWith("flags:"));
        return Convert.ToInt32(line["flags:".Length..].Trim(), 8);
    }

    /// <summary>A duplicate with the first free number from one on, as a socket that owns it.</summary>
    public static Socket Duplicate(Socket socket, int from)
    {
        int fd = Fcntl(socket.Number(), DuplicateCloseOnExec, from);
        Assert.True(fd >= 0);
        return new Socket(new SafeSocketHandle(fd, ownsHandle: true));
    }

    /// <summary>Dissolves a TCP connection from our side (connect(2) to AF_UNSPEC), and forgets its error.</summary>
    public static unsafe void Dissolve(int fd)
    {
        byte* address = stackalloc byte[16];
        new Span<byte>(address, 16).Clear();
        Assert.Equal(0, Connect(fd, address, 16));
        _ = GetOption(fd, SocketLevel, 4);
    }

    private static unsafe void WaitFor(int fd, short events)
    {
        var poll = new PollFd { Fd = fd, Events = events };
        Assert.Equal(1, Poll(&poll, 1, Patience));
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static unsafe partial int Ioctl(int fd, nuint request, int* value);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static unsafe partial int Poll(PollFd* fds, nuint count, int timeout);

    [LibraryImport("libc", EntryPoint = "getsockopt")]
    private static unsafe partial int GetSockOpt(int fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    private static unsafe partial int SetSockOpt(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Fcntl(int fd, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "connect")]
    private static unsafe partial int Connect(int fd, void* address, uint length);

    private struct PollFd
    {
        public int Fd;
        public short Events;
        public short Revents;
    }
}
