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
            byte[] item = stream[start..end];
            byte[]? found = terminators.Where(each => item.AsSpan().EndsWith(each)).MaxBy(each => each.Length);
            if (found is not null)
            {
                items.Add(Encoding.Latin1.GetString(item[..^found.Length]));
                start = end;
            }
        }

        return (items, Encoding.Latin1.GetString(stream[start..]));
    }
}
