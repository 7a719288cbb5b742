using System.Runtime.CompilerServices;

namespace Asyncore;

// What ends an item.
public abstract partial class AsyncChat
{
    private Ending _ending;
    private TerminatorMatcher? _matcher;

    /// <summary>What of a terminator has come: the matcher's state.</summary>
    private int _matched;

    /// <summary>Bytes still to come until a count is reached, and the count.</summary>
    private long _counted;
    private long _count;

    private enum Ending : byte
    {
        Never,
        Empty,
        Count,
        Bytes,
        Several,
    }

    /// <summary>
    /// What ends an item: a <c>byte[]</c>, a <c>byte[][]</c>, a <c>long</c> that counts down, or null for nothing, as at
    /// first.
    /// </summary>
    public object? Terminator => _ending switch
    {
        Ending.Empty => Array.Empty<byte>(),
        Ending.Count => _counted,
        Ending.Bytes => _matcher!.Terminators[0].Clone(),
        Ending.Several => Array.ConvertAll(_matcher!.Terminators.ToArray(), static each => (byte[])each.Clone()),
        _ => null,
    };

    /// <summary>Whether a terminator of bytes is left out of the data; true at first.</summary>
    public bool StripTerminator { get; set; } = true;

    /// <summary>
    /// Whether a count, once reached, counts anew. False at first: then what follows is collected without an end, until
    /// a terminator is set.
    /// </summary>
    public bool RepeatTerminator { get; set; }

    /// <summary>An item ends with these bytes; none of them: nothing ends it.</summary>
    /// <param name="terminator">The bytes; copied.</param>
    public void SetTerminator(ReadOnlySpan<byte> terminator)
    {
        Loop.CheckThread();
        if (_ending == Ending.Bytes && terminator.SequenceEqual(_matcher!.Terminators[0]))
        {
            return; // set again, as most programs do at each item: nothing to make anew
        }

        if (terminator.IsEmpty)
        {
            Change(Ending.Empty);
            return;
        }

        Change(Ending.Bytes, Loop.Terminators.Get(terminator));
    }

    /// <summary>An item ends with this text, in <see cref="Encoding"/>; null or nothing: nothing ends it.</summary>
    /// <param name="terminator">The text.</param>
    /// <exception cref="ArgumentException">The encoding does not have all of its characters.</exception>
    [OverloadResolutionPriority(1)]
    public void SetTerminator(string? terminator)
    {
        if (terminator is null)
        {
            ClearTerminator();
            return;
        }

        int most = Encoding.GetMaxByteCount(terminator.Length);
        Span<byte> bytes = most <= 256 ? stackalloc byte[256] : new byte[most];
        bytes = bytes[..Encoding.GetBytes(terminator, bytes)];
        if (!System.Text.Ascii.IsValid(terminator) && Encoding.GetString(bytes) != terminator)
        {
            throw NotEncoded(terminator, nameof(terminator));
        }

        SetTerminator(bytes);
    }

    /// <summary>An item has so many bytes. See <see cref="SetTerminator(long)"/>.</summary>
    /// <param name="count">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below zero.</exception>
    public void SetTerminator(int count) => SetTerminator((long)count);

    /// <summary>
    /// An item has so many bytes; zero: nothing ends it. Counts once, unless <see cref="RepeatTerminator"/>.
    /// </summary>
    /// <param name="count">How many bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is below zero.</exception>
    public void SetTerminator(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Loop.CheckThread();
        Change(Ending.Count);
        _count = _counted = count;
    }

    /// <summary>An item ends with this character, which must be one byte in <see cref="Encoding"/>.</summary>
    /// <param name="terminator">The character.</param>
    /// <exception cref="ArgumentException">The character is more than one byte, or not in the encoding.</exception>
    public void SetTerminator(char terminator)
    {
        // Decoded again, because an encoding may take a letter that looks like it.
        Span<byte> bytes = stackalloc byte[16];
        Span<char> again = stackalloc char[16];
        int count = Encoding.GetBytes([terminator], bytes);
        if (count != 1 || Encoding.GetChars(bytes[..1], again) != 1 || again[0] != terminator)
        {
            throw new ArgumentException(
                $"U+{(int)terminator:X4} is not one byte in {Encoding.WebName}; set it as a string.", nameof(terminator));
        }

        SetTerminator(bytes[..1]);
    }

    /// <summary>An item ends with this byte. (An <c>int</c> would be a count.)</summary>
    /// <param name="terminator">The byte.</param>
    public void SetTerminator(byte terminator) => SetTerminator([terminator]);

    /// <summary>
    /// An item ends with any of these: the one that ends first in the stream, the longest of those that end together.
    /// </summary>
    /// <param name="terminators">The terminators; copied. None: nothing ends an item.</param>
    /// <exception cref="ArgumentException">One of them is null or empty.</exception>
    public void SetTerminators(params ReadOnlySpan<byte[]> terminators)
    {
        Loop.CheckThread();
        if (terminators.IsEmpty)
        {
            ClearTerminator();
            return;
        }

        if (_ending == Ending.Several && _matcher!.Is(terminators))
        {
            return;
        }

        byte[][] copies = new byte[terminators.Length][];
        for (int i = 0; i < copies.Length; i++)
        {
            if (terminators[i] is not { Length: > 0 } bytes)
            {
                throw new ArgumentException("A terminator among several must not be null or empty.", nameof(terminators));
            }

            copies[i] = [.. bytes];
        }

        Change(Ending.Several, Loop.Terminators.Get(copies));
    }

    /// <summary>As <see cref="SetTerminators(ReadOnlySpan{byte[]})"/>, as texts in <see cref="Encoding"/>.</summary>
    /// <param name="terminators">The terminators. None: nothing ends an item.</param>
    /// <exception cref="ArgumentException">
    /// One of them is null or empty, or has characters that the encoding does not have.
    /// </exception>
    public void SetTerminators(params ReadOnlySpan<string> terminators)
    {
        byte[][] bytes = new byte[terminators.Length][];
        for (int i = 0; i < bytes.Length; i++)
        {
            string each = terminators[i] ?? string.Empty;
            bytes[i] = Encoding.GetBytes(each);
            if (Encoding.GetString(bytes[i]) != each)
            {
                throw NotEncoded(each, nameof(terminators));
            }
        }

        SetTerminators(bytes);
    }

    /// <summary>Nothing ends an item: whatever comes is collected.</summary>
    public void ClearTerminator()
    {
        Loop.CheckThread();
        Change(Ending.Never);
    }

    private ArgumentException NotEncoded(string terminator, string name) => new(
        $"{Encoding.WebName} does not have all characters of '{terminator}'; set another {nameof(Encoding)} first.", name);

    // Applies to everything not yet delivered, and so to what was held back for the old one.
    private void Change(Ending ending, TerminatorMatcher? matcher = null)
    {
        if (_matched != 0)
        {
            PutBack(_matcher!.HeldBack(_matched));
            _matched = 0;
        }

        _ending = ending;
        _matcher = matcher;
        _counted = 0;
        if (matcher is null)
        {
            _skipping = false;
            _lineLength = 0; // lines are counted where a terminator of bytes is set
        }
    }
}
