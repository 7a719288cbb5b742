// What can be asked for.
internal partial class Member
{
    private const int MaxShown = 100;

    private static readonly string[] _help =
    [
        "/nick NAME      be called NAME",
        "/join ROOM      go to a room; who is there hears what you say",
        "/leave          leave the room",
        "/rooms          which rooms there are",
        "/who            who is in the room",
        "/msg NAME TEXT  say something to one alone",
        "/quit           go away",
    ];

    protected override void HandleCommand(string command, string arguments)
    {
        switch (command)
        {
            case "/nick":
                Rename(arguments);
                break;
            case "/join":
                Join(arguments);
                break;
            case "/leave":
                Leave("has left");
                break;
            case "/rooms":
                Show("rooms", _house.Rooms.Select(room => $"{room.Name} ({room.Members.Count})"));
                break;
            case "/who":
                Who();
                break;
            case "/msg":
                Whisper(arguments);
                break;
            case "/help":
                Array.ForEach(_help, line => Reply($"* {line}"));
                break;
            case "/quit":
                Go("has left");
                Reply("* goodbye");
                CloseWhenDone();
                break;
            default:
                Reply($"! {command} means nothing here; /help tells what there is");
                break;
        }
    }

    private void Rename(string name)
    {
        if (!IsName(name))
        {
            return;
        }

        if (!_house.Rename(this, name))
        {
            Reply($"! somebody else is {name}");
            return;
        }

        string line = $"* {Name} is now {name}";
        Name = name;
        if (_room is null)
        {
            Reply(line);
        }
        else
        {
            _room.Say(line);
        }
    }

    private void Join(string name)
    {
        if (!IsName(name))
        {
            return;
        }

        if (_house.Open(name) is not { } room)
        {
            Reply($"! there are {House.MaxRooms} rooms already");
        }
        else if (room == _room)
        {
            Reply($"! you are in {room.Name}");
        }
        else
        {
            if (_room is not null)
            {
                Leave("has left");
            }

            _room = room;
            room.Members.Add(this);
            room.Say($"* {Name} has come to {room.Name}");
        }
    }

    private void Leave(string how)
    {
        if (_room is not { } room)
        {
            Reply("! you are in no room");
            return;
        }

        room.Say($"* {Name} {how}"); // to oneself as well
        _room = null;
        room.Members.Remove(this);
        _house.Tidy(room);
    }

    private void Who()
    {
        if (_room is null)
        {
            Reply("! you are in no room");
            return;
        }

        Show($"in {_room.Name}", _room.Members.Select(member => member.Name));
    }

    private void Whisper(string arguments)
    {
        string[] words = arguments.Split(' ', 2, StringSplitOptions.TrimEntries);
        if (words is not [{ Length: > 0 } name, { Length: > 0 } text])
        {
            Reply("! /msg NAME TEXT");
        }
        else if (_house.Find(name) is not { } other)
        {
            Reply($"! nobody is {name}");
        }
        else
        {
            string line = $"{Name} -> {other.Name}: {text}";
            other.Reply(line);
            if (other != this)
            {
                Reply(line);
            }
        }
    }

    private void Show(string what, IEnumerable<string> names)
    {
        // Not thousands: a short question must not have an answer that is very long.
        string[] all = [.. names];
        string more = all.Length > MaxShown ? $" and {all.Length - MaxShown} more" : string.Empty;
        Reply($"* {what}: {string.Join(", ", all.Take(MaxShown))}{more}");
    }

    private bool IsName(string text)
    {
        bool isName = House.IsName(text);
        if (!isName)
        {
            Reply($"! a name is 1 to {House.MaxNameLength} of a-z, A-Z, 0-9, - and _");
        }

        return isName;
    }
}
