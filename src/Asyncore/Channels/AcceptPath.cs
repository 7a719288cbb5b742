using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Asyncore;

/// <summary>
/// Loads, before a listener listens, all that accepting and reporting a failure to accept need. The runtime loads an
/// assembly when its code first runs, which takes a descriptor; where there is none it throws, then and for ever after,
/// as it remembers what it could not find.
/// </summary>
internal static class AcceptPath
{
    private static readonly ConcurrentDictionary<Assembly, bool> _loaded = new();

    /// <summary>Loads what the library needs, and what the program and the listener's own assembly refer to.</summary>
    public static void Load(Type listener)
    {
        if (_loaded.TryAdd(typeof(AcceptPath).Assembly, true))
        {
            LoadReferences(typeof(AcceptPath).Assembly);
            LoadReferences(typeof(ILogger).Assembly);
            if (Assembly.GetEntryAssembly() is { } program && _loaded.TryAdd(program, true))
            {
                LoadReferences(program);
            }

            WalkThrough();
        }

        if (_loaded.TryAdd(listener.Assembly, true))
        {
            LoadReferences(listener.Assembly);
        }
    }

    [UnconditionalSuppressMessage(
        "Trimming", "IL2026", Justification = "A reference that has been trimmed away is not needed.")]
    private static void LoadReferences(Assembly assembly)
    {
        foreach (AssemblyName name in assembly.GetReferencedAssemblies())
        {
            try
            {
                Assembly.Load(name);
            }
            catch (Exception error) when (error is IOException or BadImageFormatException or NotSupportedException)
            {
                // Whoever needs it will say so.
            }
        }
    }

    // What loads more than we refer to ourselves.
    private static void WalkThrough()
    {
        // The text of the very error, an address as text, and a stack trace with its file names.
        _ = Errno.ToException(SocketError.TooManyOpenSockets).Message;
        _ = new IPEndPoint(IPAddress.IPv6Loopback, 1).ToString();
        try
        {
            throw Errno.ToException(SocketError.TooManyOpenSockets);
        }
        catch (SocketException error)
        {
            _ = new System.Diagnostics.StackTrace(error, fNeedFileInfo: true).ToString();
        }

        Console.Error.Write(string.Empty);
        Console.Error.Flush();

        // A Socket made and dropped, as the two-argument HandleAccepted would.
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Blocking = false;
        _ = socket.Poll(0, SelectMode.SelectRead);
    }
}
