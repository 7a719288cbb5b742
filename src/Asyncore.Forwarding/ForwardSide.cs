using System.Net;
using System.Net.Sockets;
using Asyncore.Protocols;

namespace Asyncore.Forwarding;

/// <summary>One side of a forwarded connection.</summary>
internal abstract class ForwardSide : RelayChannel
{
    protected ForwardSide(ForwardConnection connection, AcceptedChannel accepted)
        : base(accepted) => Connection = connection;

    protected ForwardSide(ForwardConnection connection, EventLoop loop)
        : base(null, loop) => Connection = connection;

    public ForwardConnection Connection { get; }

    /// <summary>Whose side it is, for the reason of an end.</summary>
    public abstract bool IsClient { get; }

    public override void Close()
    {
        base.Close();
        Connection.OnClosed(this);
    }

    /// <summary>As the options say, before the first byte.</summary>
    public void Prepare(ListenerOptions options)
    {
        HighWaterMark = options.HighWater;
        LowWaterMark = Math.Min(options.LowWater, options.HighWater - 1);
    }

    protected override void HandleEndOfStream()
    {
        Connection.Note(IsClient ? EndReason.ClientClosed : EndReason.TargetClosed);
        base.HandleEndOfStream();
    }

    protected override void HandleClose()
    {
        if (BrokeOff)
        {
            Connection.Note(IsClient ? EndReason.ClientReset : EndReason.TargetReset);
        }

        base.HandleClose();
    }
}

/// <summary>The client's side. Not read before there is a target, but for the header of a balancer.</summary>
internal sealed class ClientSide : ForwardSide
{
    private byte[]? _early; // what has come of the header, and perhaps more
    private int _earlyLength;
    private bool _awaitsHeader;

    public ClientSide(ForwardConnection connection, AcceptedChannel accepted)
        : base(connection, accepted) => Hold(RelayHold.Connect);

    public override bool IsClient => true;

    /// <summary>Bytes that came with the header, behind it.</summary>
    public ReadOnlySpan<byte> Early => _early.AsSpan(0, _early is null ? 0 : _earlyLength);

    public void ReadHeader()
    {
        _early = new byte[ProxyHeaderParser.MaxLength];
        _awaitsHeader = true;
        ResumeReading();
    }

    public void ForgetEarly() => _early = null;

    internal override void Passed(int count) => Connection.Statistics.AddToTarget(count);

    protected override void HandleRead()
    {
        if (!_awaitsHeader)
        {
            base.HandleRead();
            return;
        }

        int read = Recv(_early.AsSpan(_earlyLength));
        _earlyLength += read;
        if (read == 0)
        {
            return;
        }

        switch (ProxyHeaderParser.Parse(Early, out ProxyHeader? header, out int consumed, out string? problem))
        {
            case ProxyParse.Complete:
                _awaitsHeader = false;
                Early[consumed..].CopyTo(_early);
                _earlyLength -= consumed;
                Hold(RelayHold.Connect);
                Connection.OnHeader(header!);
                break;
            case ProxyParse.Invalid:
                Connection.Refuse(problem!);
                break;
            default:
                break;
        }
    }

    protected override void HandleEndOfStream()
    {
        base.HandleEndOfStream();
        if (_awaitsHeader)
        {
            Connection.Refuse("the client ended before its PROXY header had");
        }
        else if (Other is null)
        {
            Close(); // it has gone while its target was being connected: it is not read then, so this is all of it
        }
    }
}

/// <summary>The target's side, from the attempt to connect on.</summary>
internal sealed class TargetSide(ForwardConnection connection, EventLoop loop) : ForwardSide(connection, loop)
{
    public override bool IsClient => false;

    internal override void Passed(int count) => Connection.Statistics.AddToClient(count);

    protected override void HandleConnect() => Connection.OnConnected(this);

    protected override void HandleConnectFailed(SocketException error) => Connection.OnConnectFailed(this, error);
}
