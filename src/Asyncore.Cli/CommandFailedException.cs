namespace Asyncore.Cli;

/// <summary>A command cannot do what it was asked; the message is the one line that says why.</summary>
internal sealed class CommandFailedException(string message) : Exception(message);
