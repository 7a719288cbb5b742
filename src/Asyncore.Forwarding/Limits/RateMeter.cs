using Asyncore.Protocols;

namespace Asyncore.Forwarding;

/// <summary>Reads a side of a relay as fast as its connection's gate and that of all connections let it.</summary>
internal sealed class RateMeter(RelayChannel side, RateGate? own, RateGate? all) : IRelayMeter
{
    private int _fromOwn; // granted and not used
    private int _fromAll;
    private int _allowed;

    public int Allow(int most)
    {
        _allowed = Take(all, ref _fromAll, Take(own, ref _fromOwn, most));
        return _allowed;
    }

    public void Return(int unused)
    {
        int used = _allowed - unused;
        GiveBack(own, ref _fromOwn, used);
        GiveBack(all, ref _fromAll, used);
    }

    /// <summary>The gate gives a share to who waits.</summary>
    /// <returns>False where nobody has any use for it.</returns>
    public bool Grant(RateGate gate, int share)
    {
        if (!side.IsOpen || side.IsFinishing)
        {
            return false;
        }

        if (gate == own)
        {
            _fromOwn += share;
        }
        else
        {
            _fromAll += share;
        }

        side.Release(RelayHold.Rate);
        return true;
    }

    private int Take(RateGate? gate, ref int granted, int most)
    {
        if (gate is null || most == 0)
        {
            return most;
        }

        if (granted == 0)
        {
            granted = gate.Take(most);
        }

        if (granted == 0)
        {
            side.Hold(RelayHold.Rate);
            gate.Await(this, most);
        }

        return Math.Min(granted, most);
    }

    private static void GiveBack(RateGate? gate, ref int granted, int used)
    {
        if (gate is not null)
        {
            gate.Return(granted - used);
            granted = 0;
        }
    }
}
