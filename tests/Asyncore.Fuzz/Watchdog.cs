using Asyncore.Tests.Fuzz;

namespace Asyncore.Fuzz;

/// <summary>Ends the program where an input takes too long, and says which.</summary>
internal sealed class Watchdog : IDisposable
{
    // An input takes some microseconds.
    private const int MostSeconds = 10;

    private readonly FuzzTarget _target;
    private readonly Timer _timer;
    private long _begun = -1;
    private int _seconds;

    public Watchdog(FuzzTarget target)
    {
        _target = target;
        _timer = new Timer(Look, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    public void Dispose() => _timer.Dispose();

    private void Look(object? state)
    {
        long begun = _target.Begun;
        _seconds = begun == _begun ? _seconds + 1 : 0;
        _begun = begun;
        if (_seconds >= MostSeconds)
        {
            Console.Error.WriteLine(_target.Describe($"it takes longer than {MostSeconds} seconds"));
            Environment.Exit(1);
        }
    }
}
