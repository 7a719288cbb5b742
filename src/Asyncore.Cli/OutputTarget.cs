using System.Globalization;

namespace Asyncore.Cli;

/// <summary>What the name of an output file stands for, links followed.</summary>
/// <param name="Path">The file, no link.</param>
/// <param name="Kind">What is there.</param>
/// <param name="Descriptor">Which of the tool's own descriptors it is, for <c>/dev/stdout</c> and the like.</param>
internal sealed record OutputTarget(string Path, OutputKind Kind, int Descriptor = -1)
{
    private const int MostLinks = 40; // as the kernel has it

    /// <exception cref="IOException">The links lead nowhere.</exception>
    public static OutputTarget Find(string name)
    {
        string path = System.IO.Path.GetFullPath(name);
        for (int links = 0; links <= MostLinks; links++)
        {
            // Asked before the link is followed: its target is no path where it is a pipe.
            if (DescriptorOf(path) is { } descriptor)
            {
                return new OutputTarget(path, OutputKind.Descriptor, descriptor);
            }

            if (new FileInfo(path).LinkTarget is not { } target)
            {
                return new OutputTarget(path, KindOf(path));
            }

            path = System.IO.Path.GetFullPath(target, System.IO.Path.GetDirectoryName(path)!);
        }

        throw new IOException($"{name}: too many links, one to the other");
    }

    private static int? DescriptorOf(string path)
    {
        string? number = path switch
        {
            _ when OperatingSystem.IsWindows() => null,
            "/dev/stdout" => "1",
            "/dev/stderr" => "2",
            _ when path.StartsWith("/dev/fd/", StringComparison.Ordinal) => path["/dev/fd/".Length..],
            _ when path.StartsWith("/proc/self/fd/", StringComparison.Ordinal) => path["/proc/self/fd/".Length..],
            _ => null,
        };
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int found) ? found : null;
    }

    private static OutputKind KindOf(string path)
    {
        if (Directory.Exists(path))
        {
            return OutputKind.Folder;
        }

        bool isDevice = OperatingSystem.IsLinux() ? IsSpecial(path)
            : !OperatingSystem.IsWindows() && path.StartsWith("/dev/", StringComparison.Ordinal); // as far as we can tell
        return isDevice ? OutputKind.Special : File.Exists(path) ? OutputKind.File : OutputKind.Nothing;
    }

    // A FIFO, a socket or a device. The library tells them from files nowhere.
    private static unsafe bool IsSpecial(string path)
    {
        const int CurrentFolder = -100; // AT_FDCWD
        const uint Type = 1; // STATX_TYPE
        const int TypeMask = 0xF000; // S_IFMT
        const int Regular = 0x8000; // S_IFREG
        Libc.StatXBuffer found;
        return Libc.StatX(CurrentFolder, path, 0, Type, &found) == 0 && (found.Mode & TypeMask) != Regular;
    }
}

/// <summary>What is where an output file is to be.</summary>
internal enum OutputKind
{
    Nothing,
    File,
    Folder,

    /// <summary>A FIFO, a socket or a device: written to, never replaced.</summary>
    Special,

    /// <summary>A descriptor of the tool's own.</summary>
    Descriptor,
}
