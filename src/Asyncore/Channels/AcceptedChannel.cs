using System.Net;
using System.Net.Sockets;

namespace Asyncore;

/// <summary>
/// A connection that a listener has accepted and nobody has taken yet. Give it to a channel's constructor, or ask for
/// its <see cref="ToSocket"/>; one that is still here when the handler returns is closed.
/// </summary>
/// <remarks>It costs no <see cref="Socket"/>, which would be eight system calls and half a kilobyte a connection.</remarks>
public sealed class AcceptedChannel
{
    private readonly IoBackend _io;
    private readonly IoHandle _accepted; // knows the address also after somebody has taken the connection
    private IoHandle? _handle;
    private EndPoint? _address;
    private bool _noDelay;

    internal AcceptedChannel(EventLoop loop, IoHandle handle, bool noDelay)
    {
        Loop = loop;
        _io = loop.Io;
        _accepted = handle;
        _handle = handle;
        _noDelay = noDelay;
    }

    /// <summary>The peer's address, also once the connection has been taken; null for most Unix clients.</summary>
    public EndPoint? Address => _address ??= _io.AcceptedFrom(_accepted);

    /// <summary>TCP_NODELAY of the connection; at first as the listener's.</summary>
    /// <exception cref="SocketException">The system refuses.</exception>
    /// <exception cref="InvalidOperationException">The connection has been taken or closed.</exception>
    public bool NoDelay
    {
        get => _noDelay;
        set
        {
            int result = _io.SetNoDelay(Handle, value);
            _noDelay = value;
            Check(result);
        }
    }

    internal EventLoop Loop { get; }

    /// <summary>Sets a socket option by number.</summary>
    /// <param name="level">Where the option belongs.</param>
    /// <param name="name">Which option.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="SocketException">The system refuses.</exception>
    /// <exception cref="InvalidOperationException">The connection has been taken or closed.</exception>
    public void SetOption(SocketOptionLevel level, SocketOptionName name, int value) =>
        Check(_io.SetOption(Handle, level, name, value));

    /// <summary>Switches a socket option on or off.</summary>
    /// <param name="level">Where the option belongs.</param>
    /// <param name="name">Which option.</param>
    /// <param name="value">On or off.</param>
    /// <exception cref="SocketException">The system refuses.</exception>
    /// <exception cref="InvalidOperationException">The connection has been taken or closed.</exception>
    public void SetOption(SocketOptionLevel level, SocketOptionName name, bool value) =>
        SetOption(level, name, value ? 1 : 0);

    /// <summary>Closes the connection, unless it has been taken. Twice is harmless.</summary>
    public void Close()
    {
        if (_handle is { } handle)
        {
            _handle = null;
            _io.Close(handle, abort: false);
        }
    }

    /// <summary>Takes the connection as a socket of the .NET library, non-blocking.</summary>
    /// <exception cref="InvalidOperationException">The connection has been taken or closed.</exception>
    public Socket ToSocket() => _io.GetSocket(Take());

    internal IoHandle Handle => _handle
        ?? throw new InvalidOperationException("The accepted connection has been taken or closed already.");

    internal IoHandle Take()
    {
        IoHandle handle = Handle;
        _handle = null;
        return handle;
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw Errno.ToException(result);
        }
    }
}
