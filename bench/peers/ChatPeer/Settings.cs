using System.Globalization;
using System.Net;
using Asyncore;

namespace ChatPeer;

/// <summary>What the command line asks for.</summary>
/// <param name="Mode">Which server to be.</param>
/// <param name="Listen">Where.</param>
internal sealed record Settings(string Mode, IPEndPoint Listen)
{
    public const string Usage =
        """
        usage: ChatPeer MODE --listen ADDRESS:PORT [--backend NAME] [--buffer BYTES] [--total BYTES] [--size BYTES]
          lines   sends back each line in two pushes, the line and its end
          item    collects an item of --total bytes that ends with CR LF . CR LF, and answers +
          items   the same bytes in lines of --size
          bytes   receives as many bytes on a plain Dispatcher, without looking at them
          room    sends each line to every member; greets a member with +
          sends   echo on a plain channel, a Send for each --size bytes
        """;

    private static readonly string[] _modes = ["lines", "item", "items", "bytes", "room", "sends"];

    /// <summary>How the loop waits.</summary>
    public IoBackendKind Backend { get; init; } = IoBackendKind.Epoll;

    /// <summary>The most bytes taken at once; the library's own default.</summary>
    public int Buffer { get; init; } = 256 * 1024;

    /// <summary>Bytes of an upload, terminators and all; the load generator's own default.</summary>
    public long Total { get; init; } = 1 << 30;

    /// <summary>Bytes of a line, its end and all.</summary>
    public int Size { get; init; } = 64;

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
                "--backend" => settings with { Backend = ParseBackend(value) },
                "--buffer" => settings with { Buffer = (int)Whole(value, int.MaxValue) },
                "--total" => settings with { Total = Whole(value, long.MaxValue) },
                "--size" => settings with { Size = (int)Whole(value, int.MaxValue) },
                _ => throw new FormatException($"{arguments[i]} is unknown"),
            };
        }

        return settings;
    }

    /// <summary>A loop on the backend that was asked for.</summary>
    /// <exception cref="PlatformNotSupportedException">It is not to be had here.</exception>
    public EventLoop MakeLoop()
    {
        var loop = new EventLoop(new EventLoopOptions
        {
            Backend = Backend,
            ReceiveBufferSize = Math.Max(Buffer, new EventLoopOptions().ReceiveBufferSize),
        });
        _ = loop.Backend; // found out now, not when the first client comes
        return loop;
    }

    private static IoBackendKind ParseBackend(string text) => text switch
    {
        "epoll" => IoBackendKind.Epoll,
        "io_uring" => IoBackendKind.IoUring,
        "poll" => IoBackendKind.Poll,
        _ => throw new FormatException($"'{text}' is no backend: epoll, io_uring or poll"),
    };

    private static long Whole(string text, long most) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value > 0 && value <= most
            ? value
            : throw new FormatException($"'{text}' is no number of bytes");
}
