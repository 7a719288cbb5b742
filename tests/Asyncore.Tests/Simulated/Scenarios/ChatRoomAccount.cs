using System.Net;

namespace Asyncore.Tests.Simulated;

/// <summary>What the house of the sample ChatRoom owes to whom: the same rules once more, without a connection.</summary>
internal sealed class ChatRoomAccount
{
    private readonly List<ChatRoomSeat> _seats = [];
    private readonly Dictionary<EndPoint, ChatRoomSeat> _byAddress = [];

    public ChatRoomSeat? SeatOf(EndPoint address) => _byAddress.GetValueOrDefault(address);

    public void Enter(ChatRoomSeat seat, EndPoint address)
    {
        _seats.Add(seat);
        _byAddress.Add(address, seat);
        seat.Owed.Add($"* welcome, {seat.Name}; /help tells what there is");
    }

    /// <summary>The house has taken a line.</summary>
    /// <param name="seat">Whose.</param>
    /// <param name="name">What it was called before.</param>
    /// <param name="line">The line.</param>
    public void Take(ChatRoomSeat seat, string name, string line)
    {
        if (!_seats.Contains(seat))
        {
            return; // it has said /quit before
        }

        string[] words = line.Split(' ');
        switch (words[0])
        {
            case "/nick":
                Tell(seat, $"* {name} is now {words[1]}");
                break;
            case "/join" when seat.Room == words[1]:
                seat.Owed.Add($"! you are in {seat.Room}");
                break;
            case "/join":
                Leave(seat, "has left");
                seat.Room = words[1];
                Tell(seat, $"* {name} has come to {seat.Room}");
                break;
            case "/leave" when seat.Room is null:
                seat.Owed.Add("! you are in no room");
                break;
            case "/leave":
                Leave(seat, "has left");
                break;
            case "/quit":
                Exit(seat, "has left");
                seat.Owed.Add("* goodbye");
                break;
            default:
                Tell(seat, seat.Room is null ? "! nobody hears you: /join ROOM" : $"{name}: {line}");
                break;
        }
    }

    /// <summary>It goes, in order or not; once.</summary>
    public void Exit(ChatRoomSeat seat, string how)
    {
        if (_seats.Contains(seat))
        {
            Leave(seat, how);
            _seats.Remove(seat);
        }
    }

    private void Leave(ChatRoomSeat seat, string how)
    {
        if (seat.Room is not null)
        {
            Tell(seat, $"* {seat.Name} {how}");
            seat.Room = null;
        }
    }

    // All who are in the room; who is in none alone.
    private void Tell(ChatRoomSeat seat, string line)
    {
        foreach (ChatRoomSeat each in _seats)
        {
            if (each == seat || (seat.Room is not null && each.Room == seat.Room))
            {
                each.Owed.Add(line);
            }
        }
    }
}

/// <summary>A member whose lines are put down in the account as the house takes them.</summary>
internal sealed class ChatRoomSeat : Member
{
    private readonly ChatRoomAccount _account;

    public ChatRoomSeat(AcceptedChannel accepted, House house, ChatRoomAccount account)
        : base(accepted, house)
    {
        OutBufferLimit = 4000; // so that somebody is too slow now and then
        _account = account;
        account.Enter(this, accepted.Address!);
    }

    /// <summary>What it has to hear, in order.</summary>
    public List<string> Owed { get; } = [];

    /// <summary>Where it is; null outside.</summary>
    public string? Room { get; set; }

    /// <summary>Whether the house has given it up, as it did not read.</summary>
    public bool WasSlow { get; private set; }

    protected override void HandleLine(ReadOnlySpan<byte> line)
    {
        string before = Name;
        base.HandleLine(line);
        _account.Take(this, before, Encoding.GetString(line));
    }

    protected override void HandleClose()
    {
        WasSlow = CloseReason is IOException;
        _account.Exit(this, WasSlow ? "has left (too slow)" : "has left");
        base.HandleClose();
    }
}
