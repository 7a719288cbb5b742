using System.Buffers;
using System.Text;

namespace Asyncore.Forwarding;

/// <summary>What a configuration file holds, and which line and column a byte of it is.</summary>
internal sealed class ConfigurationText
{
    private readonly string _path;
    private readonly byte[] _bytes;

    /// <exception cref="ForwardConfigurationException">It is not UTF-8.</exception>
    public ConfigurationText(string path, ReadOnlySpan<byte> content)
    {
        ReadOnlySpan<byte> mark = "\uFEFF"u8;
        _path = path;
        _bytes = (content.StartsWith(mark) ? content[mark.Length..] : content).ToArray();
        if (FirstInvalid(_bytes) is var invalid and >= 0)
        {
            throw Error(invalid, string.Empty, "this is not UTF-8");
        }
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    public int LineOf(int offset) => _bytes.AsSpan(0, offset).Count((byte)'\n') + 1;

    public ForwardConfigurationException Error(int offset, string key, string problem)
    {
        ReadOnlySpan<byte> before = _bytes.AsSpan(0, offset);
        ReadOnlySpan<byte> line = before[(before.LastIndexOf((byte)'\n') + 1)..];
        int column = 1;
        foreach (byte each in line)
        {
            column += IsContinuation(each) ? 0 : 1;
        }

        return new ForwardConfigurationException(_path, LineOf(offset), column, key, problem);
    }

    private static bool IsContinuation(byte each) => (each & 0xC0) == 0x80;

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; at < bytes.Length;)
        {
            if (Rune.DecodeFromUtf8(bytes[at..], out _, out int length) != OperationStatus.Done)
            {
                return at;
            }

            at += length;
        }

        return -1;
    }
}
