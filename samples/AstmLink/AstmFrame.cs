using System.Buffers;
using System.Globalization;

/// <summary>The control characters, and the times and counts, of ASTM E1381-95 (CLSI LIS1-A).</summary>
internal static class Astm
{
    public const byte Stx = 0x02;
    public const byte Etx = 0x03;
    public const byte Eot = 0x04;
    public const byte Enq = 0x05;
    public const byte Ack = 0x06;
    public const byte Lf = 0x0A;
    public const byte Cr = 0x0D;
    public const byte Nak = 0x15;
    public const byte Etb = 0x17;

    /// <summary>The longest text of a frame: E1381-95.</summary>
    public const int MaxText = 240;

    /// <summary>The longest text of a frame: LIS1-A.</summary>
    public const int MaxTextOfLis1 = 63_993;

    /// <summary>How often one frame is sent again before the sender gives up.</summary>
    public const int MaxRetransmissions = 6;

    /// <summary>How long a sender waits for the reply to ENQ or to a frame.</summary>
    public static readonly TimeSpan ReplyTime = TimeSpan.FromSeconds(15);

    /// <summary>How long a receiver waits for the next frame, or for EOT.</summary>
    public static readonly TimeSpan FrameTime = TimeSpan.FromSeconds(30);

    /// <summary>How long a sender lets a receiver be that answered ENQ with NAK: it is busy.</summary>
    public static readonly TimeSpan BusyTime = TimeSpan.FromSeconds(10);

    /// <summary>How long an instrument waits that was answered ENQ by ENQ: it has priority.</summary>
    public static readonly TimeSpan InstrumentContentionTime = TimeSpan.FromSeconds(1);

    /// <summary>How long the host waits then, so that the instrument's next ENQ comes first.</summary>
    public static readonly TimeSpan HostContentionTime = TimeSpan.FromSeconds(20);

    /// <summary>How long a sender leaves the line to a receiver that has asked for it by EOT.</summary>
    public static readonly TimeSpan InterruptTime = TimeSpan.FromSeconds(15);
}

/// <summary>A piece of a message: <c>STX number text ETB|ETX C1 C2 CR LF</c>.</summary>
/// <param name="Number">1 to 7, 0, 1, …: it tells a repeated frame from the next one.</param>
/// <param name="Text">At most <see cref="Astm.MaxText"/> bytes, or what the two sides agree on.</param>
/// <param name="IsLast">Whether the message ends with it: ETX; more of it follows an ETB.</param>
internal readonly record struct AstmFrame(int Number, ReadOnlyMemory<byte> Text, bool IsLast)
{
    /// <summary>What a frame has besides its text.</summary>
    public const int Overhead = 7;

    // SOH STX ETX EOT ENQ ACK LF DLE DC1-DC4 NAK SYN ETB: what the link itself is spoken in. CR is not among them: it
    // ends the records of a message.
    private static readonly SearchValues<byte> _restricted = SearchValues.Create(
        [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17]);

    /// <summary>The place of the first byte that must not be in a text; below zero where there is none.</summary>
    public static int IndexOfRestricted(ReadOnlySpan<byte> text) => text.IndexOfAny(_restricted);

    /// <summary>The number after this one.</summary>
    public static int Next(int number) => (number + 1) % 8;

    /// <summary>Reads a frame.</summary>
    /// <param name="bytes">All of it, from STX to LF.</param>
    /// <param name="maxText">The longest text that is taken.</param>
    /// <param name="frame">The frame; its text is a part of the bytes given.</param>
    /// <returns>Null, or else what is wrong with it.</returns>
    public static string? Decode(ReadOnlyMemory<byte> bytes, int maxText, out AstmFrame frame)
    {
        frame = default;
        ReadOnlySpan<byte> all = bytes.Span;
        if (all.Length > maxText + Overhead)
        {
            return "it is too long";
        }

        if (all is not [Astm.Stx, >= (byte)'0' and <= (byte)'7', .., Astm.Etb or Astm.Etx, _, _, Astm.Cr, Astm.Lf])
        {
            return "it is not STX, number, text, ETB or ETX, checksum, CR, LF";
        }

        Span<byte> checksum = stackalloc byte[2];
        WriteChecksum(all[1..^4], checksum);
        if (!all[^4..^2].SequenceEqual(checksum))
        {
            return "its checksum is another";
        }

        if (IndexOfRestricted(all[2..^5]) >= 0)
        {
            return "a restricted character is in it";
        }

        frame = new AstmFrame(all[1] - '0', bytes[2..^5], all[^5] == Astm.Etx);
        return null;
    }

    /// <summary>The frame as it is sent.</summary>
    public byte[] Encode()
    {
        byte[] bytes = new byte[Text.Length + Overhead];
        bytes[0] = Astm.Stx;
        bytes[1] = (byte)('0' + Number);
        Text.Span.CopyTo(bytes.AsSpan(2));
        bytes[^5] = IsLast ? Astm.Etx : Astm.Etb;
        WriteChecksum(bytes.AsSpan(1..^4), bytes.AsSpan(^4..^2));
        bytes[^2] = Astm.Cr;
        bytes[^1] = Astm.Lf;
        return bytes;
    }

    // The sum of the bytes from the number to ETB or ETX, modulo 256, as two digits: A to F, never a to f.
    private static void WriteChecksum(ReadOnlySpan<byte> bytes, Span<byte> digits)
    {
        byte sum = 0;
        foreach (byte each in bytes)
        {
            sum = unchecked((byte)(sum + each));
        }

        sum.TryFormat(digits, out _, "X2", CultureInfo.InvariantCulture);
    }
}
