namespace Asyncore.Testing;

/// <summary>
/// Finds fewer faults that fail in the same way: leaves out ever smaller parts of them for as long as it still fails (Zeller
/// and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002).
/// </summary>
/// <param name="run">Runs with some faults; gives the failure, if there is one.</param>
/// <param name="failure">What to look for: an exception of the same type, for a reason of the same type.</param>
/// <param name="mostRuns">How often to run at most.</param>
internal sealed class Shrinker(Func<Fault[], Simulation.FailedRun?> run, Exception failure, int mostRuns)
{
    private int _runs;

    public Fault[] Shrink(Fault[] faults)
    {
        if (!Fails([.. faults]))
        {
            return faults; // it is something else that made it fail, such as time
        }

        if (Fails([]))
        {
            return [];
        }

        int parts = 2;
        while (faults.Length > 1 && _runs < mostRuns)
        {
            int size = (faults.Length + parts - 1) / parts;
            Fault[]? fewer = LeaveOut(faults, size);
            if (fewer is not null)
            {
                faults = fewer;
                parts = Math.Max(2, parts - 1);
            }
            else if (size == 1)
            {
                break;
            }
            else
            {
                parts = Math.Min(faults.Length, parts * 2);
            }
        }

        return faults;
    }

    private Fault[]? LeaveOut(Fault[] faults, int size)
    {
        for (int first = 0; first < faults.Length && _runs < mostRuns; first += size)
        {
            Fault[] rest = [.. faults[..first], .. faults[Math.Min(first + size, faults.Length)..]];
            if (Fails(rest))
            {
                return rest;
            }
        }

        return null;
    }

    private bool Fails(Fault[] faults)
    {
        _runs++;
        return run(faults) is { Error: var error }
            && error.GetType() == failure.GetType()
            && error.InnerException?.GetType() == failure.InnerException?.GetType();
    }
}
