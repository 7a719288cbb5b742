using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// io_uring(7) by its three system calls: the numbers and structures of <c>linux/io_uring.h</c>, as far as they are used.
/// </summary>
internal static unsafe partial class IoUring
{
    // io_uring_setup(2), its flags and what the kernel says it has
    public const uint SETUP_CQSIZE = 1 << 3;
    public const uint SETUP_CLAMP = 1 << 4;
    public const uint SETUP_SUBMIT_ALL = 1 << 7;
    public const uint SETUP_COOP_TASKRUN = 1 << 8;
    public const uint SETUP_TASKRUN_FLAG = 1 << 9;
    public const uint SETUP_SINGLE_ISSUER = 1 << 12;
    public const uint SETUP_DEFER_TASKRUN = 1 << 13;
    public const uint FEAT_SINGLE_MMAP = 1 << 0;
    public const uint FEAT_NODROP = 1 << 1;
    public const uint FEAT_EXT_ARG = 1 << 8;
    public const uint FEAT_CQE_SKIP = 1 << 11;

    public const long OFF_SQ_RING = 0;
    public const long OFF_SQES = 0x10000000;

    // io_uring_enter(2)
    public const uint ENTER_GETEVENTS = 1;
    public const uint ENTER_EXT_ARG = 8;
    public const uint SQ_CQ_OVERFLOW = 2;
    public const uint SQ_TASKRUN = 4;

    // io_uring_register(2)
    public const uint REGISTER_PBUF_RING = 22;

    // Operations, and what modifies them
    public const byte OP_NOP = 0;
    public const byte OP_POLL_ADD = 6;
    public const byte OP_ACCEPT = 13;
    public const byte OP_ASYNC_CANCEL = 14;
    public const byte OP_SEND = 26;
    public const byte OP_RECV = 27;
    public const byte SQE_BUFFER_SELECT = 1 << 5;
    public const byte SQE_CQE_SKIP_SUCCESS = 1 << 6;
    public const ushort RECV_POLL_FIRST = 1;
    public const ushort RECV_MULTISHOT = 2;
    public const ushort ACCEPT_MULTISHOT = 1;

    // What a completion says
    public const uint CQE_F_BUFFER = 1;
    public const uint CQE_F_MORE = 2;
    public const uint CQE_F_SOCK_NONEMPTY = 4;
    public const int CQE_BUFFER_SHIFT = 16;

    // The same numbers on every architecture that .NET runs on.
    private const nint SysSetup = 425;
    private const nint SysEnter = 426;
    private const nint SysRegister = 427;

    /// <summary>An entry of the submission queue: one request.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    public struct Sqe
    {
        [FieldOffset(0)] public byte Opcode;
        [FieldOffset(1)] public byte Flags;
        [FieldOffset(2)] public ushort IoPriority;
        [FieldOffset(4)] public int Fd;
        [FieldOffset(8)] public ulong Offset;
        [FieldOffset(16)] public ulong Address;
        [FieldOffset(24)] public uint Length;
        [FieldOffset(28)] public uint OpFlags;
        [FieldOffset(32)] public ulong UserData;
        [FieldOffset(40)] public ushort BufferGroup;
    }

    /// <summary>An entry of the completion queue: what became of a request.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Cqe
    {
        public ulong UserData;
        public int Result;
        public uint Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct SqOffsets
    {
        public uint Head;
        public uint Tail;
        public uint RingMask;
        public uint RingEntries;
        public uint Flags;
        public uint Dropped;
        public uint Array;
        public uint Reserved;
        public ulong UserAddress;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct CqOffsets
    {
        public uint Head;
        public uint Tail;
        public uint RingMask;
        public uint RingEntries;
        public uint Overflow;
        public uint Cqes;
        public uint Flags;
        public uint Reserved;
        public ulong UserAddress;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Params
    {
        public uint SqEntries;
        public uint CqEntries;
        public uint Flags;
        public uint SqThreadCpu;
        public uint SqThreadIdle;
        public uint Features;
        public uint WorkQueueFd;
        public uint Reserved0;
        public uint Reserved1;
        public uint Reserved2;
        public SqOffsets Sq;
        public CqOffsets Cq;
    }

    /// <summary>What <see cref="ENTER_EXT_ARG"/> hands over: here, how long to wait.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct GetEventsArg
    {
        public ulong SignalMask;
        public uint SignalMaskSize;
        public uint MinWaitMicroseconds;
        public ulong TimeSpec;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    /// <summary>Registers a ring of buffers that the kernel picks from.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct BufferRegistration
    {
        public ulong RingAddress;
        public uint RingEntries;
        public ushort Group;
        public ushort Flags;
        public ulong Reserved0;
        public ulong Reserved1;
        public ulong Reserved2;
    }

    /// <summary>One buffer of such a ring. The ring's tail lies in <see cref="Tail"/> of the first.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public ulong Address;
        public uint Length;
        public ushort Id;
        public ushort Tail;
    }

    public static int Setup(uint entries, Params* parameters) =>
        (int)SystemCall(SysSetup, (nint)entries, (nint)parameters, 0, 0, 0, 0);

    public static int Enter(int fd, uint submit, uint waitFor, uint flags, void* argument, nuint size) =>
        (int)SystemCall(SysEnter, fd, (nint)submit, (nint)waitFor, (nint)flags, (nint)argument, (nint)size);

    public static int Register(int fd, uint operation, void* argument, uint count) =>
        (int)SystemCall(SysRegister, fd, (nint)operation, (nint)argument, (nint)count, 0, 0);

    // glibc has no wrappers. All arguments are register-sized, which makes the variadic call an ordinary one on Linux.
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint SystemCall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);
}
