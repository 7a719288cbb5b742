namespace Asyncore;

/// <summary>epoll(7): a pass costs what is active.</summary>
internal sealed class EpollBackend : PosixBackend
{
    private readonly EpollSet _set = new();

    public override IoBackendKind Kind => IoBackendKind.Epoll;

    public override int SetInterest(IoHandle handle, IoEvents wanted)
    {
        if (wanted == handle.Armed)
        {
            return 0;
        }

        ulong tag = ((ulong)handle.Generation << 32) | (uint)handle.Slot;
        int result = _set.Change(handle, handle.Armed, wanted, tag);
        if (result == 0)
        {
            handle.Armed = wanted;
        }

        return result;
    }

    public override int Wait(Span<IoEvent> events, int timeoutMilliseconds)
    {
        int found = _set.Wait(events.Length, timeoutMilliseconds);
        if (found == Interrupted)
        {
            return found;
        }

        int count = 0;
        for (int i = 0; i < found; i++)
        {
            if (_set.Event(i, out ulong tag, out IoEvents happened))
            {
                events[count++] = new IoEvent((int)(uint)tag, (uint)(tag >> 32), happened);
            }
        }

        return count;
    }

    public override void Wake() => _set.Wake();

    public override void Dispose()
    {
        _set.Dispose();
        base.Dispose();
    }
}
