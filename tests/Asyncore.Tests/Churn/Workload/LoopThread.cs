using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Asyncore.Tests.Simulated;
using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging;

namespace Asyncore.Tests.Churn;

/// <summary>
/// A loop on a thread of its own. Whatever goes wrong there, an error that is only logged too, ends it and comes out of
/// every call.
/// </summary>
internal sealed class LoopThread : IDisposable
{
    private static readonly TimeSpan _beat = TimeSpan.FromMilliseconds(5);

    private readonly TaskCompletionSource<EventLoop> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private Exception? _failure;

    /// <exception cref="PlatformNotSupportedException">The backend is not to be had here.</exception>
    public LoopThread(string name, IoBackendKind backend)
    {
        var options = new EventLoopOptions
        {
            Backend = backend,
            LoggerFactory = new LogTo(LogLevel.Error, (_, line) => Fail(new InvariantException($"{name}: {line}"))),
        };
        _thread = new Thread(() => Run(options)) { Name = name, IsBackground = true };
        _thread.Start();
        Loop = _started.Task.GetAwaiter().GetResult();
    }

    public EventLoop Loop { get; }

    /// <summary>Done when the loop has ended: before <see cref="Dispose"/>, because something went wrong.</summary>
    public Task Ended => _ended.Task;

    public void Call(Action action) => Call(() =>
    {
        action();
        return true;
    });

    /// <summary>Runs something on the loop's thread, and waits for what comes of it.</summary>
    public T Call<T>(Func<T> function)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() => answer.SetResult(function()));
        return Wait(answer.Task);
    }

    /// <summary>Waits until something has come about, which is asked on the loop's thread again and again.</summary>
    /// <returns>Whether it has; false where patience ended before.</returns>
    public bool Await(Func<bool> condition, TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(Ask);
        return Wait(answer.Task);

        // By a timer that has run, and so is none any more: who counts timers does not find it.
        void Ask()
        {
            bool holds = condition();
            if (holds || Stopwatch.GetElapsedTime(start) > patience)
            {
                answer.SetResult(holds);
            }
            else
            {
                Loop.CallLater(_beat, Ask);
            }
        }
    }

    /// <summary>Throws what has gone wrong.</summary>
    public void Check()
    {
        if (Volatile.Read(ref _failure) is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    public void Dispose()
    {
        Loop.Stop();
        _thread.Join();
    }

    private void Run(EventLoopOptions options)
    {
        try
        {
            using var loop = new EventLoop(options);
            using IDisposable reason = loop.KeepAlive();
            loop.UnhandledError += Fail;
            _ = loop.Backend; // the choice is made here, for others to read
            _started.SetResult(loop);
            loop.Run();
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _failure, error, null);
            _started.TrySetException(error);
        }
        finally
        {
            _ended.SetResult();
        }
    }

    private void Fail(Exception error)
    {
        Interlocked.CompareExchange(ref _failure, error, null);
        if (_started.Task.IsCompletedSuccessfully)
        {
            _started.Task.Result.Stop();
        }
    }

    private void Post(Action callback)
    {
        try
        {
            Loop.Post(callback);
        }
        catch (ObjectDisposedException)
        {
            Check(); // says why it has ended
            throw;
        }
    }

    private T Wait<T>(Task<T> answer)
    {
        Task.WaitAny(answer, _ended.Task);
        Check();
        return answer.IsCompleted ? answer.Result : throw new ObjectDisposedException(nameof(LoopThread));
    }
}
