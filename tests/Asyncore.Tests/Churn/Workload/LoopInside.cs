using System.Reflection;

namespace Asyncore.Tests.Churn;

/// <summary>How many there are of something.</summary>
internal readonly record struct Count(string What, long Number);

/// <summary>
/// What a loop holds, as a rule without a public count. When nobody is there any more, everything is as it was before the
/// first had come.
/// </summary>
internal static class LoopInside
{
    private const BindingFlags Hidden =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>Called on the loop's thread.</summary>
    public static IEnumerable<Count> Counts(EventLoop loop)
    {
        object timers = Get(loop, "Timers");
        object segments = Get(loop, "Segments");
        yield return new("channels", loop.Channels.Count);
        yield return new("closed channels that have more to send", Size(loop, "_lingering"));
        yield return new("timers", Number(timers, "_count") - Number(timers, "_dead"));
        yield return new("names that are being resolved", Number(loop, "_resolving"));
        yield return new("send queues in use", Number(segments, "QueuesOut"));
        yield return new("send segments in use", Number(segments, "SegmentsOut"));
        yield return new("bytes in the shared send buffer", Number(segments, "SharedEnd"));
        if (loop.Backend == IoBackendKind.IoUring)
        {
            object io = Get(loop, "Io");
            (int free, int count) = ((int, int))Get(io, "Buffers");
            yield return new("receive buffers in use", count - free);
            yield return new("channels in the ring", Number(io, "_used") - Size(io, "_spare"));
            yield return new("requests that are being called off", Number(io, "_ending"));
        }
    }

    /// <summary>Descriptors of the pipes that a loop keeps for the next stream: up to sixteen pipes, once there were so many.</summary>
    public static int PipeDescriptors(EventLoop loop) =>
        loop.Backend is IoBackendKind.Epoll or IoBackendKind.Poll ? 2 * Size(Get(loop, "Io"), "_pipes") : 0;

    /// <summary>How many a collection has that nobody else can see.</summary>
    public static int Size(object of, string name) => Number(Get(of, name), "Count");

    private static int Number(object of, string name) => (int)Get(of, name);

    /// <summary>What a property or field has that nobody else can see.</summary>
    public static object Get(object of, string name) =>
        Find(of, name) ?? throw new MissingMemberException(of.GetType().FullName, name);

    /// <summary>The same, or null where it has nothing.</summary>
    // By reflection: a friend of the library would have to override its handlers as "protected internal".
    public static object? Find(object of, string name)
    {
        for (Type? type = of.GetType(); type is not null; type = type.BaseType)
        {
            if ((type.GetProperty(name, Hidden)?.GetValue(of) ?? type.GetField(name, Hidden)?.GetValue(of)) is { } value)
            {
                return value;
            }
        }

        return null;
    }
}
