namespace Asyncore.Cli;

/// <summary>
/// Standard input, output and error, of which whoever started the tool may have closed some. Their numbers would then
/// be given to the next descriptors that are opened, and what is printed would go into a connection.
/// </summary>
/// <remarks>
/// When the first line of managed code runs, the runtime has opened descriptors itself and may have been given these
/// numbers. They cannot be taken from it; the console is turned away from them, and only what the runtime itself writes
/// when it ends a process still goes there.
/// </remarks>
internal static class StandardStreams
{
    private const int Output = 1;

    private static readonly bool[] _isMissing = new bool[3];

    /// <summary>Sees to it that what is printed goes nowhere else. Called before anything is opened.</summary>
    public static void Secure()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        for (int fd = 0; fd < _isMissing.Length; fd++)
        {
            _isMissing[fd] = !IsInherited(fd);
            if (Libc.Fcntl(fd, Libc.F_GETFD) < 0 && Libc.Open("/dev/null", Libc.O_RDWR) is var opened && opened > fd)
            {
                _ = Libc.Close(opened); // the number has been given to another thread meanwhile, so it is taken
            }
        }

        Detach();
    }

    /// <summary>Standard output as it was given to the tool.</summary>
    public static Stream OpenOutput() =>
        OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : Open(Output, "standard output");

    /// <summary>A descriptor that was given to the tool.</summary>
    /// <exception cref="CommandFailedException">There is none of this number.</exception>
    public static Stream Open(int descriptor, string name)
    {
        bool isThere = descriptor < _isMissing.Length ? !_isMissing[descriptor] : IsInherited(descriptor);
        return isThere ? new DescriptorStream(descriptor) : throw new CommandFailedException($"{name} is closed");
    }

    // What the runtime has opened is closed on exec, and what came through an exec is not.
    private static bool IsInherited(int fd) =>
        Libc.Fcntl(fd, Libc.F_GETFD) is >= 0 and var flags && (flags & Libc.FD_CLOEXEC) == 0;

    private static void Detach()
    {
        if (_isMissing[0])
        {
            Console.SetIn(TextReader.Null);
        }

        if (_isMissing[Output])
        {
            Console.SetOut(TextWriter.Null);
        }

        if (_isMissing[2])
        {
            Console.SetError(TextWriter.Null);
        }
    }
}
