using System.Diagnostics;

namespace Asyncore.Cli.Demo;

/// <summary>Runs the steps one after the other, all on one thread, and writes the account of them.</summary>
internal sealed class DemoRun(EventLoop loop, TextWriter output)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    /// <returns>Whether every step has passed.</returns>
    public bool Run(IReadOnlyList<DemoStep> steps)
    {
        long start = Stopwatch.GetTimestamp();
        output.WriteLine($"One process, one thread, the {loop.Backend} backend, real sockets on loopback.");
        int passed = 0;
        foreach (DemoStep step in steps)
        {
            RunStep(step);
            passed += step.Failure is null ? 1 : 0;
            output.WriteLine(step.Failure is null
                ? $"  ok      {step.Name,-8} {step.Account}"
                : $"  FAILED  {step.Name,-8} {step.Failure}");
        }

        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        output.WriteLine($"{passed} of {steps.Count} passed in {elapsed.TotalMilliseconds:0} ms.");
        return passed == steps.Count;
    }

    private void RunStep(DemoStep step)
    {
        try
        {
            step.Start(loop);
            loop.CallLater(_patience, () => step.Fail($"nothing came of it within {_patience.TotalSeconds} seconds"));
            while (!step.IsDone && loop.RunOnce(Timeout.InfiniteTimeSpan))
            {
            }

            if (!step.IsDone)
            {
                step.Fail("everything has closed without a result");
            }
        }
        catch (Exception error)
        {
            step.Fail(error.Message.ReplaceLineEndings(" "));
        }

        loop.CloseAll(ignoreAll: true);
    }
}
