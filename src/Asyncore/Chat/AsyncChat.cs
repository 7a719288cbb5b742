using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace Asyncore;

/// <summary>
/// A channel for conversations: say what ends an item (<see cref="SetTerminator(string?)"/>), be called when one is there
/// (<see cref="FoundTerminator"/>), push answers (<see cref="Push(ReadOnlySpan{byte})"/>). Python's
/// <c>asynchat.async_chat</c> and <c>astm.asynclib.AsyncChat</c>.
/// </summary>
/// <remarks>
/// However the network cuts the stream, the same items come out, in time linear in its length. Handlers run on the
/// loop's thread, and none inside <c>Push</c>, <c>CloseWhenDone</c> or a constructor.
/// </remarks>
public abstract partial class AsyncChat : DispatcherWithSend
{
    private const int DefaultBufferSize = 256 * 1024;

    /// <inheritdoc cref="Dispatcher(Socket?, EventLoop?)"/>
    [OverloadResolutionPriority(1)]
    protected AsyncChat(Socket? socket = null, EventLoop? loop = null)
        : base(socket, loop)
    {
    }

    /// <inheritdoc cref="Dispatcher(AcceptedChannel, EventLoop?)"/>
    protected AsyncChat(AcceptedChannel accepted, EventLoop? loop = null)
        : base(accepted, loop)
    {
    }

    /// <summary>
    /// Bytes taken at once from the system at most; 256 KiB at first. More than the loop's
    /// <see cref="EventLoopOptions.ReceiveBufferSize"/> makes the loop's one buffer larger.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public int InBufferSize
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    }

    = DefaultBufferSize;

    /// <summary>Bytes given at once to the system at most. 256 KiB at first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below one.</exception>
    public int OutBufferSize
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    }

    = DefaultBufferSize;

    /// <summary>
    /// How text is turned into bytes and back; Latin-1 at first. What an encoding does with characters it does not have
    /// is its own setting: .NET's Latin-1 takes a letter that looks like it, or a question mark. One that is to throw is
    /// made by <see cref="Encoding.GetEncoding(string, EncoderFallback, DecoderFallback)"/>.
    /// </summary>
    /// <exception cref="ArgumentNullException">The value is null.</exception>
    public Encoding Encoding
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            field = value;
        }
    }

    = Encoding.Latin1;

    /// <summary>
    /// How long a prefix of the needle the haystack ends with, the whole needle not counting.
    /// </summary>
    /// <param name="haystack">Where to look.</param>
    /// <param name="needle">What for.</param>
    /// <returns>The length of the longest such prefix; 0 where there is none.</returns>
    public static int FindPrefixAtEnd(ReadOnlySpan<byte> haystack, ReadOnlySpan<byte> needle)
    {
        int length = Math.Min(needle.Length - 1, haystack.Length);
        while (length > 0 && !haystack.EndsWith(needle[..length]))
        {
            length--;
        }

        return Math.Max(length, 0);
    }

    /// <summary>Closes the channel, without a word in the log.</summary>
    protected internal override void HandleClose() => Close();
}
