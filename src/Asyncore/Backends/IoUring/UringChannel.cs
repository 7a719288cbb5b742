namespace Asyncore;

/// <summary>Requests of one channel that the kernel has.</summary>
[Flags]
internal enum UringRequests : byte
{
    None = 0,

    /// <summary>A receive: multishot into small buffers, or a single one into a large buffer.</summary>
    Receive = 1,
    ReceiveLarge = 2,

    /// <summary>A multishot accept.</summary>
    Accept = 4,

    /// <summary>The receive or the accept has been cancelled, and says so when it ends.</summary>
    Cancelled = 8,
}

/// <summary>What the io_uring backend knows of one handle while it is in the loop.</summary>
internal sealed class UringChannel(int index)
{
    /// <summary>Its place in the backend's table, which requests carry.</summary>
    public int Index { get; } = index;

    /// <summary>Which use of that place this is: a completion for an earlier one is nobody's.</summary>
    public uint Generation;

    public IoHandle Handle = null!;
    public UringRequests Requests;

    /// <summary>What it is in the epoll set for.</summary>
    public IoEvents Watched;

    /// <summary>What epoll has found in this pass.</summary>
    public IoEvents Found;

    /// <summary>The buffers with what has come, from the oldest; −1 where there is none.</summary>
    public int Head = -1;
    public int Tail = -1;

    /// <summary>Where the unread part of the oldest begins.</summary>
    public int Offset;

    /// <summary>Bytes in those buffers.</summary>
    public int Unread;

    /// <summary>The end of the stream has come, or the error that the handle has pending.</summary>
    public bool Ended;

    /// <summary>
    /// The multishot accept has failed, or descriptors are few: connections are waited for and accepted one by one until that
    /// works.
    /// </summary>
    public bool AcceptsByPoll;

    /// <summary>Whether large buffers are used from the next receive on.</summary>
    public bool UsesLarge;

    /// <summary>The last receive left something in the socket.</summary>
    public bool HasMore;

    /// <summary>Receives in a row that filled a small buffer, or would have found room in one.</summary>
    public int Streak;

    /// <summary>Where its send stands in the batch; −1 where it has none.</summary>
    public int SendIndex = -1;

    /// <summary>In the list of those with news, and of those whose requests may have to change.</summary>
    public bool IsListedReady;
    public bool IsListedToArm;

    public bool Has(UringRequests requests) => (Requests & requests) != 0;

    public void Reset()
    {
        Generation++;
        Handle = null!;
        Requests = UringRequests.None;
        Watched = Found = IoEvents.None;
        Head = Tail = -1;
        Offset = 0;
        Unread = 0;
        Ended = false;
        AcceptsByPoll = false;
        UsesLarge = false;
        HasMore = false;
        Streak = 0;
        SendIndex = -1;
    }
}
