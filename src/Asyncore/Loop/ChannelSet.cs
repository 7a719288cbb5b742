namespace Asyncore;

/// <summary>
/// A set of channels that is walked by index and left in O(1): each member remembers its place, and the last takes
/// the place of one that leaves.
/// </summary>
internal sealed class ChannelSet(ChannelSet.IndexOf index)
{
    private readonly List<Dispatcher> _members = [];
    private int _walked = -1;

    public delegate ref int IndexOf(Dispatcher channel);

    public int Count => _members.Count;

    public Dispatcher this[int place] => _members[place];

    /// <summary>
    /// Does something with every member, one that joins meanwhile included; any member may leave meanwhile.
    /// </summary>
    public void Walk(Action<Dispatcher> visit)
    {
        try
        {
            for (_walked = 0; _walked < _members.Count; _walked++)
            {
                visit(_members[_walked]);
            }
        }
        finally
        {
            _walked = -1;
        }
    }

    /// <summary>Adds a channel; one that is in already stays where it is.</summary>
    public void Add(Dispatcher channel)
    {
        if (index(channel) < 0)
        {
            index(channel) = _members.Count;
            _members.Add(channel);
        }
    }

    /// <summary>Removes a channel, if it is in.</summary>
    public void Remove(Dispatcher channel)
    {
        int place = index(channel);
        if (place < 0)
        {
            return;
        }

        if (place <= _walked)
        {
            // The hole goes to the end of what has been walked, so that nobody is passed over.
            Fill(place, _walked);
            place = _walked--;
        }

        int last = _members.Count - 1;
        if (place < last)
        {
            Fill(place, last);
        }

        _members.RemoveAt(last);
        index(channel) = -1;
    }

    private void Fill(int place, int from)
    {
        Dispatcher member = _members[from];
        _members[place] = member;
        index(member) = place;
    }
}
