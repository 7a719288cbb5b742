using System.Globalization;
using System.Net;

namespace NetPeer;

/// <summary>What the command line asks for.</summary>
/// <param name="Mode">Which server to be.</param>
/// <param name="Listen">Where.</param>
internal sealed record Settings(string Mode, IPEndPoint Listen)
{
    public const int Backlog = 4096;

    public const string Usage =
        """
        usage: NetPeer MODE --listen ADDRESS:PORT [--buffer BYTES] [--each BYTES]
          sockets  echo on Socket, awaiting; DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1 is
                   the runtime's own switch
          kestrel  echo by a ConnectionHandler of Kestrel
        """;

    private static readonly string[] _modes = ["sockets", "kestrel"];

    /// <summary>Each connection's own receive buffer, with sockets.</summary>
    public int Buffer { get; init; } = 4096;

    /// <summary>So many bytes are sent at once at most, with sockets; 0: what was received.</summary>
    public int Each { get; init; }

    /// <exception cref="FormatException">An argument is wrong or missing.</exception>
    public static Settings Parse(string[] arguments)
    {
        if (arguments.Length % 2 == 0 || !_modes.Contains(arguments[0]))
        {
            throw new FormatException("wants a mode, and every option a value");
        }

        var settings = new Settings(arguments[0], new IPEndPoint(IPAddress.Loopback, 0));
        for (int i = 1; i < arguments.Length; i += 2)
        {
            string value = arguments[i + 1];
            settings = arguments[i] switch
            {
                "--listen" => settings with { Listen = IPEndPoint.Parse(value) },
                "--buffer" => settings with { Buffer = Bytes(value) },
                "--each" => settings with { Each = Bytes(value) },
                _ => throw new FormatException($"{arguments[i]} is unknown"),
            };
        }

        return settings;
    }

    private static int Bytes(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0
            ? value
            : throw new FormatException($"'{text}' is no number of bytes");
}
