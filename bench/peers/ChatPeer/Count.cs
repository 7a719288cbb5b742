using System.Globalization;

namespace ChatPeer;

/// <summary>
/// Messages, and the bytes that were allocated for them on the loop's thread: since the last connection came, as a
/// connection is objects too.
/// </summary>
internal sealed class Count
{
    private long _messages;
    private long _allocatedBefore;

    public void Connected()
    {
        _messages = 0;
        _allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
    }

    public void Message() => _messages++;

    /// <summary>One line on standard error, which the benchmark puts into its table.</summary>
    public void Report()
    {
        if (_messages > 0)
        {
            double each = (GC.GetAllocatedBytesForCurrentThread() - _allocatedBefore) / (double)_messages;
            Console.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"allocated {each:F3} bytes per message in {_messages} messages"));
        }
    }
}
