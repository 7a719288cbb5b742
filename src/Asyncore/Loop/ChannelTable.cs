using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Asyncore;

/// <summary>
/// The registered channels by descriptor, in the order of the numbers. Descriptors are small numbers, given out from the
/// lowest, so that an array is a quarter of what a hash table would take for each connection. May change while it is
/// walked.
/// </summary>
internal sealed class ChannelTable : IReadOnlyDictionary<int, Dispatcher>
{
    // What is beyond, which no Linux gives unless asked to, goes to a hash table.
    private const int MaxPlaces = 1 << 20;

    private readonly Dictionary<int, Dispatcher> _beyond = [];
    private Dispatcher?[] _places = new Dispatcher?[64];

    public int Count { get; private set; }

    public IEnumerable<int> Keys => this.Select(static pair => pair.Key);

    public IEnumerable<Dispatcher> Values => this.Select(static pair => pair.Value);

    public Dispatcher this[int descriptor] => TryGetValue(descriptor, out Dispatcher? channel)
        ? channel
        : throw new KeyNotFoundException($"No channel of the loop has the descriptor {descriptor}.");

    public bool ContainsKey(int descriptor) => TryGetValue(descriptor, out _);

    public bool TryGetValue(int descriptor, [MaybeNullWhen(false)] out Dispatcher channel)
    {
        if (descriptor >= MaxPlaces)
        {
            return _beyond.TryGetValue(descriptor, out channel);
        }

        channel = (uint)descriptor < (uint)_places.Length ? _places[descriptor] : null;
        return channel is not null;
    }

    /// <summary>Puts a channel in, in the place of another that may be there.</summary>
    public void Set(int descriptor, Dispatcher channel)
    {
        Count += ContainsKey(descriptor) ? 0 : 1;
        if (descriptor >= MaxPlaces)
        {
            _beyond[descriptor] = channel;
            return;
        }

        if (descriptor >= _places.Length)
        {
            Array.Resize(ref _places, Math.Max(descriptor + 1, _places.Length * 2));
        }

        _places[descriptor] = channel;
    }

    /// <summary>Takes a channel out, if it is still the one that is there.</summary>
    public void Remove(int descriptor, Dispatcher channel)
    {
        if (!TryGetValue(descriptor, out Dispatcher? there) || there != channel)
        {
            return;
        }

        Count--;
        if (descriptor >= MaxPlaces)
        {
            _beyond.Remove(descriptor);
        }
        else
        {
            _places[descriptor] = null;
        }
    }

    public IEnumerator<KeyValuePair<int, Dispatcher>> GetEnumerator()
    {
        for (int i = 0; i < _places.Length; i++)
        {
            if (_places[i] is { } channel)
            {
                yield return new KeyValuePair<int, Dispatcher>(i, channel);
            }
        }

        foreach (KeyValuePair<int, Dispatcher> pair in _beyond.ToArray())
        {
            yield return pair;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
