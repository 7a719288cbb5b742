namespace Asyncore.Testing;

/// <summary>What can go wrong on a simulated network.</summary>
public enum FaultKind
{
    /// <summary>Nothing: the time that a segment takes beyond the least.</summary>
    Jitter,

    /// <summary>A receive gives less than is there.</summary>
    PartialRead,

    /// <summary>A send takes less than there is room for.</summary>
    PartialWrite,

    /// <summary>A send takes nothing, as if buffers were full, and the loop is told of room later.</summary>
    FullBuffer,

    /// <summary>The loop is told of something that is not there.</summary>
    SpuriousReadiness,

    /// <summary>What is ready in one pass is told in another order.</summary>
    Reordering,

    /// <summary>A connection is reset, both ends of it.</summary>
    Reset,

    /// <summary>A peer vanishes: nothing that is sent to it arrives any more, and nothing comes from it.</summary>
    HalfOpen,

    /// <summary>A connect is refused though somebody listens.</summary>
    RefusedConnect,

    /// <summary>A connect is never answered.</summary>
    SilentConnect,

    /// <summary>There is no descriptor for a socket that is made or a connection that is accepted (EMFILE).</summary>
    NoDescriptor,

    /// <summary>A datagram is lost.</summary>
    LostDatagram,

    /// <summary>A datagram comes twice.</summary>
    DoubledDatagram,

    /// <summary>A datagram is overtaken by the next.</summary>
    OvertakenDatagram,
}
