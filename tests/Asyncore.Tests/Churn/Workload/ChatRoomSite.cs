using System.Net;

namespace Asyncore.Tests.Churn;

/// <summary>The chat room of the samples, with more than one door.</summary>
internal sealed class ChatRoomSite : ISite
{
    private const int AtATime = 48;
    private const int Doors = 8; // for the same reason as with the forwarder
    private const int FirstDoor = 70;

    private static readonly (VisitKind, int)[] _shares =
    [
        (VisitKind.Orderly, 500),
        (VisitKind.HalfClose, 200),
        (VisitKind.Reset, 150),
        (VisitKind.Leave, 150),
    ];

    private readonly House _house = new();
    private readonly IPEndPoint[] _doors = [.. Enumerable.Range(FirstDoor, Doors).Select(ForwarderPlan.Place)];

    public ChatRoomSite(LoopThread server, LoopThread clients)
    {
        server.Call(() => Array.ForEach(_doors, each => _ = new Door(server.Loop, each, _house)));
        Crowd = new Crowd("chat-room", AtATime, _shares, visit => Enter(clients.Loop, visit));
    }

    public Crowd Crowd { get; }

    public IEnumerable<Count> Counts =>
    [
        new("members of the chat", LoopInside.Size(_house, "_members")),
        new("rooms of the chat", _house.Rooms.Count()),
    ];

    public IEnumerable<Count> Happened => [];

    public void Stir()
    {
        // Its visitors do that.
    }

    public void Calm()
    {
    }

    public void Dispose()
    {
        // Its listeners have ended with their loop.
    }

    private void Enter(EventLoop loop, Visit visit) =>
        _ = new ChatVisitor(loop, _doors[visit.Number % Doors], visit, Crowd.Random);

    private sealed class Door : Dispatcher
    {
        private readonly House _house;

        public Door(EventLoop loop, IPEndPoint address, House house)
            : base(null, loop)
        {
            _house = house;
            CreateSocket();
            SetReuseAddr();
            Bind(address);
            Listen();
        }

        protected override void HandleAccepted(AcceptedChannel accepted) => _ = new Member(accepted, _house);
    }
}
