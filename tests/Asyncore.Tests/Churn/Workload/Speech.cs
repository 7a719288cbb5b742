namespace Asyncore.Tests.Churn;

/// <summary>What is said: bytes that tell where they belong, as no two places of them look the same.</summary>
internal static class Speech
{
    private static readonly byte[] _all = Bytes(4 * 1024 * 1024);

    /// <summary>So many bytes from somewhere.</summary>
    public static ReadOnlyMemory<byte> Take(Random random, int length) =>
        _all.AsMemory(random.Next(_all.Length - length), length);

    private static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
