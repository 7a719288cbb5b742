using System.Net.Sockets;

namespace Asyncore;

/// <summary>What a descriptor stands for, as far as reading and writing differ.</summary>
internal enum IoHandleKind : byte
{
    Stream,
    Datagram,

    /// <summary>A pipe, FIFO or other device that can be waited for.</summary>
    Pipe,

    /// <summary>A terminal: its flags are shared with whoever else uses it, so they are never changed.</summary>
    Terminal,

    /// <summary>A regular file, or a device that no poller takes: always ready.</summary>
    File,
}

/// <summary>
/// A descriptor as backends see it. The channel owns it; the loop gives it a slot while it is registered; the
/// backend keeps what it last told the kernel in <see cref="Armed"/>.
/// </summary>
internal sealed class IoHandle
{
    /// <summary>The system's number, or −1 once closed.</summary>
    public int Fd = -1;

    /// <summary>The object that owns the descriptor where somebody gave or asked for one.</summary>
    public Socket? Socket;

    public IoHandleKind Kind;
    public AddressFamily Family = AddressFamily.Unknown;

    /// <summary>Where the loop keeps the channel while it is registered, and which use of that place this is.</summary>
    public int Slot = -1;
    public uint Generation;

    /// <summary>What the poller was last told; <see cref="IoEvents.None"/> where it does not know the descriptor.</summary>
    public IoEvents Armed;

    /// <summary>A place of the backend's own, such as an index into its table.</summary>
    public int BackendIndex = -1;

    /// <summary>O_NONBLOCK as it was found, where we changed it on a description that others share.</summary>
    public bool RestoreBlocking;

    public PeerAddress Peer;

    /// <summary>An error that a backend has asked for, which clears it in the system, and nobody took yet.</summary>
    public SocketError PendingError;

    /// <summary>Urgent data lies there that nobody asked for; select must not be asked about it again.</summary>
    public bool HasUnwantedUrgent;

    /// <summary>
    /// A listener: it is accepted from and not received from. To the select backend it would look hung up while
    /// connections wait.
    /// </summary>
    public bool IsListener;

    /// <summary>What the io_uring backend knows of it while it is in a loop.</summary>
    public UringChannel? Uring;

    /// <summary>A connect has been started, and nobody has heard of the handle since.</summary>
    public bool IsConnecting;

    /// <summary>Our end of the stream has been sent.</summary>
    public bool SentEnd;

    /// <summary>What a backend has received ahead and nobody has read: it is read before anything else.</summary>
    public HeldInput? Held;

    /// <summary>Connections that a backend has accepted ahead and nobody has taken.</summary>
    public Queue<IoHandle>? Accepted;

    private bool _entered;

    /// <summary>Whether there is input that the system does not know of any more.</summary>
    public bool HasHeld => Held is { Length: > 0 } || Accepted is { Count: > 0 };

    public bool IsSocket => Kind is IoHandleKind.Stream or IoHandleKind.Datagram;

    public bool IsOpen => Fd >= 0 || Socket is not null;

    /// <summary>
    /// Whether the <see cref="Socket"/> that owns the descriptor has been disposed behind our back; its number may
    /// belong to somebody else by now.
    /// </summary>
    public bool IsLost => Socket is { SafeHandle.IsClosed: true };

    /// <summary>
    /// The descriptor, held open for one system call, or −1, with which every call fails as EBADF. The reference
    /// lasts until <see cref="Exit"/>, no longer: Dispose, on any thread, waits for references, and one kept while
    /// registered would lock it up.
    /// </summary>
    public int Enter()
    {
        if (Socket is null)
        {
            return Fd;
        }

        try
        {
            Socket.SafeHandle.DangerousAddRef(ref _entered);
            return Fd;
        }
        catch (ObjectDisposedException)
        {
            return -1;
        }
    }

    public void Exit()
    {
        if (_entered)
        {
            _entered = false;
            Socket!.SafeHandle.DangerousRelease();
        }
    }
}
