using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// The one seam below the loop: it waits, and it does the I/O. It knows handles and slots and never a handler.
/// </summary>
/// <remarks>
/// Because receiving, sending, accepting and connecting go through here too, a backend may make the call
/// (epoll, poll), have made it already (io_uring), or answer from memory (a simulated network), and the channels
/// above never know. Results are a value from zero up, or a negated <see cref="SocketError"/>. All calls come from
/// the loop's thread, save <see cref="Wake"/>.
/// </remarks>
internal abstract class IoBackend : IDisposable
{
    public abstract IoBackendKind Kind { get; }

    // Waiting

    /// <summary>
    /// Tells the poller what a handle wants from now on: the only way in, out or to a change.
    /// Does nothing where it is told that already.
    /// </summary>
    /// <returns>Zero; <see cref="CannotWait"/> where no poller takes this descriptor; or an error.</returns>
    public abstract int SetInterest(IoHandle handle, IoEvents wanted);

    /// <summary>What <see cref="SetInterest"/> answers for a regular file.</summary>
    public const int CannotWait = 1;

    /// <summary>Waits for events, at most so many milliseconds; −1 waits as long as it takes.</summary>
    /// <returns>How many events there are, or <see cref="Interrupted"/> where a signal cut the wait short.</returns>
    public abstract int Wait(Span<IoEvent> events, int timeoutMilliseconds);

    public const int Interrupted = -1;

    /// <summary>
    /// Whether input that was received ahead (<see cref="IoHandle.HasHeld"/>) is reported as events by <see cref="Wait"/>.
    /// </summary>
    public virtual bool ReportsHeld => false;

    /// <summary>
    /// The loop's thread leaves: what it asked for is handed to the system now, as there may be no next
    /// <see cref="Wait"/>.
    /// </summary>
    public virtual void Leave()
    {
    }

    /// <summary>Ends a wait that is going on or about to start. From any thread.</summary>
    public abstract void Wake();

    // Opening and closing

    public abstract IoHandle Open(AddressFamily family, SocketType type);

    /// <summary>Takes over a socket that was made elsewhere; it is made non-blocking.</summary>
    public abstract IoHandle Adopt(Socket socket);

    /// <summary>Takes over a duplicated descriptor that is not a socket.</summary>
    public abstract IoHandle AdoptFile(int fd, IoHandleKind kind);

    /// <summary>Takes over a handle that another loop's backend made.</summary>
    public abstract void Adopt(IoHandle handle);

    /// <summary>Whether it may be given a handle of another loop's; what is no descriptor means nothing to the system.</summary>
    public virtual bool CanAdopt(IoHandle handle, IoBackend from) => from.HasDescriptors;

    /// <summary>Leaves the poller, then closes. Dropping what the kernel still has is the caller's wish.</summary>
    public abstract void Close(IoHandle handle, bool abort);

    /// <summary>The handle as an object of the .NET library, which owns the descriptor from then on.</summary>
    public abstract Socket GetSocket(IoHandle handle);

    // Addresses and options

    public abstract int Bind(IoHandle handle, EndPoint address);

    public abstract int Listen(IoHandle handle, int backlog);

    /// <returns>Zero when connected at once, else an error; in progress is one.</returns>
    public abstract int Connect(IoHandle handle, EndPoint address);

    /// <summary>Whether a handle whose connect failed may try again, or a new one is needed.</summary>
    public abstract bool CanReconnect { get; }

    /// <summary>Whether its handles are descriptors, of which the process may run out.</summary>
    public virtual bool HasDescriptors => true;

    /// <summary>Somebody's code has thrown, and nobody has dealt with it.</summary>
    /// <param name="error">What was thrown.</param>
    /// <param name="isExpected">Whether it may be the network's doing, which ends a channel.</param>
    public virtual void NoteUncaught(Exception error, bool isExpected)
    {
    }

    /// <summary>What waits are measured by: the system's clock, whatever timers go by, as it is the system that waits.</summary>
    public virtual TimeProvider WaitClock => TimeProvider.System;

    public abstract EndPoint? LocalAddress(IoHandle handle);

    public abstract EndPoint? RemoteAddress(IoHandle handle);

    /// <summary>The peer's address as accepting gave it; null where it has none, or nothing was accepted.</summary>
    public EndPoint? AcceptedFrom(IoHandle handle) =>
        handle.Peer.IsElsewhere ? RemoteAddress(handle) : handle.Peer.ToEndPoint();

    public abstract int SetReuseAddress(IoHandle handle);

    /// <summary>Lets other listeners that ask for it have the same port, and the system share connections out.</summary>
    public virtual int SetReusePort(IoHandle handle) => -(int)SocketError.OperationNotSupported;

    public abstract int SetNoDelay(IoHandle handle, bool on);

    public abstract int SetOption(IoHandle handle, SocketOptionLevel level, SocketOptionName name, int value);

    public abstract int SetDualMode(IoHandle handle, bool on);

    /// <summary>What a socket that came from elsewhere is: listening, connected, both gone, or fresh.</summary>
    public abstract SocketCondition Examine(IoHandle handle);

