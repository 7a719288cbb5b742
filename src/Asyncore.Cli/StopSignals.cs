using System.Runtime.InteropServices;

namespace Asyncore.Cli;

/// <summary>
/// SIGINT and SIGTERM. They are told on a thread of the runtime's own, perhaps before anything runs: what stops must be
/// made for both.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly Action _stop;
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public StopSignals(Action stop)
    {
        _stop = stop;
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true; // we end by ourselves, with a status of our own
        _stop();
    }
}
