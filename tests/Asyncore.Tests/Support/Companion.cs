using System.Runtime.ExceptionServices;
using Xunit;

namespace Asyncore.Tests.Support;

/// <summary>A thread whose exceptions come out where it is joined.</summary>
internal sealed class Companion
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly Thread _thread;
    private Exception? _error;

    private Companion(Action work)
    {
        _thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception error)
            {
                _error = error;
            }
        })
        {
            IsBackground = true,
        };
        _thread.Start();
    }

    public static Companion Start(Action work) => new(work);

    /// <summary>Runs a loop until the thread has ended: it may wait for what that loop still has to do.</summary>
    public void Join(EventLoop loop)
    {
        loop.RunUntil(() => !_thread.IsAlive, "the end of the thread");
        Join();
    }

    public void Join()
    {
        Assert.True(_thread.Join(_patience), "the thread did not end");
        if (_error is not null)
        {
            ExceptionDispatchInfo.Throw(_error);
        }
    }
}
