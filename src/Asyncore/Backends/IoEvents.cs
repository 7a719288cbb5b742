namespace Asyncore;

/// <summary>What a channel waits for, and what happened to it.</summary>
[Flags]
internal enum IoEvents : byte
{
    None = 0,

    /// <summary>Something to read, or the end of what there is to read.</summary>
    Read = 1,

    /// <summary>Room to write, or a connect that has ended.</summary>
    Write = 2,

    /// <summary>Urgent data.</summary>
    Priority = 4,

    /// <summary>An error is pending; reported whether asked for or not.</summary>
    Error = 8,

    /// <summary>Both directions have ended; reported whether asked for or not.</summary>
    HangUp = 16,

    /// <summary>As an interest: be in the poller at all, so that errors and hang-ups are heard.</summary>
    Present = 128,
}

/// <summary>
/// One channel's news. Slot and generation say whose, not the descriptor: its number may by now be somebody else's.
/// </summary>
internal readonly record struct IoEvent(int Slot, uint Generation, IoEvents Events);
