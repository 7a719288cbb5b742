using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>A program of this repository, run as a child process.</summary>
internal sealed class ChildProgram : ChildProcess
{
    private readonly Task<string> _errors;

    private ChildProgram(ProcessStartInfo start)
        : base(start) => _errors = Process.StandardError.ReadToEndAsync();

    /// <summary>Starts a program. What it writes is taken as Latin-1: one character is one byte.</summary>
    public static ChildProgram Start(string project, params IEnumerable<string> arguments) =>
        new(new ProcessStartInfo(DotNet(), [PathOf(project), .. arguments])
        {
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.Latin1,
        });

    /// <summary>Has a shell start a program, which is <c>"$@"</c> in the script.</summary>
    public static ChildProgram StartByShell(string script, string project, params IEnumerable<string> arguments) =>
        new(ByShell(script, [DotNet(), PathOf(project), .. arguments]));

    /// <summary>The next line of what it prints.</summary>
    public string ReadLine() =>
        Await(Process.StandardOutput.ReadLineAsync()) ?? throw new EndOfStreamException($"no more output; {Errors()}");

    /// <summary>Waits for the line that says where it listens.</summary>
    public IPEndPoint ReadAddress() => AddressIn(ReadLine());

    /// <summary>Waits for its end, and for its exit status.</summary>
    /// <returns>The status, and what it printed that has not been read yet.</returns>
    public (int Status, string Output, string Errors) WaitForExit()
    {
        string output = Await(Process.StandardOutput.ReadToEndAsync());
        Assert.True(Process.WaitForExit(Patience), "the program did not end");
        return (Process.ExitCode, output, Errors());
    }

    /// <summary>Ends a server by SIGTERM, which it must take well.</summary>
    /// <returns>What it logged.</returns>
    public string Stop()
    {
        Signal(Terminate);
        (int status, _, string errors) = WaitForExit();
        Assert.True(status == 0, $"exit status {status}; {errors}");
        return errors;
    }

    /// <summary>Whether this process ignores a signal, and so its children do: a background job of a shell.</summary>
    public static bool IsIgnored(int signal)
    {
        ulong mask = ulong.Parse(Status("self", "SigIgn"), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return (mask & (1UL << (signal - 1))) != 0;
    }

    private static T Await<T>(Task<T> task)
    {
        Assert.True(task.Wait(Patience), "the program did not print what was waited for");
        return task.Result;
    }

    private string Errors() => Await(_errors);
}
