using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Asyncore;

/// <summary>
/// A chat for protocols of a command per line: a word and its arguments, answered by lines. A line ends with LF, with or
/// without CR before it; answers end with CR LF.
/// </summary>
public abstract class LineChat : AsyncChat
{
    private const int DefaultMaxLineLength = 8192;

    private static readonly byte[][] _lineEnds = ["\r\n"u8.ToArray(), "\n"u8.ToArray()];

    /// <inheritdoc cref="Dispatcher(Socket?, EventLoop?)"/>
    [OverloadResolutionPriority(1)]
    protected LineChat(Socket? socket = null, EventLoop? loop = null)
        : base(socket, loop) => Begin();

    /// <inheritdoc cref="Dispatcher(AcceptedChannel, EventLoop?)"/>
    protected LineChat(AcceptedChannel accepted, EventLoop? loop = null)
        : base(accepted, loop) => Begin();

    /// <summary>Sends a line in <see cref="AsyncChat.Encoding"/>, and CR LF.</summary>
    /// <param name="line">The line.</param>
    /// <exception cref="ArgumentException">It has a CR or LF in it, and so would be more than one.</exception>
    public void Reply(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (line.AsSpan().ContainsAny('\r', '\n'))
        {
            throw new ArgumentException("A line must not have a CR or LF in it.", nameof(line));
        }

        PushText(line, "\r\n"u8);
    }

    /// <summary>Hands the line over.</summary>
    protected internal override void FoundTerminator()
    {
        byte[] line = GetData(); // the handler may discard the input, or collect anew
        HandleLine(line);
    }

    /// <summary>
    /// A line has come. By default it is decoded and cut at the first blanks, for <see cref="HandleCommand"/>; a line
    /// that is empty or blank is passed over.
    /// </summary>
    /// <param name="line">Its bytes, without the end.</param>
    protected internal virtual void HandleLine(ReadOnlySpan<byte> line)
    {
        string text = Encoding.GetString(line).Trim(' ', '\t');
        int end = text.AsSpan().IndexOfAny(' ', '\t');
        if (end < 0)
        {
            end = text.Length;
        }

        if (end > 0)
        {
            HandleCommand(text[..end], text[end..].TrimStart(' ', '\t'));
        }
    }

    /// <summary>A command has come. By default nothing happens.</summary>
    /// <param name="command">The first word, as it was written.</param>
    /// <param name="arguments">The rest of the line, without the blanks around it; may be empty.</param>
    protected internal virtual void HandleCommand(string command, string arguments)
    {
    }

    private void Begin()
    {
        SetTerminators(_lineEnds);
        MaxLineLength = DefaultMaxLineLength;
    }
}
