namespace Asyncore.Cli;

/// <summary>A command cannot do what it was asked; the message is the one line that says why.</summary>
internal sealed class CommandFailedException(string message) : Exception(message)
{
    /// <summary>The exit status: 1 where it has failed, 2 where what it was given is wrong.</summary>
    public int ExitCode { get; init; } = 1;
}
