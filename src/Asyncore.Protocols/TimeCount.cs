using System.Buffers.Binary;

namespace Asyncore.Protocols;

/// <summary>
/// The time of RFC 868: seconds since 1900-01-01 00:00 UTC, in 32 bits, most significant byte first. They wrap every
/// 136 years, first on 2036-02-07 at 06:28:16 UTC.
/// </summary>
internal static class TimeCount
{
    public const int Size = sizeof(uint);

    private const long UnixEpoch = 2_208_988_800; // 1970 in seconds since 1900, as RFC 868 has it

    /// <summary>What a server says at this moment.</summary>
    public static void Write(Span<byte> bytes, TimeProvider clock) =>
        BinaryPrimitives.WriteUInt32BigEndian(bytes, Now(clock));

    /// <summary>
    /// Local minus server, in seconds. The four bytes do not say which era they belong to: the one that puts the
    /// server nearest to the local clock is assumed, which is what a difference modulo 2^32, taken as signed, is.
    /// </summary>
    public static long Difference(ReadOnlySpan<byte> bytes, TimeProvider clock) =>
        (int)(Now(clock) - BinaryPrimitives.ReadUInt32BigEndian(bytes));

    private static uint Now(TimeProvider clock) => unchecked((uint)(clock.GetUtcNow().ToUnixTimeSeconds() + UnixEpoch));
}
