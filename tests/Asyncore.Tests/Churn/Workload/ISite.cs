namespace Asyncore.Tests.Churn;

/// <summary>A server and those who visit it. Disposed of when both loops have ended.</summary>
internal interface ISite : IDisposable
{
    /// <summary>Its visitors, of the clients' thread.</summary>
    Crowd Crowd { get; }

    /// <summary>Begins what disturbs it beside its visitors. This and what follows on the server's thread.</summary>
    void Stir();

    /// <summary>Ends that.</summary>
    void Calm();

    /// <summary>What has to be as it was before the first visitor when there is none.</summary>
    IEnumerable<Count> Counts { get; }

    /// <summary>What has happened to it that its visitors cannot tell.</summary>
    IEnumerable<Count> Happened { get; }
}
