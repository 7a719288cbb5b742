namespace Asyncore;

/// <summary>
/// What a loop has until its first pass: sockets can be made and used, nothing can be waited for. The loop moves
/// its channels to the backend that is chosen then.
/// </summary>
internal sealed class UnchosenBackend : PosixBackend
{
    public override IoBackendKind Kind => IoBackendKind.Auto;

    public override int SetInterest(IoHandle handle, IoEvents wanted) => 0;

    public override int Wait(Span<IoEvent> events, int timeoutMilliseconds) =>
        throw new InvalidOperationException("The loop has not chosen its backend yet.");

    public override void Wake()
    {
        // Nobody waits yet; the first pass looks at what was posted before it waits.
    }

    public override void Dispose()
    {
    }
}
