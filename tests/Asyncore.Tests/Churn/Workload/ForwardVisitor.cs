using System.Net;
using System.Net.Sockets;

namespace Asyncore.Tests.Churn;

/// <summary>Says something to a target behind a forwarder, which says it back; every byte is compared.</summary>
internal sealed class ForwardVisitor : DispatcherWithSend
{
    private const int Short = 2000;
    private const int Long = 40_000;
    private const int Streamed = 2 * 1024 * 1024;

    private readonly Visit _visit;
    private readonly ReadOnlyMemory<byte> _says;
    private readonly int _piece;
    private readonly int _leavesAt;
    private int _said;
    private int _heard;

    public ForwardVisitor(EventLoop loop, EndPoint address, Visit visit, Random random)
        : base(null, loop)
    {
        _visit = visit;
        _says = Speech.Take(random, Length(visit.Kind, random));
        _piece = (_says.Length / random.Next(1, 4)) + 1;
        _leavesAt = visit.Breaks ? random.Next(_says.Length) : int.MaxValue;
        AllowHalfOpen = true;
        Connect(address);
    }

    protected override void HandleConnect()
    {
        SayMore();
        if (_leavesAt == 0)
        {
            _visit.Leave(this);
        }
    }

    protected override void HandleRead()
    {
        ReadOnlySpan<byte> heard = Receive();
        if (heard.IsEmpty)
        {
            return; // its end, of which a handler has been told
        }

        if (_visit.Kind == VisitKind.NoTarget || heard.Length > _said - _heard
            || !heard.SequenceEqual(_says.Span.Slice(_heard, heard.Length)))
        {
            throw _visit.Broken($"{heard.Length} bytes behind {_heard} of {_said} are not those that were said");
        }

        _heard += heard.Length;
        if (_heard >= _leavesAt)
        {
            _visit.Leave(this);
        }
        else if (_heard == _says.Length)
        {
            HearAll();
        }
        else if (_heard == _said)
        {
            SayMore();
        }
    }

    protected override void HandleEndOfStream()
    {
        bool isRight = _visit.Kind switch
        {
            VisitKind.HalfClose => _heard == _says.Length,
            VisitKind.Silent => _heard == 0,
            _ => _visit.MayBreak,
        };
        End(isRight, "the stream ended");
    }

    protected override void HandleClose() => End(_visit.MayBreak, $"it was cut off ({CloseReason?.Message})");

    protected override void HandleConnectFailed(SocketException error) =>
        End(_visit.Kind == VisitKind.Reload, $"it could not connect ({error.Message})");

    protected override void HandleError(Exception error) => throw _visit.Broken($"{error}");

    private static int Length(VisitKind kind, Random random) => kind switch
    {
        VisitKind.Silent => 0,
        VisitKind.Stream => Streamed,
        VisitKind.TargetReset or VisitKind.Cut => random.Next(Short, Long),
        _ => random.Next(200, random.Next(8) == 0 ? Long : Short),
    };

    // The next piece when the one before has come back: a conversation, and not one great send.
    private void SayMore()
    {
        ReadOnlySpan<byte> piece = _says.Span[_said..Math.Min(_said + _piece, _says.Length)];
        _said += piece.Length;
        Send(piece);
        if (_visit.Kind == VisitKind.HalfClose && _said == _says.Length)
        {
            ShutdownSend();
        }
    }

    private void HearAll()
    {
        if (_visit.Kind != VisitKind.HalfClose)
        {
            _visit.End(this);
        }
    }

    private void End(bool isRight, string how) => _visit.End(this, isRight, $"{how} behind {_heard} of {_says.Length} bytes");
}
