namespace Asyncore;

// Asking for events again and again, for a while after the last, instead of sleeping. Nobody has to wake a loop that
// does not sleep: a post is seen by the flag that it sets.
public sealed partial class EventLoop
{
    private long _lastNews = TimeProvider.System.GetTimestamp();

    // Asked at least once, like the wait that it replaces, so that posts without end keep no channel from being served.
    /// <returns>What the wait brought; null where the loop has to sleep for it.</returns>
    private int? Spin(TimeSpan? timeout, long start)
    {
        TimeSpan budget = _options.SpinBudget;
        if (budget == TimeSpan.Zero || timeout == TimeSpan.Zero)
        {
            return null;
        }

        long lostCheck = start;
        for (long now = start; TimeProvider.System.GetElapsedTime(_lastNews, now) < budget;)
        {
            int count = Math.Max(Io.Wait(_events, 0), 0); // a signal is nobody's event
            FinishBatch();
            if (count > 0 || WasWoken || IsStopRequested || _running.Count > 0 || HasPending || _unflushed.Count > 0)
            {
                NoteNews(count);
                return count;
            }

            now = TimeProvider.System.GetTimestamp();
            if (Timers.UntilNext() <= TimeSpan.Zero || TimeProvider.System.GetElapsedTime(start, now) >= timeout)
            {
                return 0;
            }

            if (_foreign.Count > 0 && TimeProvider.System.GetElapsedTime(lostCheck, now) >= _lostCheckPeriod)
            {
                lostCheck = now;
                if (CheckLost(all: true))
                {
                    return 0;
                }
            }
        }

        return null;
    }

    private void NoteNews(int count)
    {
        if (_options.SpinBudget > TimeSpan.Zero && (count > 0 || WasWoken))
        {
            _lastNews = TimeProvider.System.GetTimestamp();
        }
    }
}
