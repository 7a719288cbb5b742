using BenchmarkDotNet.Attributes;

namespace Asyncore.MicroBench;

/// <summary>Callbacks that the loop's own thread posts, and the passes that run them; per callback.</summary>
public class PostBenchmarks
{
    private const int Posts = 1000;

    private readonly EventLoop _loop = new();
    private readonly Action _callback;
    private int _ran;

    public PostBenchmarks() => _callback = () => _ran++;

    [GlobalCleanup]
    public void Close() => _loop.Dispose();

    /// <summary>The loop has no channels, so a pass makes no system call.</summary>
    [Benchmark(OperationsPerInvoke = Posts)]
    public int PostAndRun()
    {
        for (int i = 0; i < Posts; i++)
        {
            _loop.Post(_callback);
        }

        _loop.RunOnce(TimeSpan.Zero);
        return _ran;
    }
}
