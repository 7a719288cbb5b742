using System.Net;
using System.Net.Sockets;

namespace Asyncore.Tests.Churn;

/// <summary>
/// Comes into the chat room, speaks, and hears what is said there: its own lines all and in turn, those of others as they
/// were said.
/// </summary>
internal sealed class ChatVisitor : LineChat
{
    private const int MostLines = 8;

    private readonly Visit _visit;
    private readonly int _lines;
    private readonly int _leavesAt;
    private int _heard;
    private bool _heardGoodbye;

    public ChatVisitor(EventLoop loop, EndPoint address, Visit visit, Random random)
        : base(null, loop)
    {
        _visit = visit;
        _lines = random.Next(1, MostLines + 1);
        _leavesAt = visit.Breaks ? random.Next(_lines) : int.MaxValue;
        Connect(address);
    }

    protected override void HandleConnect()
    {
        Reply($"/nick {ChatText.NameOf(_visit.Number)}");
        Reply($"/join {ChatText.RoomOf(_visit.Number)}");
        for (int i = 0; i < _lines; i++)
        {
            Reply(ChatText.Line(_visit.Number, i));
        }

        if (_visit.Kind == VisitKind.HalfClose)
        {
            ShutdownSend();
        }

        LeaveIfEnough();
    }

    protected override void HandleLine(ReadOnlySpan<byte> line)
    {
        string heard = Encoding.GetString(line);
        if (heard.StartsWith("* ", StringComparison.Ordinal))
        {
            _heardGoodbye |= heard == "* goodbye";
            return;
        }

        if (ChatText.Read(heard) is not { } said || ChatText.RoomOf(said.Speaker) != ChatText.RoomOf(_visit.Number))
        {
            throw _visit.Broken($"nobody has said '{heard}'");
        }

        if (said.Speaker == _visit.Number)
        {
            HearOwn(said.Index);
        }
    }

    protected override void HandleClose() => End(
        CloseReason is null && _heard == _lines && (_heardGoodbye || _visit.Kind == VisitKind.HalfClose),
        $"it was closed ({CloseReason?.Message ?? "in order"})");

    protected override void HandleConnectFailed(SocketException error) => End(false, $"it could not connect ({error.Message})");

    protected override void HandleError(Exception error) => throw _visit.Broken($"{error}");

    private void HearOwn(int index)
    {
        if (index != _heard)
        {
            throw _visit.Broken($"its line {index} came when {_heard} was due");
        }

        _heard++;
        LeaveIfEnough();
        if (_visit.Kind == VisitKind.Orderly && _heard == _lines)
        {
            Reply("/quit");
        }
    }

    private void LeaveIfEnough()
    {
        if (_heard >= _leavesAt)
        {
            _visit.Leave(this);
        }
    }

    private void End(bool isRight, string how) => _visit.End(this, isRight, $"{how} behind {_heard} of its {_lines} lines");
}
