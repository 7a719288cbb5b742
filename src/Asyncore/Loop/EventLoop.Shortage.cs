namespace Asyncore;

// Too few descriptors: listeners wait, so that what comes free is there for what has begun, and for the runtime.
public sealed partial class EventLoop
{
    private static readonly TimeSpan _shortageRetry = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<Dispatcher> _starved = [];
    private bool _isShort;
    private bool _needsSpare;

    /// <summary>
    /// Something could not be opened. The reserve is let go, and no listener of the loop accepts until it is full again:
    /// they would take what it gave, and the runtime, which ends the process where it cannot start a thread for a signal,
    /// would find nothing.
    /// </summary>
    /// <param name="andSpare">
    /// Whether there have to be some more beside the reserve before anybody is accepted: whoever is accepted needs
    /// another for where it is to go, and would be turned away.
    /// </param>
    internal void BeginShortage(bool andSpare)
    {
        DescriptorReserve.Release();
        _needsSpare |= andSpare;
        if (_isShort)
        {
            return;
        }

        _isShort = true;
        foreach (Dispatcher channel in _channels.Values)
        {
            if (channel.Accepting)
            {
                Starve(channel);
            }
        }

        TimerHandle? timer = null;
        timer = CallInternally(_shortageRetry, () =>
        {
            DescriptorCameFree();
            try
            {
                TurnAway();
            }
            finally
            {
                if (_isShort)
                {
                    timer!.Reset();
                }
            }
        });
    }

    /// <summary>A listener waits too: also one that was made since the shortage began, which would go round in the poller.</summary>
    internal void Starve(Dispatcher listener)
    {
        if (_starved.Add(listener))
        {
            listener.BeginStarvation();
        }
    }

    internal void DescriptorCameFree()
    {
        if (!_isShort || !DescriptorReserve.TryHold(_needsSpare))
        {
            return;
        }

        _isShort = false;
        _needsSpare = false;
        foreach (Dispatcher listener in _starved)
        {
            listener.EndStarvation();
        }

        _starved.Clear();
    }

    // What a backend has accepted ahead of its listener (io_uring) holds the very descriptors that are waited for, while
    // nobody serves it. As much of that has to go as it takes, or all would wait for ever.
    private void TurnAway()
    {
        foreach (Dispatcher listener in _starved.ToArray())
        {
            int count = 0;
            while (_isShort && listener.CloseAcceptedAhead())
            {
                count++;
                DescriptorCameFree();
            }

            if (count > 0)
            {
                listener.LogInfo($"too few descriptors: closed {count} of the connections accepted on {listener.Address}", "error");
            }
        }
    }
}
