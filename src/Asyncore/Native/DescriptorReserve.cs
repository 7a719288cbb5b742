namespace Asyncore;

/// <summary>
/// A few descriptors that a process with listeners holds, to let go of when there are no others. The runtime needs some
/// to start a thread, which it does when it likes (for a signal, for its compiler), and ends the process where it cannot.
/// </summary>
internal static class DescriptorReserve
{
    private const int Size = 6;

    private static readonly Lock _gate = new();
    private static readonly int[] _held = [.. Enumerable.Repeat(-1, Size)];

    /// <summary>Fills the reserve.</summary>
    /// <returns>Whether it is full; where it is not, it is empty again.</returns>
    public static bool TryHold()
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        lock (_gate)
        {
            for (int i = 0; i < Size; i++)
            {
                _held[i] = _held[i] >= 0 ? _held[i] : Libc.EventFd(0, Libc.EFD_CLOEXEC);
                if (_held[i] < 0)
                {
                    ReleaseLocked();
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Lets the reserve go.</summary>
    public static void Release()
    {
        if (OperatingSystem.IsLinux())
        {
            lock (_gate)
            {
                ReleaseLocked();
            }
        }
    }

    private static void ReleaseLocked()
    {
        for (int i = 0; i < Size; i++)
        {
            if (_held[i] >= 0)
            {
                Libc.Close(_held[i]);
                _held[i] = -1;
            }
        }
    }
}
