namespace Asyncore;

/// <summary>
/// Descriptors that a process with listeners leaves free. The runtime needs some to start a thread, which it does when it
/// likes (for a signal, for its compiler), and ends the process where it cannot; so the shortage has to be known of before
/// an open fails. For any thread.
/// </summary>
internal static unsafe class DescriptorReserve
{
    private const int Wanted = 10;
    private const int Least = 4; // for a signal's thread and the pool's that watches over its own
    private const int Spare = 4;
    private const int Near = 2048; // more than a backlog, all of which io_uring may accept at once
    private const int MostCounted = 64;

    private static readonly Lock _gate = new();
    private static int _size = Least;
    private static int _sample = -1;
    private static int _firstNear = int.MaxValue;
    private static int _uncounted; // so many opens more without a count

    /// <summary>There is going to be a listener.</summary>
    public static void Prepare()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        lock (_gate)
        {
            Libc.ResourceLimit limit;
            if (_firstNear != 0 && Libc.GetResourceLimit(Libc.RLIMIT_NOFILE, &limit) == 0)
            {
                _firstNear = (int)Math.Clamp((long)Math.Min(limit.Current, int.MaxValue) - Near, 0, int.MaxValue);
            }

            _size = Math.Max(_size, SizeFor(CountFree(2 * Wanted)));
        }
    }

    /// <summary>
    /// Nothing may be going to come free: the reserve is made smaller, down to what a signal takes, as nobody would be served ever.
    /// </summary>
    public static void Shrink()
    {
        if (OperatingSystem.IsLinux())
        {
            lock (_gate)
            {
                _size = Math.Min(_size, SizeFor(CountFree(2 * Wanted)));
            }
        }
    }

    /// <summary>
    /// Whether the end may be near, once somebody has listened. Numbers are given lowest first, so a high one says that there
    /// are not many more. When they have been that high, numbers say nothing any more: low ones that came free are given while the
    /// high ones are in use.
    /// </summary>
    public static bool IsNear(int fd) => fd >= Volatile.Read(ref _firstNear);

    /// <summary>Whether enough are left after one has been opened.</summary>
    public static bool LeavesEnough(int fd)
    {
        if (!IsNear(fd))
        {
            return true;
        }

        lock (_gate)
        {
            _firstNear = 0;
            if (--_uncounted > 0)
            {
                return true;
            }

            int free = CountFree(MostCounted);
            _size = Math.Max(_size, free >= 2 * Wanted ? Wanted : 0); // may have been smaller for a time
            _uncounted = (free - _size) / 2; // others open some too
            return free >= _size;
        }
    }

    /// <summary>Whether there are enough again.</summary>
    /// <param name="andSpare">
    /// Whether there have to be some more beside them: who goes on with none to spare would be back at once.
    /// </param>
    public static bool HasEnough(bool andSpare)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        lock (_gate)
        {
            _uncounted = 0;
            int wanted = _size + (andSpare ? Spare : 0);
            return CountFree(wanted) == wanted;
        }
    }

    // Who has hardly any at all serves with half of them.
    private static int SizeFor(int free) => Math.Clamp(free / 2, Least, Wanted);

    // One at a time: who took them all to count them would leave the runtime none just then.
    private static int CountFree(int most)
    {
        if (_sample < 0)
        {
            _sample = Libc.EventFd(0, Libc.EFD_CLOEXEC);
        }

        int count = 0;
        for (int from = 0; count < most; count++)
        {
            int fd = Libc.Fcntl(_sample, Libc.F_DUPFD_CLOEXEC, from); // the lowest from there on
            if (fd < 0)
            {
                break;
            }

            Libc.Close(fd);
            from = fd + 1;
        }

        return count;
    }
}
