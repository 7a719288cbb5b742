using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>A program that is not ours, in a process of its own, which is killed at the end whatever happens.</summary>
internal sealed class Peer : IDisposable
{
    // Only ever met by a test that fails.
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private static readonly ConcurrentDictionary<Peer, bool> _running = new();

    private readonly Process _process;
    private readonly Task _exit;
    private Task _input = Task.CompletedTask;

    static Peer() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (Peer peer in _running.Keys)
        {
            peer.Kill();
        }
    };

    private Peer(string program, IEnumerable<string> arguments)
    {
        _process = OwnPorts.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        _running[this] = true;
        Output = new PeerOutput(_process.StandardOutput.BaseStream);
        Errors = new PeerOutput(_process.StandardError.BaseStream);
        _exit = _process.WaitForExitAsync();
    }

    public PeerOutput Output { get; }

    public PeerOutput Errors { get; }

    /// <summary>Whether it has ended, and all that it wrote is here.</summary>
    public bool HasEnded => _exit.IsCompleted && Output.Whole.IsCompleted && Errors.Whole.IsCompleted;

    /// <summary>Starts a program. Its input is open until <see cref="Feed"/>.</summary>
    public static Peer Start(string program, params IEnumerable<string> arguments) => new(program, arguments);

    /// <summary>Waits for something that the program writes, without a loop of ours having to run.</summary>
    public static Match Await(Task<Match> found)
    {
        Assert.True(found.Wait(_patience), "the program did not write what was waited for");
        return found.Result;
    }

    /// <summary>Writes a line to the program's input, which stays open.</summary>
    public void Say(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Writes to the program's input and ends it, in the background.</summary>
    public void Feed(ReadOnlyMemory<byte> data = default)
    {
        Stream input = _process.StandardInput.BaseStream;
        _input = Task.Run(async () =>
        {
            await using (input)
            {
                await input.WriteAsync(data);
            }
        });
    }

    /// <summary>Waits for its end, which our loop may be needed for.</summary>
    /// <returns>What it wrote to its output.</returns>
    public byte[] WaitForExit(EventLoop? loop = null, int status = 0)
    {
        Task all = Task.WhenAll(_exit, Output.Whole, Errors.Whole);
        loop?.RunUntil(() => all.IsCompleted, "the end of the other program");
        Assert.True(all.Wait(_patience), "the other program did not end");
        Assert.True(_process.ExitCode == status, $"exit status {_process.ExitCode}: {Errors.Text}");
        return Output.Whole.Result;
    }

    /// <summary>The same, as text.</summary>
    public string WaitForText(EventLoop? loop = null) => Encoding.Latin1.GetString(WaitForExit(loop));

    /// <summary>Ends it at once (SIGKILL).</summary>
    public void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    public void Dispose()
    {
        Kill();
        _process.WaitForExit();
        _running.TryRemove(this, out _);
        _input.ContinueWith(static _ => { }).Wait(); // a program that ended early leaves a broken pipe
        _process.Dispose();
    }
}
