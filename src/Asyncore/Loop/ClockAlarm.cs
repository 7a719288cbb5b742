namespace Asyncore;

/// <summary>Wakes a loop whose clock is not the system's, by a timer of that clock.</summary>
internal sealed class ClockAlarm : IDisposable
{
    private readonly ITimer _timer;

    public ClockAlarm(TimeProvider clock, Action wake) =>
        _timer = clock.CreateTimer(static state => ((Action)state!)(), wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    public void Set(TimeSpan? due) => _timer.Change(
        due is { } time ? Min(time, TimeSpan.FromMilliseconds(uint.MaxValue - 1)) : Timeout.InfiniteTimeSpan,
        Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
