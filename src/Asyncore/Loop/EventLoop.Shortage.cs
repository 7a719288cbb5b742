using System.Net.Sockets;

namespace Asyncore;

// Too few descriptors: listeners wait, so that what comes free is there for what has begun, and for the runtime.
public sealed partial class EventLoop
{
    private static readonly TimeSpan _shortageRetry = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<Dispatcher> _starved = [];
    private bool _isShort;
    private bool _needsSpare;
    private bool _looksAgain;

    /// <summary>
    /// Something could not be opened, or hardly anything more can be. No listener of the loop accepts until there are enough
    /// descriptors again: they would take the last, and the runtime, which ends the process where it cannot start a thread for
    /// a signal, would find nothing.
    /// </summary>
    /// <param name="error">What it could not be opened for, which listeners say.</param>
    /// <param name="andSpare">
    /// Whether there have to be some more than enough before anybody is accepted: whoever is accepted needs another for where it
    /// is to go, and would be turned away.
    /// </param>
    internal void BeginShortage(SocketError error, bool andSpare)
    {
        _needsSpare |= andSpare;
        if (_isShort)
        {
            return;
        }

        _isShort = true;
        LookAgain();

        // A copy: they say so, and whoever hears it may open or close some.
        foreach (Dispatcher listener in _channels.Values.Where(each => each.Accepting).ToArray())
        {
            Starve(listener, error);
        }
    }

    // One timer, however often a shortage ends and comes back before it is over.
    private void LookAgain()
    {
        if (_looksAgain)
        {
            return;
        }

        _looksAgain = true;
        TimerHandle? timer = null;
        timer = CallInternally(_shortageRetry, () =>
        {
            MakeDo();
            DescriptorCameFree();
            try
            {
                TurnAway();
            }
            finally
            {
                _looksAgain = _isShort;
                if (_isShort)
                {
                    timer!.Reset();
                }
            }
        });
    }

    /// <summary>Whether enough descriptors are left after one has been opened.</summary>
    internal bool LeavesEnough(IoHandle opened) => !Io.HasDescriptors || DescriptorReserve.LeavesEnough(opened.Fd);

    /// <summary>
    /// A listener waits too: also one that was made since the shortage began, which would go round in the poller. Not where the shortage is
    /// over already, as whoever heard of it has closed something: nobody would tell it to go on.
    /// </summary>
    internal void Starve(Dispatcher listener, SocketError error)
    {
        if (_isShort && _starved.Add(listener))
        {
            listener.BeginStarvation(error);
        }
    }

    internal void DescriptorCameFree()
    {
        if (!_isShort || (Io.HasDescriptors && !DescriptorReserve.HasEnough(_needsSpare)))
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

    // Where nobody is connected here, whatever holds the descriptors is not going to let them go.
    private void MakeDo()
    {
        if (_isShort && Io.HasDescriptors && _channels.Values.All(each => each.Accepting))
        {
            DescriptorReserve.Shrink();
            _needsSpare = false;
        }
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
