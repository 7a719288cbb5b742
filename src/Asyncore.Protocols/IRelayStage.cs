namespace Asyncore.Protocols;

/// <summary>
/// Stands between one side of a relay and the other: gets everything that the first would pass on, in order, and gives it
/// to the second by <see cref="RelayChannel.Deliver"/>, <see cref="RelayChannel.DeliverEnd"/> and
/// <see cref="RelayChannel.Finish"/> when it sees fit.
/// </summary>
internal interface IRelayStage
{
    /// <summary>Bytes, which are good until it returns.</summary>
    void Pass(ReadOnlySpan<byte> data);

    /// <summary>The end of the stream.</summary>
    void PassEnd();

    /// <summary>The side has closed.</summary>
    /// <param name="reset">Not in order.</param>
    void PassFinish(bool reset);

    /// <summary>Nothing will ever come out of it.</summary>
    bool IsStuck { get; }

    /// <summary>The other side has gone: what is held is of no use any more.</summary>
    void Drop();
}
