using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// The one place that reads errno, and the map from Linux numbers to <see cref="SocketError"/>, the vocabulary
/// that all backends share. A call's result is a value from zero up, or the error's number negated.
/// </summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EINPROGRESS = 115;

    // An errno without a SocketError of its own travels as this plus the errno, so that the message survives.
    private const int UnmappedBase = 1_000_000;

    /// <summary>The thread's errno; only meaningful directly after a call that returned −1.</summary>
    public static int Last => Marshal.GetLastSystemError();

    /// <summary>The negated <see cref="SocketError"/> of the call that has just returned −1.</summary>
    public static int LastResult() => -(int)ToSocketError(Last);

    /// <summary>A call's return value as it is, or the negated error where it was −1.</summary>
    public static int Result(nint returned) => returned >= 0 ? (int)returned : LastResult();

    public static SocketError ToSocketError(int errno) => errno switch
    {
        0 => SocketError.Success,
        EPERM or 13 => SocketError.AccessDenied,
        EINTR => SocketError.Interrupted,
        9 => SocketError.OperationAborted, // EBADF: the descriptor has been closed by somebody else
        EAGAIN => SocketError.WouldBlock,
        ENOMEM or 105 => SocketError.NoBufferSpaceAvailable,
        14 => SocketError.Fault,
        22 => SocketError.InvalidArgument,
        23 or 24 => SocketError.TooManyOpenSockets,
        32 => SocketError.Shutdown, // EPIPE
        88 => SocketError.NotSocket,
        89 => SocketError.DestinationAddressRequired,
        90 => SocketError.MessageSize,
        91 => SocketError.ProtocolType,
        92 => SocketError.ProtocolOption,
        93 => SocketError.ProtocolNotSupported,
        94 => SocketError.SocketNotSupported,
        95 => SocketError.OperationNotSupported,
        96 => SocketError.ProtocolFamilyNotSupported,
        97 => SocketError.AddressFamilyNotSupported,
        98 => SocketError.AddressAlreadyInUse,
        99 => SocketError.AddressNotAvailable,
        100 => SocketError.NetworkDown,
        101 => SocketError.NetworkUnreachable,
        102 => SocketError.NetworkReset,
        103 => SocketError.ConnectionAborted,
        104 => SocketError.ConnectionReset,
        106 => SocketError.IsConnected,
        107 => SocketError.NotConnected,
        108 => SocketError.Disconnecting, // ESHUTDOWN
        110 => SocketError.TimedOut,
        111 => SocketError.ConnectionRefused,
        112 => SocketError.HostDown,
        113 => SocketError.HostUnreachable,
        114 => SocketError.AlreadyInProgress,
        EINPROGRESS => SocketError.InProgress,
        _ => (SocketError)(UnmappedBase + errno),
    };

    /// <summary>The exception for an error, with the system's own words.</summary>
    public static SocketException ToException(SocketError error)
    {
        if (error == SocketError.TooManyOpenSockets)
        {
            return new SocketException((int)error, "Too many open files"); // the library's words blame the whole system
        }

        if ((int)error < UnmappedBase)
        {
            return new SocketException((int)error);
        }

        // The .NET library calls a Unix path that is not there "address not available", and so do we.
        int errno = (int)error - UnmappedBase;
        SocketError nearest = errno == ENOENT ? SocketError.AddressNotAvailable : SocketError.SocketError;
        return new SocketException((int)nearest, Marshal.GetPInvokeErrorMessage(errno));
    }

    /// <summary>The exception for a negative result.</summary>
    public static SocketException ToException(int result) => ToException((SocketError)(-result));

    /// <summary>Whether reading or writing said that there is nobody at the other end any more.</summary>
    /// <remarks>
    /// CPython's list (ECONNRESET, ENOTCONN, ESHUTDOWN, ECONNABORTED, EPIPE, EBADF) and what it forgot: a network
    /// that fails under an open connection ends it just as surely.
    /// </remarks>
    public static bool IsDisconnected(SocketError error) => error is SocketError.ConnectionReset
        or SocketError.NotConnected or SocketError.Disconnecting or SocketError.ConnectionAborted
        or SocketError.Shutdown or SocketError.OperationAborted or SocketError.TimedOut
        or SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.NetworkDown
        or SocketError.NetworkReset or SocketError.HostDown;

    public static bool IsWouldBlock(SocketError error) => error is SocketError.WouldBlock or SocketError.TryAgain;

    /// <summary>Whether an accept failed because the process or the system has run out of something.</summary>
    public static bool IsShortage(SocketError error) =>
        error is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;
}
