using System.Net.Sockets;

namespace Asyncore;

/// <summary>
/// Finds out, once per process, whether io_uring does here what the backend needs: by doing it. Containers deny it, old
/// kernels have parts of it, and a version number tells neither.
/// </summary>
internal static unsafe class IoUringProbe
{
    private static readonly Lazy<string?> _refusal = new(Try);

    /// <summary>What is missing, in one line; null where nothing is.</summary>
    public static string? Refusal => _refusal.Value;

    private static string? Try()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "it needs Linux";
        }

        string step = "io_uring_setup";
        try
        {
            using var queues = new UringQueues(8, 16);
            if ((queues.Features & UringQueues.NeededFeatures) != UringQueues.NeededFeatures)
            {
                return "the kernel is older than 6.1";
            }

            step = "registering a ring of buffers";
            using var ring = new ReceiveRing(queues, group: 1, count: 2, size: 64);
            step = "a multishot receive";
            return TryReceive(queues) ? null : "the kernel has no multishot receive, which came with 6.0";
        }
        catch (SocketException error)
        {
            string why = error.SocketErrorCode switch
            {
                SocketError.AccessDenied => "denied, by kernel.io_uring_disabled or a seccomp profile as containers have it",
                SocketError.InvalidArgument => "the kernel is older than 6.1",
                SocketError.NoBufferSpaceAvailable => "no memory, or the limit of locked memory (ulimit -l) is too low",
                _ => error.Message,
            };
            return $"{step}: {why}";
        }
        catch (EntryPointNotFoundException)
        {
            return "the C library has no syscall function";
        }
    }

    // One byte through a pair of sockets, and the request still there afterwards.
    private static bool TryReceive(UringQueues queues)
    {
        int* pair = stackalloc int[2];
        if (Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair) < 0)
        {
            throw Errno.ToException(Errno.LastResult());
        }

        try
        {
            IoUring.Sqe* entry = queues.Next();
            entry->Opcode = IoUring.OP_RECV;
            entry->Flags = IoUring.SQE_BUFFER_SELECT;
            entry->IoPriority = IoUring.RECV_MULTISHOT;
            entry->BufferGroup = 1;
            entry->Fd = pair[0];
            byte one = 1;
            Libc.Write(pair[1], &one, 1);
            int errno = queues.Enter(1, IoUring.ENTER_GETEVENTS, 1000);
            if (queues.Pending > 0)
            {
                throw Errno.ToException(Errno.ToSocketError(errno)); // the request has not even been taken
            }

            return queues.TryTake(out IoUring.Cqe completion)
                && completion.Result == 1 && (completion.Flags & IoUring.CQE_F_MORE) != 0;
        }
        finally
        {
            Libc.Close(pair[0]);
            Libc.Close(pair[1]);
        }
    }
}
