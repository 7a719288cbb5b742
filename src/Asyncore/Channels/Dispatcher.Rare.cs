using System.Net.Sockets;

namespace Asyncore;

// What most connections never need, apart from what all have: ten thousand idle ones pay for it ten thousand times.
public partial class Dispatcher
{
    private RareState? _rare;

    private RareState Rarely => _rare ??= new RareState();

    /// <summary>The connect by name that is in progress.</summary>
    private Attempt? CurrentAttempt
    {
        get => _rare?.Attempt;
        set
        {
            if (value != CurrentAttempt)
            {
                Rarely.Attempt = value;
            }
        }
    }

    /// <summary>How the last connect failed; success where none has.</summary>
    private SocketError ConnectError
    {
        get => _rare?.ConnectError ?? SocketError.Success;
        set
        {
            if (value != ConnectError)
            {
                Rarely.ConnectError = value;
            }
        }
    }

    /// <summary>What is to be told as the reason of the end.</summary>
    private Exception? Failure
    {
        get => _rare?.Failure;
        set
        {
            if (value != Failure)
            {
                Rarely.Failure = value;
            }
        }
    }

    /// <summary>The path that a Unix socket has made, to be removed.</summary>
    private string? UnixPath
    {
        get => _rare?.UnixPath;
        set
        {
            if (value != UnixPath)
            {
                Rarely.UnixPath = value;
            }
        }
    }

    /// <summary>Ends the wait for bytes to leave after a close.</summary>
    private TimerHandle? CloseTimer
    {
        get => _rare?.CloseTimer;
        set
        {
            if (value != CloseTimer)
            {
                Rarely.CloseTimer = value;
            }
        }
    }

    private sealed class RareState
    {
        public Attempt? Attempt { get; set; }

        public SocketError ConnectError { get; set; }

        public Exception? Failure { get; set; }

        public Exception? CloseReason { get; set; }

        public string? UnixPath { get; set; }

        public TimerHandle? CloseTimer { get; set; }

        public TimeSpan CloseTimeout { get; set; } = _defaultCloseTimeout;

        public IReadOnlyCollection<string>? IgnoreLogTypes { get; set; }
    }
}
