namespace Asyncore;

/// <summary>
/// Thrown by a handler, a timer or a posted callback to leave <see cref="EventLoop.Run"/> or
/// <see cref="EventLoop.RunOnce"/> at once. It reaches whoever called those; channels stay registered and open,
/// and the loop may be run again. Python's <c>asyncore.ExitNow</c>.
/// </summary>
public class ExitNowException : Exception
{
    /// <summary>Makes one without a message of its own.</summary>
    public ExitNowException()
        : base("A handler asked the event loop to exit.")
    {
    }

    /// <summary>Makes one that says why.</summary>
    /// <param name="message">What the caller of <see cref="EventLoop.Run"/> is told.</param>
    public ExitNowException(string message)
        : base(message)
    {
    }
}
