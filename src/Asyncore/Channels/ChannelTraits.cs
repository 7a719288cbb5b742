using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Reflection;

namespace Asyncore;

/// <summary>
/// Which members a channel's type overrides, found out once per type. It decides who is asked in every pass, as
/// asyncore promises, and who costs a pass nothing because nobody could tell the difference.
/// </summary>
internal sealed class ChannelTraits
{
    private static readonly ConcurrentDictionary<Type, ChannelTraits> _known = new();

    private delegate int Receiving(Span<byte> buffer, SocketFlags flags);

    private delegate int Sending(ReadOnlySpan<byte> data);

    private int _told;

    private ChannelTraits(Dispatcher channel)
    {
        // Reading the target of a delegate is safe under trimming and ahead-of-time compilation, unlike GetMethod.
        OverridesReadable = IsOverridden(((Func<bool>)channel.Readable).Method);
        OverridesWritable = IsOverridden(((Func<bool>)channel.Writable).Method);
        OverridesHandleWrite = IsOverridden(((Action)channel.HandleWrite).Method);
        OverridesHandleExpt = IsOverridden(((Action)channel.HandleExpt).Method);
        OverridesRecv = IsOverridden(((Receiving)channel.Recv).Method);
        OverridesSend = IsOverridden(((Sending)channel.Send).Method);
        KeepsDefaultWritable = ((Func<bool>)channel.Writable).Method.DeclaringType == typeof(Dispatcher);
    }

    public bool OverridesReadable { get; }

    public bool OverridesWritable { get; }

    public bool OverridesHandleWrite { get; }

    public bool OverridesHandleExpt { get; }

    public bool OverridesRecv { get; }

    public bool OverridesSend { get; }

    /// <summary>Writable() is the base class's own, which says yes in every pass.</summary>
    public bool KeepsDefaultWritable { get; }

    public bool IsPolled => OverridesReadable || OverridesWritable;

    public static ChannelTraits Of(Dispatcher channel) =>
        _known.TryGetValue(channel.GetType(), out ChannelTraits? traits)
            ? traits
            : _known.GetOrAdd(channel.GetType(), static (_, each) => new ChannelTraits(each), channel);

    /// <summary>True for the first caller only: what is worth one log line per type.</summary>
    public bool TellOnce() => Interlocked.Exchange(ref _told, 1) == 0;

    private static bool IsOverridden(MethodInfo method) =>
        method.DeclaringType?.Assembly != typeof(Dispatcher).Assembly;
}
