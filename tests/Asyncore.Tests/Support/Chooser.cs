using System.Net.Sockets;

namespace Asyncore.Tests.Support;

/// <summary>A <see cref="Recorder"/> that overrides both predicates, and so is asked in every pass.</summary>
public class Chooser : Recorder
{
    public Chooser(Socket? socket = null, EventLoop? loop = null)
        : base(socket, loop)
    {
    }

    public Chooser(AcceptedChannel accepted, EventLoop? loop = null)
        : base(accepted, loop)
    {
    }

    public Func<bool> Reads { get; set; } = () => true;

    public Func<bool> Writes { get; set; } = () => false;

    public Action? OnWrite { get; set; }

    /// <summary>How often <see cref="Readable"/> was asked.</summary>
    public int ReadAsked { get; private set; }

    /// <summary>How often <see cref="Writable"/> was asked.</summary>
    public int WriteAsked { get; private set; }

    protected override bool Readable()
    {
        ReadAsked++;
        return Reads();
    }

    protected override bool Writable()
    {
        WriteAsked++;
        return Writes();
    }

    protected override void HandleWrite()
    {
        Events.Add("write");
        OnWrite?.Invoke();
    }
}

/// <summary>A <see cref="Chooser"/> that is told of urgent data, too.</summary>
public sealed class UrgentChooser(Socket? socket = null, EventLoop? loop = null) : Chooser(socket, loop)
{
    protected override void HandleExpt()
    {
        Events.Add("expt");
        OnExpt?.Invoke();
    }
}
