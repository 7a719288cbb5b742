namespace Asyncore.Protocols;

/// <summary>Says how fast a side of a relay may be read.</summary>
internal interface IRelayMeter
{
    /// <summary>
    /// How many of so many bytes may be read now, which count as read; 0 is none, and the meter itself holds the side
    /// and lets it go.
    /// </summary>
    int Allow(int most);

    /// <summary>Bytes that were allowed and not there.</summary>
    void Return(int unused);
}
