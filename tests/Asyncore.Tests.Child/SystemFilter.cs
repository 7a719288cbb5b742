using System.Runtime.InteropServices;

namespace Asyncore.Tests.Child;

/// <summary>A seccomp filter, as containers have them: from then on the kernel answers one system call with an error.</summary>
internal static unsafe partial class SystemFilter
{
    private const ushort Load = 0x20; // BPF_LD | BPF_W | BPF_ABS
    private const ushort JumpIfEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private const ushort Return = 0x06; // BPF_RET | BPF_K
    private const uint Refuse = 0x0005_0000; // SECCOMP_RET_ERRNO
    private const uint Allow = 0x7FFF_0000; // SECCOMP_RET_ALLOW
    private const int SetNoNewPrivileges = 38;
    private const nint ModeFilter = 1;
    private const nint AllThreads = 1;

    /// <summary>Installs it, on all threads there are and will be, and in programs that they become.</summary>
    public static void Deny(uint call, uint errno)
    {
        Instruction* program = stackalloc Instruction[]
        {
            new() { Code = Load },
            new() { Code = JumpIfEqual, Then = 0, Otherwise = 1, Value = call },
            new() { Code = Return, Value = Refuse | errno },
            new() { Code = Return, Value = Allow },
        };
        var filter = new Filter { Length = 4, Program = program };
        nint seccomp = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 317 : 277;
        if (Control(SetNoNewPrivileges, 1, 0, 0, 0) != 0 || SystemCall(seccomp, ModeFilter, AllThreads, &filter) != 0)
        {
            throw new InvalidOperationException($"no filter: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Becomes another program.</summary>
    public static void Become(string[] command)
    {
        byte** arguments = stackalloc byte*[command.Length + 1];
        for (int i = 0; i < command.Length; i++)
        {
            arguments[i] = (byte*)Marshal.StringToCoTaskMemUTF8(command[i]);
        }

        arguments[command.Length] = null;
        Execute(arguments[0], arguments);
        throw new InvalidOperationException($"cannot run {command[0]}: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Control(int option, nint a, nint b, nint c, nint d);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint operation, nint flags, void* argument);

    [LibraryImport("libc", EntryPoint = "execvp", SetLastError = true)]
    private static partial int Execute(byte* file, byte** arguments);

    private struct Instruction
    {
        public ushort Code;
        public byte Then;
        public byte Otherwise;
        public uint Value;
    }

    private struct Filter
    {
        public ushort Length;
        public Instruction* Program;
    }
}
