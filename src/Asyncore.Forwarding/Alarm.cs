namespace Asyncore.Forwarding;

/// <summary>
/// One timer of a loop that is set again and again: nothing is allocated after the first time, and while it is set, to set
/// it once more changes nothing.
/// </summary>
/// <param name="loop">Whose thread it runs on.</param>
/// <param name="run">What it is for. It may set the alarm again.</param>
internal sealed class Alarm(EventLoop loop, Action run)
{
    private TimerHandle? _timer;
    private bool _isSet;

    public void Set(TimeSpan after)
    {
        if (_isSet)
        {
            return;
        }

        _isSet = true;
        if (_timer is null)
        {
            _timer = loop.CallLater(after, Ring);
        }
        else
        {
            _timer.Delay(after);
        }
    }

    /// <summary>Never rings again.</summary>
    public void Cancel() => _timer?.Cancel();

    private void Ring()
    {
        _isSet = false;
        run();
    }
}
