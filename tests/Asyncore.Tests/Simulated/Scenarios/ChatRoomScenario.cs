using System.Net;
using System.Text;
using Asyncore.Testing;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Simulated;

/// <summary>
/// The sample ChatRoom: members come, say lines, go from room to room, leave in order or not, and some do not read. Each hears
/// what the house took from the others in that order, from when it came to when it left: nothing is lost, nothing comes twice,
/// nothing comes behind its leave.
/// </summary>
internal static class ChatRoomScenario
{
    private const int Port = 7;

    public static int Run(SimulatedNetwork network, int guests)
    {
        var random = new Random(network.Seed);
        var house = new House();
        var account = new ChatRoomAccount();
        EventLoop loop = network.CreateLoop("house", Scenario.Quiet);
        var server = new PlainListener(loop, Port, accepted => _ = new ChatRoomSeat(accepted, house, account));
        var address = new IPEndPoint(network.Host("house").Address, Port);
        TimeSpan healed = Scenario.Cut(network, random, "house", "client0", TimeSpan.FromMinutes(1));
        EventLoop[] far = [network.CreateLoop("client0", Scenario.Quiet), network.CreateLoop("client1", Scenario.Quiet)];
        Guest[] all = [.. Enumerable.Range(0, guests).Select(i => new Guest(far[i % 2], address, random.Next(), i))];
        network.RunUntil(() => Array.TrueForAll(all, each => each.IsOver) && loop.Channels.Count == 1, Scenario.Patience * 2);
        foreach (Guest each in all)
        {
            Check(each, account, Scenario.IsCalm(network, healed));
        }

        Scenario.Check(!house.Rooms.Any(), "rooms are left in which nobody is");
        Scenario.Check(!Array.Exists(all, each => house.Find(each.Name) is not null), "names are left of those who have gone");
        server.Close();
        Scenario.CheckClean(network, [loop, .. far]);
        return guests;
    }

    private static void Check(Guest guest, ChatRoomAccount account, bool isCalm)
    {
        ChatRoomSeat? seat = guest.LocalEnd is { } local ? account.SeatOf(local) : null;
        IReadOnlyList<string> owed = seat?.Owed ?? [];
        Scenario.Check(guest.Heard.Count <= owed.Count, $"{guest.Name} has heard {guest.Heard.Count} lines of {owed.Count}");
        for (int i = 0; i < guest.Heard.Count; i++)
        {
            Scenario.Check(guest.Heard[i] == owed[i], $"{guest.Name} has heard '{guest.Heard[i]}' and not '{owed[i]}'");
        }

        Scenario.Check(!guest.HasEnded || seat is { WasSlow: true } || guest.Heard.Count == owed.Count,
            $"{guest.Name} has heard {guest.Heard.Count} lines of {owed.Count}, and the connection ended in order");
        Scenario.Check(!isCalm || guest.HasEnded || !guest.HasQuit || seat is { WasSlow: true },
            $"{guest.Name} has said /quit on a calm network, and the connection did not end in order");
    }

    /// <summary>Somebody who comes in and does what chance says.</summary>
    private sealed class Guest : LineChat
    {
        private static readonly string[] _rooms = ["red", "blue"];

        private readonly Random _random; // its own: what it does must not depend on when the others do
        private int _left; // how often it says something still
        private int _said;

        public Guest(EventLoop loop, EndPoint address, int seed, int number)
            : base(null, loop)
        {
            Encoding = Encoding.UTF8;
            Name = $"guest-{number}";
            _random = new Random(seed);
            _left = _random.Next(1, 12);
            Connect(address);
        }

        public string Name { get; }

        public List<string> Heard { get; } = [];

        public EndPoint? LocalEnd { get; private set; }

        public bool IsOver { get; private set; }

        /// <summary>Whether the house has ended the connection in order.</summary>
        public bool HasEnded { get; private set; }

        /// <summary>Whether it has said that it goes, and not just gone.</summary>
        public bool HasQuit { get; private set; }

        public override void Close()
        {
            IsOver = true;
            base.Close();
        }

        protected override void HandleConnect()
        {
            LocalEnd = LocalAddress;
            Reply($"/nick {Name}");
            Reply($"/join {_rooms[0]}");
            GoOn();
        }

        protected override void HandleConnectFailed(System.Net.Sockets.SocketException error) => Close();

        protected override void HandleLine(ReadOnlySpan<byte> line)
        {
            Scenario.Check(!IsOver, "a handler was called after the close");
            Heard.Add(Encoding.GetString(line));
        }

        protected override void HandleClose()
        {
            HasEnded = CloseReason is null;
            base.HandleClose();
        }

        private void GoOn()
        {
            if (IsOver)
            {
                return;
            }

            for (int i = _random.Next(4); i > 0; i--)
            {
                Reply(Something());
            }

            if (_left-- == 0)
            {
                Leave();
                return;
            }

            if (_random.Next(10) == 0)
            {
                PauseReading();
                Loop.CallLater(Scenario.Some(_random, 200), Resume);
            }

            Loop.CallLater(Scenario.Some(_random, 30), GoOn);
        }

        private void Resume()
        {
            if (!IsOver)
            {
                ResumeReading();
            }
        }

        private string Something() => _random.Next(8) switch
        {
            0 => $"/join {_rooms[_random.Next(_rooms.Length)]}",
            1 => "/leave",
            2 => $"{Name} says {++_said}: {new string('é', _random.Next(400))}",
            _ => $"{Name} says {++_said}",
        };

        private void Leave()
        {
            switch (_random.Next(4))
            {
                case 0:
                    Close();
                    break;
                case 1:
                    Abort();
                    break;
                default:
                    HasQuit = true;
                    Reply("/quit");
                    Reply("and nobody hears this");
                    ResumeReading();
                    break;
            }
        }
    }
}