    // I/O

    /// <returns>Zero and the accepted handle, or an error.</returns>
    public abstract int Accept(IoHandle listener, out IoHandle? accepted);

    /// <summary>Whether a listener has a connection waiting, asked without taking it.</summary>
    public abstract bool HasWaiting(IoHandle listener);

    public abstract int Recv(IoHandle handle, Span<byte> buffer, SocketFlags flags);

    public abstract int Send(IoHandle handle, ReadOnlySpan<byte> data);

    /// <summary>Sends segments in order, as one gathered write where the system can.</summary>
    public abstract int Send(IoHandle handle, ReadOnlySpan<ReadOnlyMemory<byte>> segments);

    /// <summary>
    /// Looks at what has been received where it lies, and takes it. Only backends that receive ahead have any; the others
    /// are asked by <see cref="Recv"/>.
    /// </summary>
    /// <returns>Good until the next call of this or of <see cref="Recv"/>, and no longer than the next wait.</returns>
    public virtual ReadOnlySpan<byte> View(IoHandle handle, int limit) => default;

    /// <summary>
    /// Puts a send into the batch that leaves with the next <see cref="Wait"/>. It takes what the system takes then and
    /// waits for nothing.
    /// </summary>
    /// <param name="handle">The connection; it has no other send in the batch.</param>
    /// <param name="data">Bytes that neither move nor change until the batch has left.</param>
    /// <returns>Whether it was taken; where not, <see cref="Send(IoHandle, ReadOnlySpan{byte})"/> has to do.</returns>
    public virtual bool TryBatchSend(IoHandle handle, ReadOnlySpan<byte> data) => false;

    /// <summary>Takes a send out of the batch.</summary>
    /// <param name="handle">The connection.</param>
    /// <param name="outcome">What became of it.</param>
    /// <returns>Whether it had left already, so that there is an outcome.</returns>
    public virtual bool WithdrawSend(IoHandle handle, out SendOutcome outcome) =>
        throw new NotSupportedException();

    /// <summary>Whether sends are in the batch that nobody has been told the outcome of.</summary>
    public virtual bool HasBatch => false;

    /// <summary>The outcomes of the batch that has left; good until the next send is put into one.</summary>
    public virtual ReadOnlySpan<SendOutcome> TakeOutcomes() => default;

    /// <summary>Whether <see cref="SendFile"/> works: the system can send from a file without our reading it.</summary>
    public virtual bool CanSendFile => false;

    /// <summary>Sends from a file.</summary>
    /// <returns>The bytes sent; 0 where the file ends before the offset.</returns>
    public virtual int SendFile(IoHandle handle, SafeHandle file, long offset, int count) =>
        throw new NotSupportedException();

    /// <summary>An empty pipe to move bytes through; null where the system, or this way of waiting, has none.</summary>
    public virtual SplicePipe? RentPipe() => null;

    /// <summary>Gives a pipe back; what is in it is dropped.</summary>
    public virtual void Return(SplicePipe pipe) => throw new NotSupportedException();

    /// <summary>Receives into a pipe.</summary>
    /// <returns>The bytes, 0 at the end of the stream, or an error.</returns>
    public virtual int SpliceIn(IoHandle handle, SplicePipe pipe, int count) => throw new NotSupportedException();

    /// <summary>Sends what is in a pipe.</summary>
    /// <returns>The bytes, or an error.</returns>
    public virtual int SpliceOut(IoHandle handle, SplicePipe pipe) => throw new NotSupportedException();

    public abstract int ShutdownSend(IoHandle handle);

    /// <summary>The pending error, which is thereby cleared.</summary>
    public abstract SocketError TakeError(IoHandle handle);

    /// <summary>How many bytes the kernel holds for this handle that have not been read.</summary>
    public abstract int Unread(IoHandle handle);

    /// <summary>
    /// How many bytes the kernel has taken that the peer's has not acknowledged, the stream's end counting as one; 0
    /// where nobody can tell.
    /// </summary>
    public virtual int Unacknowledged(IoHandle handle) => SendQueue.Count(handle);

    // Names

    /// <summary>Resolves a name at once and in place.</summary>
    /// <exception cref="SocketException">It is unknown.</exception>
    public virtual IPAddress[] ResolveNow(string name, AddressFamily family) => Dns.GetHostAddresses(name, family);

    /// <summary>Resolves a name by a way of its own; the answer comes on the loop.</summary>
    /// <returns>False where there is none: the system is asked then.</returns>
    public virtual bool Resolve(string name, AddressFamily family, Action<IPAddress[], SocketException?> resolved) => false;

    /// <summary>Removes the path that a Unix socket has made.</summary>
    public virtual void RemovePath(string path) => File.Delete(path);

    public abstract void Dispose();
}

/// <summary>What became of a send in a batch: whose, how much it offered, and the bytes taken or the negated error.</summary>
internal readonly record struct SendOutcome(int Slot, uint Generation, int Offered, int Result);

/// <summary>What <see cref="IoBackend.Examine"/> finds.</summary>
internal enum SocketCondition
{
    Fresh,
    Listening,
    Connected,
}
