namespace Asyncore;

/// <summary>
/// A pipe through which the kernel moves bytes from one socket to another without copying them (splice(2)). Nobody else
/// has its ends, so <see cref="Length"/> is what is in it.
/// </summary>
internal sealed unsafe class SplicePipe : IDisposable
{
    // What a large read moves at once; 64 KiB, as pipes have it at first, is hardly better than copying.
    private const int Wanted = 1024 * 1024;

    private readonly int _reading;
    private readonly int _writing;

    private SplicePipe(int reading, int writing)
    {
        _reading = reading;
        _writing = writing;
    }

    /// <summary>Bytes that are in it.</summary>
    public int Length { get; private set; }

    /// <summary>Opens one; null where the system has none to give, or hardly any more.</summary>
    public static SplicePipe? TryOpen()
    {
        int* ends = stackalloc int[2];
        if (Libc.Pipe2(ends, Libc.O_CLOEXEC | Libc.O_NONBLOCK) < 0)
        {
            return null;
        }

        var pipe = new SplicePipe(ends[0], ends[1]);
        if (!DescriptorReserve.LeavesEnough(ends[1]))
        {
            pipe.Dispose();
            return null;
        }

        _ = Libc.Fcntl(ends[1], Libc.F_SETPIPE_SZ, Wanted); // one that stays small works too (pipe(7))
        return pipe;
    }

    /// <summary>Moves what a socket has received into the pipe.</summary>
    /// <returns>The bytes, 0 at the end of the stream, −1 and errno.</returns>
    public nint Take(int socket, int most)
    {
        nint moved = Libc.Splice(socket, null, _writing, null, (nuint)most, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
        Length += moved > 0 ? (int)moved : 0;
        return moved;
    }

    /// <summary>Moves what is in the pipe to a socket, as much as it takes.</summary>
    /// <returns>The bytes; −1 and errno.</returns>
    public nint Give(int socket)
    {
        nint moved = Libc.Splice(_reading, null, socket, null, (nuint)Length, Libc.SPLICE_F_MOVE | Libc.SPLICE_F_NONBLOCK);
        Length -= moved > 0 ? (int)moved : 0;
        return moved;
    }

    /// <summary>Reads what is in the pipe, as much as there is room for.</summary>
    public int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            nint read = Libc.Read(_reading, start, (nuint)Math.Min(buffer.Length, Length));
            Length -= read > 0 ? (int)read : Length; // nobody else writes, so there is no other way for it to be empty
            return (int)Math.Max(read, 0);
        }
    }

    public void Dispose()
    {
        _ = Libc.Close(_reading);
        _ = Libc.Close(_writing);
    }
}
