using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Asyncore.Forwarding;

/// <summary>What a server that was killed leaves behind where it listened on a path: bind(2) would find it in use.</summary>
internal static partial class StaleSocket
{
    // statx(2): the same layout on every processor.
    private const int StatusSize = 256;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000;
    private const int TypeSocket = 0xC000;
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const uint Type = 1; // STATX_TYPE

    /// <summary>Removes a socket's file that nobody listens on. Anything else stays.</summary>
    public static void Remove(UnixDomainSocketEndPoint path)
    {
        string file = path.ToString();
        if (!OperatingSystem.IsLinux() || file.Length == 0 || file[0] == '@' || !File.Exists(file))
        {
            return;
        }

        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            client.Blocking = false; // a listener whose queue is full lives
            client.Connect(path);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(file))
        {
            TryDelete(file);
        }
        catch (SocketException)
        {
            // Somebody lives there, or it is no socket: bind says so.
        }
    }

    private static void TryDelete(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // bind says that it is there
        }
    }

    // Not everything that refuses a connection is a socket: a file does too (unix(7)).
    private static unsafe bool IsSocket(string file)
    {
        byte* status = stackalloc byte[StatusSize];
        return Statx(CurrentDirectory, file, NoFollow, Type, status) == 0
            && (*(ushort*)(status + ModeOffset) & TypeMask) == TypeSocket;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* status);
}
