using Microsoft.Extensions.Logging;

namespace Asyncore;

// One pass: timers, posted callbacks, interests, wait, dispatch, and what handlers left to be finished.
public sealed partial class EventLoop
{
    // A Socket disposed on another thread leaves the poller without a word; this is how long that can go unnoticed.
    private static readonly TimeSpan _lostCheckPeriod = TimeSpan.FromSeconds(1);

    // Sends wait for the end of the pass, but not for hundreds of other channels: by then the kernel's side of this
    // connection, which receiving has just brought in, would be out of the processor's cache again.
    private const int EventsPerFlush = 32;

    private readonly IoEvent[] _events;
    private readonly ClockAlarm? _clockAlarm;

    private bool HasWork => !_disposed
        && (_channels.Count > 0 || _lingering.Count > 0 || Timers.Count > 0 || _keptAlive > 0 || _resolving > 0
            || HasPosts || HasPending);

    /// <summary>Whether a pass would have something to do before it waits; what the poller knows is not asked.</summary>
    internal bool IsDue => Timers.UntilNext() <= TimeSpan.Zero
        || (HasWork && (HasPosts || HasPending || WantsHeld || _unflushed.Count > 0 || _changed.Count > 0
            || _alwaysReady.Exists(static channel => channel.WantsService)));

    /// <summary>How long until the next timer; zero or less where one is due, null where there is none.</summary>
    internal TimeSpan? UntilNextTimer => Timers.UntilNext();

    private void Pass(TimeSpan? timeout)
    {
        ChooseBackend(usePoll: false);
        try
        {
            BeginPosts();
            RunTimers();
            RunPosts();
            FlushOutput(); // what timers, posted callbacks and code outside the loop sent does not wait for the wait
            if (!HasWork)
            {
                return;
            }

            AskPolled();
            FlushInterests();
            CheckLost(all: false);
            int count = HasWork ? Wait(timeout) : 0;
            FinishBatch();
            Dispatch(count);
        }
        finally
        {
            FlushOutput();
        }
    }

    private void RunTimers()
    {
        long limit = Timers.NextSequence;
        long now = Timers.Now;
        while (Timers.TakeDue(now, limit) is { } timer)
        {
            if (timer.Repeats)
            {
                Timers.Repeat(timer, now); // before it runs, so that it can cancel or change itself
            }

            Guarded(timer.Callback!);
            if (_disposed)
            {
                return;
            }
        }
    }

    private void RunPosts()
    {
        for (int left = _options.MaxPostsPerPass; left > 0 && !_disposed && TakePost() is { } callback; left--)
        {
            Guarded(callback);
        }
    }

    private void Guarded(Action callback)
    {
        try
        {
            callback();
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            ReportUnhandled(error);
        }
    }

    private void ReportUnhandled(Exception error)
    {
        if (UnhandledError is not { } told)
        {
            Io.NoteUncaught(error, isExpected: false);
            LogError($"uncaught exception in a timer or posted callback: {error.GetType()}: {error.Message}", error);
            return;
        }

        try
        {
            told(error);
        }
        catch (Exception second) when (second is not ExitNowException)
        {
            Io.NoteUncaught(second, isExpected: false);
            LogError($"uncaught exception in an UnhandledError handler: {second.GetType()}: {second.Message}", second);
        }
    }

    internal void LogError(string message, Exception error)
    {
        if (_logger is null)
        {
            StandardError.WriteLine($"error: {message}");
        }
        else
        {
            _logger.LogError(error, "{Message}", message);
        }
    }

    private int Wait(TimeSpan? timeout)
    {
        // A producer that was asked in the flush before this may have sent on other channels.
        bool atOnce = HasPending || _unflushed.Count > 0 || WantsHeld || _alwaysReady.Exists(static channel => channel.WantsService);
        TimeProvider clock = Io.WaitClock;
        long start = clock.GetTimestamp();
        if (!atOnce && Spin(timeout, start) is { } found)
        {
            return found;
        }

        while (true)
        {
            TimeSpan? left = timeout is { } limit ? Positive(limit - clock.GetElapsedTime(start)) : null;
            bool sliced = _foreign.Count > 0 && (left is null || left > _lostCheckPeriod);
            bool looksOnly = atOnce || left == TimeSpan.Zero || !BeginSleep();
            int milliseconds = looksOnly ? 0 : Milliseconds(sliced ? _lostCheckPeriod : left, left);
            int count;
            try
            {
                count = Io.Wait(_events, milliseconds);
            }
            finally
            {
                EndSleep();
            }

            if (count == IoBackend.Interrupted)
            {
                continue; // a signal is nobody's event; the pass waits for the rest of its time
            }

            if (count > 0 || !sliced || milliseconds == 0 || CheckLost(all: true) || WasWoken || Timers.UntilNext() <= TimeSpan.Zero)
            {
                NoteNews(count);
                return count;
            }
        }
    }

    // The wait in whole milliseconds, rounded up: never early for a timer, late by one at most. A clock that is not
    // the system's wakes us by a timer of its own instead.
    private int Milliseconds(TimeSpan? wait, TimeSpan? limit)
    {
        TimeSpan? due = Timers.UntilNext();
        if (_clockAlarm is not null)
        {
            _clockAlarm.Set(Earlier(due, limit));
            due = due > TimeSpan.Zero ? null : due;
        }

        if (Earlier(wait, due) is not { } shortest)
        {
            return -1;
        }

        double milliseconds = Math.Ceiling(shortest.TotalMilliseconds);
        return milliseconds >= int.MaxValue ? int.MaxValue : (int)milliseconds;
    }

    private static TimeSpan? Earlier(TimeSpan? a, TimeSpan? b) => a is null || b < a ? b : a;

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private void Dispatch(int count)
    {
        ServePending();
        ServeAlwaysReady();
        ServeHeld();
        for (int i = 0; i < count && !_disposed; i++)
        {
            IoEvent news = _events[i];
            _slots.Find(news.Slot, news.Generation)?.Serve(news.Events);
            if (i % EventsPerFlush == EventsPerFlush - 1)
            {
                FlushOutput();
            }
        }
    }
}
