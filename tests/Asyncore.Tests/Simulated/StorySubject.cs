using System.Net;
using System.Net.Sockets;

namespace Asyncore.Tests.Simulated;

/// <summary>A channel that a script uses, and that writes down what it is told.</summary>
internal interface IStorySubject
{
    /// <summary>Whether reading is paused.</summary>
    bool IsHeld { get; }

    /// <summary>What it has been told since it was last asked, and how it stands.</summary>
    string Told();

    void SendSome(int count);

    /// <summary>Ends what it sends.</summary>
    void EndSome();

    /// <summary>Pauses reading, or goes on with it.</summary>
    void Turn();
}

/// <summary>Accepts the channel that a story is about.</summary>
internal sealed class StoryListener : Dispatcher
{
    private readonly bool _halfOpen;

    public StoryListener(EventLoop loop, EndPoint address, bool halfOpen)
        : base(null, loop)
    {
        _halfOpen = halfOpen;
        CreateSocket(address.AddressFamily);
        Bind(address);
        Listen();
    }

    public StorySubject? Subject { get; private set; }

    protected override void HandleAccepted(AcceptedChannel accepted) =>
        Subject = new StorySubject(accepted) { AllowHalfOpen = _halfOpen };
}

/// <summary>A channel of ours.</summary>
internal sealed class StorySubject(AcceptedChannel accepted) : DispatcherWithSend(accepted), IStorySubject
{
    private readonly List<string> _told = [];
    private int _read;

    public bool IsHeld { get; private set; }

    public bool HasEnded { get; private set; }

    public string Told()
    {
        string told = $"{string.Join(' ', _told)}, {_read} read in all, connected {Connected}";
        _told.Clear();
        return told;
    }

    public void SendSome(int count)
    {
        if (Connected)
        {
            Send(new byte[count]);
        }
    }

    public void EndSome()
    {
        if (Connected)
        {
            HasEnded = true;
            ShutdownSend();
        }
    }

    public void Turn()
    {
        if (Connected)
        {
            IsHeld = !IsHeld;
            (IsHeld ? (Action)PauseReading : ResumeReading)();
        }
    }

    protected override void HandleRead() => _read += Receive().Length;

    protected override void HandleEndOfStream() => _told.Add("end");

    protected override void HandleClose()
    {
        // A reset behind an end (EPIPE) is told as one by who is told of hang-ups while nobody reads, which select is not.
        bool isReset = CloseReason is SocketException { SocketErrorCode: SocketError.ConnectionReset };
        _told.Add(isReset ? "close: reset" : "close");
        Close();
    }
}
