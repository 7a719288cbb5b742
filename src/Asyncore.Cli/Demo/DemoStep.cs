namespace Asyncore.Cli.Demo;

/// <summary>One program of the demonstration: how to start it, and what came of it.</summary>
internal abstract class DemoStep(string name)
{
    public string Name => name;

    /// <summary>What was done and checked, in a line; null while it goes on.</summary>
    public string? Account { get; private set; }

    /// <summary>What was wrong; null while nothing is.</summary>
    public string? Failure { get; private set; }

    public bool IsDone => Account is not null || Failure is not null;

    /// <summary>Starts servers on free loopback ports and the clients that speak to them.</summary>
    public abstract void Start(EventLoop loop);

    public void Pass(string account) => Account ??= account;

    public void Fail(string failure) => Failure ??= failure;
}
