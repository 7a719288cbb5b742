using System.Net;
using System.Net.Sockets;

namespace Asyncore.Forwarding;

/// <summary>An address cannot be listened at, or not for the targets that it has.</summary>
public sealed class ForwardListenException : IOException
{
    /// <summary>Says which and why.</summary>
    /// <param name="address">The address.</param>
    /// <param name="error">Why.</param>
    public ForwardListenException(EndPoint address, SocketException error)
        : base($"cannot listen on {EndPointText.Format(address)}: {(error ?? throw new ArgumentNullException(nameof(error))).Message}", error) =>
        Address = address;

    /// <summary>Says that a target is the listener itself: each connection would make the next, without end.</summary>
    /// <param name="address">The listener's address.</param>
    /// <param name="target">The target.</param>
    public ForwardListenException(EndPoint address, EndPoint target)
        : base($"cannot forward {EndPointText.Format(address)} to {EndPointText.Format(target)}: it would connect to itself") =>
        Address = address;

    /// <summary>The address.</summary>
    public EndPoint Address { get; }
}
