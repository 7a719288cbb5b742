using System.Text;

namespace Asyncore.Tests.Chat;

/// <summary>What splitting means, said as simply as possible: at each byte, does the longest terminator end here?</summary>
internal static class ReferenceSplitter
{
    public static (List<string> Items, string Left) Split(byte[] stream, byte[][] terminators)
    {
        List<string> items = [];
        int start = 0;
        for (int end = 1; end <= stream.Length; end++)
        {
            ReadOnlySpan<byte> item = stream.AsSpan(start..end);
            int longest = 0;
            foreach (byte[] each in terminators)
            {
                longest = each.Length > longest && item.EndsWith(each) ? each.Length : longest;
            }

            if (longest > 0)
            {
                items.Add(Encoding.Latin1.GetString(item[..^longest]));
                start = end;
            }
        }

        return (items, Encoding.Latin1.GetString(stream.AsSpan(start)));
    }
}
