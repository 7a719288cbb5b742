using System.Buffers;
using System.Text;

/// <summary>Who is there under which name, and which rooms there are.</summary>
internal class House
{
    public const int MaxNameLength = 20;
    public const int MaxRooms = 100;

    // ASCII alone, so that no two names look the same, and none like what the server itself says.
    private static readonly SearchValues<char> _letters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    private readonly Dictionary<string, Member> _members = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Room> _rooms = new(StringComparer.OrdinalIgnoreCase);
    private long _guests;

    public IEnumerable<Room> Rooms => _rooms.Values.OrderBy(room => room.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether this can be the name of a member or a room.</summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= MaxNameLength && !text.AsSpan().ContainsAnyExcept(_letters);

    public Member? Find(string name) => _members.GetValueOrDefault(name);

    /// <summary>Lets somebody in.</summary>
    /// <returns>A name that nobody has.</returns>
    public string Enter(Member member)
    {
        string name;
        do
        {
            name = $"guest{++_guests}";
        }
        while (!_members.TryAdd(name, member));
        return name;
    }

    /// <returns>Whether the name was to be had. One's own can be written in another way.</returns>
    public bool Rename(Member member, string name)
    {
        if (Find(name) is { } owner && owner != member)
        {
            return false;
        }

        _members.Remove(member.Name);
        _members.Add(name, member);
        return true;
    }

    public void Exit(Member member) => _members.Remove(member.Name);

    /// <returns>The room, made where there is none; null where there are too many.</returns>
    public Room? Open(string name)
    {
        if (!_rooms.TryGetValue(name, out Room? room) && _rooms.Count < MaxRooms)
        {
            _rooms.Add(name, room = new Room(name));
        }

        return room;
    }

    /// <summary>Nobody may be left in the room.</summary>
    public void Tidy(Room room)
    {
        if (room.Members.Count == 0)
        {
            _rooms.Remove(room.Name);
        }
    }
}

/// <summary>Those who hear the same.</summary>
internal class Room(string name)
{
    private const int Short = 256;

    public string Name => name;

    public HashSet<Member> Members { get; } = [];

    /// <summary>Sends a line to everybody in the room.</summary>
    public void Say(string line)
    {
        // Encoded once for all. Short lines are copied into each member's buffer, where those of a pass lie side by side
        // and leave by one system call. A long one is not copied: all the queues refer to the same bytes.
        byte[] bytes = Encoding.UTF8.GetBytes($"{line}\r\n");
        foreach (Member member in Members)
        {
            // Nobody leaves inside the loop: Push calls no handler, not even where it finds that a member is too slow.
            if (bytes.Length <= Short)
            {
                member.Push(bytes.AsSpan());
            }
            else
            {
                member.Push(bytes.AsMemory());
            }
        }
    }
}
