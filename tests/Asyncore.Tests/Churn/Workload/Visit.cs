using Asyncore.Tests.Simulated;

namespace Asyncore.Tests.Churn;

/// <summary>How a visitor goes, or what befalls it.</summary>
internal enum VisitKind
{
    /// <summary>Hears everything that it is to hear, and closes.</summary>
    Orderly,

    /// <summary>Ends its side when it has said everything, and hears the rest to the end.</summary>
    HalfClose,

    /// <summary>As <see cref="Orderly"/>, with so much that the kernel is let move it.</summary>
    Stream,

    /// <summary>Resets its connection, in the middle or before the first word.</summary>
    Reset,

    /// <summary>Closes its connection there.</summary>
    Leave,

    /// <summary>Says nothing until it is sent away.</summary>
    Silent,

    /// <summary>The target resets.</summary>
    TargetReset,

    /// <summary>There is no target that can be reached.</summary>
    NoTarget,

    /// <summary>The forwarder itself delays, cuts up and cuts off.</summary>
    Cut,

    /// <summary>The listener comes and goes.</summary>
    Reload,
}

/// <summary>One connection of a visitor: which it is, what is to become of it, and that it ends once.</summary>
internal sealed class Visit(Crowd crowd, VisitKind kind, long number)
{
    private bool _isOver;

    public VisitKind Kind => kind;

    /// <summary>Counts the visits of a crowd from 1.</summary>
    public long Number => number;

    /// <summary>Whether it may end anyhow and anywhere, as long as what has come is right.</summary>
    public bool MayBreak => kind is VisitKind.TargetReset or VisitKind.NoTarget or VisitKind.Cut or VisitKind.Reload;

    /// <summary>Whether the visitor is the one to break it off.</summary>
    public bool Breaks => kind is VisitKind.Reset or VisitKind.Leave;

    /// <summary>Whether nothing goes wrong in such a visit.</summary>
    public static bool IsQuiet(VisitKind kind) => kind is VisitKind.Orderly or VisitKind.HalfClose or VisitKind.Stream;

    /// <summary>The visitor breaks it off.</summary>
    public void Leave(Dispatcher channel)
    {
        if (kind == VisitKind.Reset)
        {
            channel.Abort();
        }

        End(channel);
    }

    /// <param name="channel">The visitor, which closes.</param>
    /// <param name="isRight">Whether this end is one that it may have.</param>
    /// <param name="how">What is wrong with it otherwise.</param>
    public void End(Dispatcher channel, bool isRight, string how)
    {
        if (!isRight)
        {
            throw Broken(how);
        }

        End(channel);
    }

    public void End(Dispatcher channel)
    {
        channel.Close();
        if (_isOver)
        {
            throw Broken("it was over twice");
        }

        _isOver = true;
        crowd.Over(this);
    }

    /// <summary>What to throw where something is not as it has to be; it ends the loop.</summary>
    public InvariantException Broken(string what) => new($"{crowd.Name}, visit {number} ({kind}): {what}");
}
