using System.Text;

namespace Asyncore.Tests.Fuzz;

/// <summary>The sample Smtpd's channel, which tells what becomes of it, and a store in memory.</summary>
internal sealed class SmtpProbe : SmtpChannel
{
    private readonly List<string> _stored;

    public SmtpProbe(AcceptedChannel accepted, int sizeLimit)
        : this(accepted, sizeLimit, [])
    {
    }

    private SmtpProbe(AcceptedChannel accepted, int sizeLimit, List<string> stored)
        : base(accepted, message => Store(stored, message), sizeLimit) => _stored = stored;

    /// <summary>The messages that were stored, in their order.</summary>
    public IReadOnlyList<string> Stored => _stored;

    /// <summary>What a handler threw.</summary>
    public Exception? Error { get; private set; }

    public bool IsGone { get; private set; }

    public int Reads { get; private set; }

    public override void Close()
    {
        IsGone = true;
        base.Close();
    }

    protected override void HandleRead()
    {
        Reads++;
        base.HandleRead();
    }

    protected override void HandleError(Exception error)
    {
        Error = error;
        base.HandleError(error);
    }

    // Sessions by the million have nothing to say.
    protected override void LogInfo(string message, string type = "info")
    {
    }

    private static string Store(List<string> stored, ReadOnlySpan<byte> message)
    {
        stored.Add(Encoding.Latin1.GetString(message));
        return "in memory";
    }
}
