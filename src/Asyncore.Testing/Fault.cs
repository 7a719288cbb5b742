namespace Asyncore.Testing;

/// <summary>One thing that went wrong, or is to: what, whose, and the how-manieth time that it could have.</summary>
/// <param name="Kind">What.</param>
/// <param name="Socket">The number of the socket, in the order in which they were made; below zero that of the loop.</param>
/// <param name="Count">The how-manieth occasion there, from zero.</param>
public readonly record struct Fault(FaultKind Kind, long Socket, long Count)
{
    /// <summary>As <see cref="Parse"/> reads it: <c>PartialRead:3:12</c>.</summary>
    public override string ToString() => FormattableString.Invariant($"{Kind}:{Socket}:{Count}");

    /// <summary>Reads one.</summary>
    /// <param name="text">As <see cref="ToString"/> writes it.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static Fault Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(':');
        return parts.Length == 3
            && Enum.TryParse(parts[0], out FaultKind kind)
            && Enum.IsDefined(kind)
            && long.TryParse(parts[1], out long socket)
            && long.TryParse(parts[2], out long count)
                ? new Fault(kind, socket, count)
                : throw new FormatException($"'{text}' is not a fault such as PartialRead:3:12");
    }
}
