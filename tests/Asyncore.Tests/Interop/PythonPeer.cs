using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;

namespace Asyncore.Tests.Interop;

/// <summary>The programs on Python's asyncore.</summary>
internal static class PythonPeer
{
    private const string Folder = "tests/Asyncore.Tests/Interop/Python";

    /// <summary>Starts one, by its name without <c>.py</c>.</summary>
    public static Peer Start(string name, params IEnumerable<string> arguments)
    {
        Peer peer = StartDialogue(name, arguments);
        peer.Feed();
        return peer;
    }

    /// <summary>Starts one that reads from its input what to do.</summary>
    public static Peer StartDialogue(string name, params IEnumerable<string> arguments) =>

        // No warning that asyncore will go, and no compiled files among the sources.
        Peer.Start(Programs.Python, ["-W", "ignore", "-B", Repository.PathOf($"{Folder}/{name}.py"), .. arguments]);

    /// <summary>Waits until a server listens.</summary>
    public static EndPoint ReadAddress(this Peer server, AddressFamily family, EndPoint path) =>
        Peer.Await(server.Output.Find(@"listening on (?<port>\S+)\n")).AddressOf(family, path);
}
