namespace Asyncore.Cli;

/// <summary>
/// How many descriptors the tool may have. The runtime takes about a hundred for itself, and where it finds none it ends the
/// process with a stack trace, or has types that cannot be used.
/// </summary>
internal static unsafe class DescriptorLimit
{
    private const int Least = 128;

    /// <exception cref="CommandFailedException">There are too few to do anything.</exception>
    public static void Check()
    {
        Libc.ResourceLimit limit;
        if (OperatingSystem.IsLinux()
            && Libc.GetResourceLimit(Libc.RLIMIT_NOFILE, &limit) == 0
            && limit.Current < Least)
        {
            throw new CommandFailedException($"at least {Least} descriptors are needed, and there may be {limit.Current} (ulimit -n)");
        }
    }
}
