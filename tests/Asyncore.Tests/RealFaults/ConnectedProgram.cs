using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>A program of the system's at the end of a connection, which can be killed, stopped and let go on.</summary>
internal sealed class ConnectedProgram : ChildProcess
{
    private ConnectedProgram(ProcessStartInfo start)
        : base(start)
    {
    }

    /// <summary>One that sends the numbers from 1 on, a line each, and never ends.</summary>
    public static ConnectedProgram Count(IPEndPoint address) => Connect(address, "exec seq 1 999999999999 >&3");

    /// <summary>One that reads to the end, and prints the digest of that.</summary>
    public static ConnectedProgram Digest(IPEndPoint address) => Connect(address, "exec sha256sum <&3");

    /// <summary>One that reads so many bytes, prints their digest, and then stands still with the connection open.</summary>
    public static ConnectedProgram Digest(IPEndPoint address, int count) =>
        Connect(address, $"head -c {count} <&3 | sha256sum; kill -STOP $$");

    /// <summary>Fails where these bytes are not the beginning of what <see cref="Count"/> sends.</summary>
    public static void AssertCounted(ReadOnlySpan<byte> bytes)
    {
        Span<byte> line = stackalloc byte[16];
        for (int number = 1; !bytes.IsEmpty; number++)
        {
            Assert.True(Utf8Formatter.TryFormat(number, line, out int length));
            line[length++] = (byte)'\n';
            length = Math.Min(length, bytes.Length);
            if (!bytes.StartsWith(line[..length]))
            {
                Assert.Fail($"line {number} is not what was sent");
            }

            bytes = bytes[length..];
        }
    }

    /// <summary>Waits for the digest that it prints, and fails where it is not that of these bytes.</summary>
    public void AssertPrintsDigestOf(ReadOnlySpan<byte> bytes)
    {
        string digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Task<string?> line = Process.StandardOutput.ReadLineAsync();
        Assert.True(line.Wait(Patience), "no digest was printed");
        Assert.Equal($"{digest}  -", line.Result);
    }

    private static ConnectedProgram Connect(IPEndPoint address, string script) =>
        new(ByShell($"exec 3<>/dev/tcp/$1/$2 && {{ {script}; }}", $"{address.Address}", $"{address.Port}"));
}
