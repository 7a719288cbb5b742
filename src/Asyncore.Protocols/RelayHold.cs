namespace Asyncore.Protocols;

/// <summary>Reasons not to read a side of a relay.</summary>
[Flags]
internal enum RelayHold
{
    None = 0,

    /// <summary>The other side takes no more for the moment.</summary>
    Water = 1 << 0,

    /// <summary>There is no other side yet.</summary>
    Connect = 1 << 1,

    /// <summary>It has had all the bytes per second that it may.</summary>
    Rate = 1 << 2,

    /// <summary>What stands between the two sides holds enough.</summary>
    Stage = 1 << 3,
}
