using System.Text;
using Asyncore;

/// <summary>
/// One connection: lines come in, replies go out. What they mean is <see cref="SmtpSession"/>'s; here are the line
/// ends, the limits on what may arrive, and the end of the connection.
/// </summary>
internal class SmtpChannel : AsyncChat
{
    /// <summary>How long a client may keep silent (RFC 5321, 4.5.3.2.7).</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // Replies that a client has not read yet; above this nothing more is read from it, either.
    private const int MostUnread = 64 * 1024;

    private readonly SmtpSession _session;
    private readonly Func<ReadOnlySpan<byte>, string> _store;
    private readonly Message _message;
    private readonly TimerHandle _silence;

    /// <param name="accepted">The connection.</param>
    /// <param name="store">
    /// Takes a message, which is safe once this returns, and gives its name for the log. One that throws
    /// <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/> has the client told to try again later.
    /// </param>
    /// <param name="sizeLimit">The largest message that is taken, in octets.</param>
    public SmtpChannel(AcceptedChannel accepted, Func<ReadOnlySpan<byte>, string> store, int sizeLimit)
        : base(accepted)
    {
        _session = new SmtpSession(sizeLimit);
        _store = store;
        _message = new Message(sizeLimit);
        Encoding = Encoding.ASCII;

        // A client may send all it has to say and then end its side; it still gets every reply.
        AllowHalfOpen = true;
        HighWaterMark = MostUnread;
        LowWaterMark = MostUnread / 2;

        // CR LF and nothing else, for commands and data: a server that also took a bare LF would see commands, and the
        // end of a message, where the server that forwarded the message saw neither.
        SetTerminator("\r\n"u8);
        MaxLineLength = _session.MaxLineLength;
        _silence = Loop.CallLater(Patience, GiveUp);
        Reply(_session.Greeting);
    }

    public override void Close()
    {
        _silence.Cancel();
        base.Close();
    }

    protected override void HandleRead()
    {
        _silence.Reset();
        base.HandleRead();
    }

    protected override void CollectIncomingData(ReadOnlySpan<byte> data)
    {
        switch (_session.Phase)
        {
            case SmtpPhase.Commands:
                base.CollectIncomingData(data);
                break;
            case SmtpPhase.Data:
                _message.Append(data);
                break;
        }
    }

    // A message is taken line by line as well. So its dots are undone as they come, "." straight after DATA needs no
    // care of its own, and the terminator is the same all the time.
    protected override void FoundTerminator()
    {
        switch (_session.Phase)
        {
            case SmtpPhase.Commands:
                Reply(_session.Answer(GetData()));
                break;
            case SmtpPhase.Data when _message.EndLine():
                Reply(Store());
                break;
        }

        MaxLineLength = _session.MaxLineLength;
        if (_session.Phase == SmtpPhase.Over)
        {
            CloseWhenDone();
        }
    }

    /// <summary>A command line is too long. AsyncChat skips the rest of it.</summary>
    protected override void HandleOverflow() => Reply(SmtpSession.LineTooLong);

    protected override void HandleEndOfStream() => CloseWhenDone();

    protected override void HandleHighWater() => PauseReading();

    protected override void HandleLowWater() => ResumeReading();

    private string Store()
    {
        string reply = "250 OK";
        if (_message.IsTooLarge)
        {
            reply = "552 Error: Too much mail data";
        }
        else
        {
            try
            {
                string name = _store(_message.Octets);
                LogInfo($"{Address} sent {name}: {_message.Size} octets from <{_session.Sender}> "
                    + $"for {_session.Recipients.Count}");
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogInfo($"a message cannot be stored: {error.Message}", "error");
                reply = "451 Error: the message cannot be stored just now";
            }
        }

        _message.Clear();
        _session.EndData();
        return reply;
    }

    // The client may not even read. Close gives what has been pushed half a minute to leave, and then goes.
    private void GiveUp()
    {
        LogInfo($"{Address} has said nothing for {Patience.TotalMinutes} minutes");
        Reply("421 Error: timeout");
        Close();
    }

    private void Reply(string reply) => Push($"{reply}\r\n");
}
