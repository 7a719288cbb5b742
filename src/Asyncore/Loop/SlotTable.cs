namespace Asyncore;

/// <summary>
/// Where registered channels are found from events. A slot is used again, its generation never: news of a channel
/// that has left falls away by comparison, whatever descriptor numbers have been given to whom meanwhile.
/// </summary>
internal sealed class SlotTable
{
    private Entry[] _entries = new Entry[64];
    private int _used;
    private int _free = -1;

    public (int Slot, uint Generation) Add(Dispatcher channel)
    {
        int slot = _free;
        if (slot >= 0)
        {
            _free = _entries[slot].NextFree;
        }
        else
        {
            slot = _used++;
            if (slot == _entries.Length)
            {
                Array.Resize(ref _entries, slot * 2);
            }
        }

        ref Entry entry = ref _entries[slot];
        entry.Channel = channel;
        return (slot, entry.Generation);
    }

    public void Remove(int slot)
    {
        ref Entry entry = ref _entries[slot];
        entry.Channel = null;
        entry.Generation++;
        entry.NextFree = _free;
        _free = slot;
    }

    public Dispatcher? Find(int slot, uint generation)
    {
        if ((uint)slot >= (uint)_used)
        {
            return null;
        }

        ref Entry entry = ref _entries[slot];
        return entry.Generation == generation ? entry.Channel : null;
    }

    private struct Entry
    {
        public Dispatcher? Channel;
        public uint Generation;
        public int NextFree;
    }
}
