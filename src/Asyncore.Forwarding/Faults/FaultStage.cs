using System.Buffers;
using Asyncore.Protocols;

namespace Asyncore.Forwarding;

/// <summary>
/// What goes wrong on purpose in one direction: a line along which bytes are held back, cut up and slowed down. They keep
/// their order, and their end keeps its place behind them.
/// </summary>
/// <remarks>It holds 1 MiB and the read that goes beyond it; then its side is not read, as with a slow network.</remarks>
internal sealed class FaultStage : IRelayStage
{
    private const int Capacity = 1024 * 1024;
    private const int PiecesPerSecond = 50; // of a narrow line, where nobody says how long pieces are

    private readonly RelayChannel _source;
    private readonly FaultOptions _options;
    private readonly Random _random;
    private readonly Action _cut;
    private readonly int _piece;
    private readonly Queue<Item> _line = new();
    private readonly TimeProvider _time;
    private readonly Alarm _alarm;
    private bool _dropped;
    private long _held;
    private long _taken;
    private long _lastDue;

    /// <param name="source">The side whose bytes come here.</param>
    /// <param name="options">What goes wrong.</param>
    /// <param name="random">Where jitter comes from.</param>
    /// <param name="cut">Called when so many bytes have been passed on that the connection is to be cut.</param>
    public FaultStage(RelayChannel source, FaultOptions options, Random random, Action cut)
    {
        _source = source;
        _options = options;
        _random = random;
        _cut = cut;
        _time = source.Loop.TimeProvider;
        _alarm = new Alarm(source.Loop, Run);
        _lastDue = _time.GetTimestamp();
        _piece = options.Slice
            ?? (options.Bandwidth is { } narrow ? (int)Math.Clamp(narrow / PiecesPerSecond, 1, Capacity) : int.MaxValue);
    }

    public void Pass(ReadOnlySpan<byte> data)
    {
        if (_dropped)
        {
            return;
        }

        bool cuts = _options.CutAfter is { } most && _taken + data.Length >= most;
        if (cuts)
        {
            data = data[..(int)(_options.CutAfter!.Value - _taken)];
        }

        _taken += data.Length;
        while (!data.IsEmpty)
        {
            ReadOnlySpan<byte> piece = data[..Math.Min(_piece, data.Length)];
            data = data[piece.Length..];
            Add(piece);
        }

        if (cuts)
        {
            Add(ItemKind.Cut);
        }
        else if (_held >= Capacity)
        {
            _source.Hold(RelayHold.Stage);
        }
    }

    public bool IsStuck => _options.Stall;

    public void PassEnd()
    {
        Add(ItemKind.End);
        if (IsStuck)
        {
            _source.Other?.CloseWhenSent(); // two ends that nobody is told of would leave a connection for ever
        }
    }

    public void PassFinish(bool reset)
    {
        if (_options.Stall)
        {
            Drop(); // what is stuck stays stuck, but a connection without a client is not kept
            _source.Other?.Finish(reset);
        }
        else
        {
            Add(reset ? ItemKind.Reset : ItemKind.Finish);
        }
    }

    public void Drop()
    {
        _dropped = true;
        _alarm.Cancel();
        while (_line.TryDequeue(out Item item))
        {
            item.Free();
        }
    }

    private void Add(ReadOnlySpan<byte> piece)
    {
        long due = DueAfter(piece.Length);
        if (_line.Count == 0 && !_options.Stall && due <= _time.GetTimestamp())
        {
            Send(piece); // nothing holds it back: no copy
            return;
        }

        byte[] copy = ArrayPool<byte>.Shared.Rent(piece.Length);
        piece.CopyTo(copy);
        _held += piece.Length;
        _line.Enqueue(new Item(ItemKind.Bytes, due, copy, piece.Length));
        Arm();
    }

    private void Add(ItemKind kind)
    {
        if (_dropped)
        {
            return;
        }

        _line.Enqueue(new Item(kind, DueAfter(0), null, 0));
        Run(); // at once, where nothing holds it back
    }

    // When something may go: after the delay, behind what went before, and no sooner than the line can carry it.
    private long DueAfter(int length)
    {
        TimeSpan delay = _options.Delay;
        if (_options.Jitter > TimeSpan.Zero)
        {
            delay += _options.Jitter * ((_random.NextDouble() * 2) - 1);
            delay = delay < TimeSpan.Zero ? TimeSpan.Zero : delay;
        }

        long due = Math.Max(_time.GetTimestamp() + Ticks(delay.TotalSeconds), _lastDue);
        _lastDue = due;
        if (_options.Bandwidth is { } narrow)
        {
            _lastDue += Ticks((double)length / narrow); // the next one waits until this one is through
        }

        return due;
    }

    private long Ticks(double seconds) => (long)(seconds * _time.TimestampFrequency);

    private void Run()
    {
        long now = _time.GetTimestamp();
        while (!_options.Stall && !_dropped && _line.TryPeek(out Item item) && item.Due <= now)
        {
            _line.Dequeue();
            Deliver(item);
        }

        if (_held < Capacity / 2 && !_dropped)
        {
            _source.Release(RelayHold.Stage);
        }

        Arm();
    }

    private void Deliver(in Item item)
    {
        switch (item.Kind)
        {
            case ItemKind.Bytes:
                _held -= item.Length;
                Send(item.Buffer.AsSpan(0, item.Length));
                item.Free();
                break;
            case ItemKind.End:
                _source.DeliverEnd();
                break;
            case ItemKind.Cut:
                _cut();
                break;
            default:
                _source.Other?.Finish(item.Kind == ItemKind.Reset);
                break;
        }
    }

    // By itself: put together with the next piece it would be no piece.
    private void Send(ReadOnlySpan<byte> piece)
    {
        _source.Deliver(piece);
        if (_piece != int.MaxValue && _source.Other is { Connected: true } other)
        {
            other.Flush();
        }
    }

    private void Arm()
    {
        if (!_dropped && !_options.Stall && _line.TryPeek(out Item item))
        {
            TimeSpan wait = _time.GetElapsedTime(_time.GetTimestamp(), item.Due);
            _alarm.Set(wait < TimeSpan.Zero ? TimeSpan.Zero : wait);
        }
    }

    private enum ItemKind
    {
        Bytes,
        End,
        Finish,
        Reset,
        Cut,
    }

    private readonly record struct Item(ItemKind Kind, long Due, byte[]? Buffer, int Length)
    {
        public void Free()
        {
            if (Buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(Buffer);
            }
        }
    }
}
