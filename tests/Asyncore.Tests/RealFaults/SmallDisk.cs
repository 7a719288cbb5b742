using System.Runtime.InteropServices;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>A file system of one mebibyte, to be filled. It takes the right to mount one; without, the test is skipped.</summary>
internal sealed partial class SmallDisk : IDisposable
{
    private const int Detach = 2; // MNT_DETACH

    private string Filler => Path.Combine(Folder, "filler");

    public SmallDisk()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "mounts what Linux has");
        Folder = Directory.CreateTempSubdirectory("asyncore-disk-").FullName;
        if (Mount("tmpfs", Folder, "tmpfs", 0, "size=1m") != 0)
        {
            string why = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
            Directory.Delete(Folder);
            Assert.Skip($"a file system cannot be mounted here: {why}");
        }
    }

    /// <summary>Where it is.</summary>
    public string Folder { get; }

    /// <summary>Takes up all the room that is left, but for so many bytes.</summary>
    public void Fill(int left)
    {
        using FileStream file = new(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        byte[] page = new byte[4096];
        try
        {
            while (true)
            {
                file.Write(page);
            }
        }
        catch (IOException)
        {
            file.SetLength(file.Length - left);
        }
    }

    /// <summary>Makes room again.</summary>
    public void Clear() => File.Delete(Filler);

    public void Dispose()
    {
        Assert.Equal(0, Unmount(Folder, Detach));
        Directory.Delete(Folder);
    }

    [LibraryImport("libc", EntryPoint = "mount", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Mount(string source, string target, string type, nuint flags, string options);

    [LibraryImport("libc", EntryPoint = "umount2", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Unmount(string target, int flags);
}
