using System.Security.Cryptography;

namespace Asyncore.Cli.Demo;

/// <summary>Bytes to send, and the check that they are what has come.</summary>
internal static class DemoBytes
{
    /// <summary>The same bytes every time, and no two places alike.</summary>
    public static byte[] Make(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The beginning of the SHA-256 digest.</summary>
    public static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes))[..12];
}
