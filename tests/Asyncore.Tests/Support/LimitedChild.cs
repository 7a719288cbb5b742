using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>
/// A program of the tests' own in a process that may have only so many descriptors, and that is spoken to by lines.
/// </summary>
internal sealed class LimitedChild : ChildProcess
{
    // What other tests have open may be inherited, and would take places that the child is meant to have.
    public const string CloseOthers =
        "for f in /proc/self/fd/*; do n=${f##*/}; ((n > 2 && n < 200)) && eval \"exec $n>&-\"; done";

    private readonly StreamReader _standardError;
    private readonly List<string> _errors = [];
    private readonly Thread _listening;

    private LimitedChild(ProcessStartInfo start)
        : base(start)
    {
        _standardError = Process.StandardError;
        _listening = new Thread(CollectErrors) { IsBackground = true };
        _listening.Start();
    }

    /// <summary>Starts a program that has been built beside the tests.</summary>
    public static LimitedChild Start(int descriptors, string project, params string[] arguments)
    {
        string script = $"{CloseOthers}; ulimit -n {descriptors} && exec \"$@\"";
        ProcessStartInfo start = ByShell(script, [DotNet(), PathOf(project), .. arguments]);
        start.RedirectStandardInput = true;
        return new LimitedChild(start);
    }

    public void Say(string line)
    {
        try
        {
            Process.StandardInput.WriteLine(line);
            Process.StandardInput.Flush();
        }
        catch (IOException)
        {
            (int status, string errors) = WaitForExit();
            Assert.Fail($"the program ended with {status} before it was told '{line}': {errors}");
        }
    }

    /// <summary>The rest of the next line of its output, which must start so.</summary>
    public string ReadLine(string start = "")
    {
        Task<string?> reading = Process.StandardOutput.ReadLineAsync();
        Assert.True(Task.WaitAny([reading], Patience) == 0, "the program prints nothing");
        string line = reading.GetAwaiter().GetResult() ?? throw new EndOfStreamException($"it has ended: {Errors()}");
        Assert.StartsWith(start, line, StringComparison.Ordinal);
        return line[start.Length..];
    }

    /// <summary>Says a line and reads a number.</summary>
    public int Ask(string line)
    {
        Say(line);
        return int.Parse(ReadLine(), CultureInfo.InvariantCulture);
    }

    /// <summary>Waits until so many lines on standard error say something.</summary>
    public void AwaitError(string what, int times = 1)
    {
        lock (_errors)
        {
            long start = Stopwatch.GetTimestamp();
            while (ErrorLines(what) < times)
            {
                TimeSpan left = Patience - Stopwatch.GetElapsedTime(start);
                bool more = left > TimeSpan.Zero && Monitor.Wait(_errors, left);
                Assert.True(more, $"nobody said '{what}': {Errors()}");
            }
        }
    }

    /// <summary>How many lines on standard error say something.</summary>
    public int ErrorLines(string what)
    {
        lock (_errors)
        {
            return _errors.Count(line => line.Contains(what, StringComparison.Ordinal));
        }
    }

    public (int Status, string Errors) WaitForExit()
    {
        Assert.True(Process.WaitForExit(Patience), "the program does not end");
        Assert.True(_listening.Join(Patience));
        return (Process.ExitCode, Errors());
    }

    private string Errors()
    {
        lock (_errors)
        {
            return string.Join('\n', _errors);
        }
    }

    private void CollectErrors()
    {
        while (ReadError() is { } line)
        {
            lock (_errors)
            {
                _errors.Add(line);
                Monitor.PulseAll(_errors);
            }
        }
    }

    // An exception on this thread would end the whole run, so a test that is over just ends it.
    private string? ReadError()
    {
        try
        {
            return _standardError.ReadLine();
        }
        catch (Exception error) when (error is ObjectDisposedException or IOException)
        {
            return null;
        }
    }
}
