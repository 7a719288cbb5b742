namespace Asyncore.Testing;

/// <summary>
/// Descriptors: the lowest number that is free is given, as POSIX has it, so that a number comes back soon and whoever
/// kept it too long is found out.
/// </summary>
internal sealed class SlotList<T>
    where T : class
{
    private const int First = 1 << 20; // what a system would hardly give: a number from here never is one of its own

    private readonly List<T?> _items = [];
    private readonly PriorityQueue<int, int> _free = new();

    public int Count { get; private set; }

    public int Add(T item)
    {
        Count++;
        if (_free.TryDequeue(out int index, out _))
        {
            _items[index] = item;
            return First + index;
        }

        _items.Add(item);
        return First + _items.Count - 1;
    }

    public T? Find(int number)
    {
        int index = number - First;
        return index >= 0 && index < _items.Count ? _items[index] : null;
    }

    public void Remove(int number)
    {
        int index = number - First;
        if (index >= 0 && index < _items.Count && _items[index] is not null)
        {
            _items[index] = null;
            _free.Enqueue(index, index);
            Count--;
        }
    }
}
