using BenchmarkDotNet.Attributes;

namespace Asyncore.MicroBench;

/// <summary>The heap of timers by itself, with so many of them in it all the time.</summary>
public class TimerBenchmarks
{
    private static readonly Action _nothing = static () => { };

    // Known beforehand, so that no random numbers are measured.
    private readonly TimeSpan[] _delays = new TimeSpan[4096];
    private readonly ManualClock _clock = new();
    private TimerHeap _heap = null!;
    private EventLoop _loop = null!;
    private int _next;

    [Params(10, 1_000, 100_000)]
    public int Timers { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        var random = new Random(1);
        for (int i = 0; i < _delays.Length; i++)
        {
            _delays[i] = TimeSpan.FromMilliseconds(random.Next(1, 1_000_000));
        }

        _loop = new EventLoop();
        _heap = new TimerHeap(_clock);
        for (int i = 0; i < Timers; i++)
        {
            _heap.Schedule(NewTimer(), NextDelay());
        }
    }

    [GlobalCleanup]
    public void Close() => _loop.Dispose();

    /// <summary>A new timer, cancelled before it is due: what most of them come to. Rebuilding has its share in it.</summary>
    [Benchmark]
    public void ScheduleAndCancel()
    {
        TimerHandle timer = NewTimer();
        _heap.Schedule(timer, NextDelay());
        _heap.Remove(timer);
    }

    /// <summary>The timer that is due next, taken out, run no further, and set again.</summary>
    [Benchmark]
    public void TakeDueAndScheduleAgain()
    {
        _clock.Advance(_heap.UntilNext()!.Value);
        TimerHandle timer = _heap.TakeDue(_heap.Now, _heap.NextSequence)!;
        _heap.Schedule(timer, NextDelay());
    }

    private TimerHandle NewTimer() => new(_loop, TimeSpan.Zero, _nothing, repeats: false, isInternal: false);

    private TimeSpan NextDelay() => _delays[_next++ & (_delays.Length - 1)];

    private sealed class ManualClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
