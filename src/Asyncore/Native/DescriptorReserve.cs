namespace Asyncore;

/// <summary>
/// A few descriptors that a process with listeners holds, to let go of when there are no others. The runtime needs some
/// to start a thread, which it does when it likes (for a signal, for its compiler), and ends the process where it cannot.
/// </summary>
internal static class DescriptorReserve
{
    private const int Size = 6;
    private const int Spare = 4;

    private static readonly Lock _gate = new();
    private static readonly int[] _held = [.. Enumerable.Repeat(-1, Size)];

    /// <summary>Fills the reserve.</summary>
    /// <param name="andSpare">
    /// Whether there have to be some more beside it: who goes on with none to spare would be back at once.
    /// </param>
    /// <returns>Whether it is full; where it is not, it is empty again.</returns>
    public static bool TryHold(bool andSpare = false)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        lock (_gate)
        {
            Span<int> spare = stackalloc int[andSpare ? Spare : 0];
            bool isFull = TryOpen(_held);
            spare.Fill(-1);
            bool isEnough = isFull && TryOpen(spare);
            Close(spare);
            if (!isEnough)
            {
                Close(_held);
            }

            return isEnough;
        }
    }

    /// <summary>Lets the reserve go.</summary>
    public static void Release()
    {
        if (OperatingSystem.IsLinux())
        {
            lock (_gate)
            {
                Close(_held);
            }
        }
    }

    private static bool TryOpen(Span<int> descriptors)
    {
        foreach (ref int each in descriptors)
        {
            each = each >= 0 ? each : Libc.EventFd(0, Libc.EFD_CLOEXEC);
            if (each < 0)
            {
                return false;
            }
        }

        return true;
    }

    private static void Close(Span<int> descriptors)
    {
        foreach (ref int each in descriptors)
        {
            if (each >= 0)
            {
                Libc.Close(each);
                each = -1;
            }
        }
    }
}
