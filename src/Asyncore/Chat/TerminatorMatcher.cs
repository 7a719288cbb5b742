using System.Buffers;
using System.Runtime.CompilerServices;

namespace Asyncore;

/// <summary>
/// Finds the first of several terminators in a stream that comes in pieces. It is immutable and shared; what a stream
/// has matched so far is one number, its state, so that nothing is ever searched twice.
/// </summary>
/// <remarks>
/// An Aho–Corasick automaton (CACM 18, 1975): each state is a prefix of a terminator, and the longest one that the
/// stream ends with at the moment. Where the state is zero, nothing is pending, and the next byte that matters is looked
/// for by vectorised search. The terminator that ends first wins, and the longest of those that end together.
/// </remarks>
internal sealed class TerminatorMatcher
{
    // Up to here IndexOf compares at most so many bytes per position, whatever the data; a longer terminator could be
    // made to cost its length for every byte, so it goes through the automaton.
    private const int MaxSearched = 8;

    private readonly byte[][] _terminators;
    private readonly List<State> _states = [new State { Sibling = -1 }];
    private readonly SearchValues<byte> _firstBytes;
    private readonly byte[]? _searched;

    // The only terminator where that is one byte; else −1.
    private readonly int _single;

    /// <summary>Makes a matcher.</summary>
    /// <param name="terminators">One at least, none of them empty; they are not copied and must not change.</param>
    public TerminatorMatcher(byte[][] terminators)
    {
        _terminators = terminators;
        _searched = terminators is [{ Length: <= MaxSearched } only] ? only : null;
        _single = _searched is [var single] ? single : -1;
        for (int i = 0; i < terminators.Length; i++)
        {
            AddPath(i);
        }

        LinkFallbacks();
        _firstBytes = SearchValues.Create(terminators.Select(each => each[0]).Distinct().ToArray());
    }

    /// <summary>The terminators.</summary>
    public ReadOnlySpan<byte[]> Terminators => _terminators;

    /// <summary>Whether these are its terminators, in this order.</summary>
    public bool Is(ReadOnlySpan<byte[]> terminators)
    {
        bool same = _terminators.Length == terminators.Length;
        for (int i = 0; same && i < terminators.Length; i++)
        {
            same = _terminators[i].AsSpan().SequenceEqual(terminators[i]);
        }

        return same;
    }

    /// <summary>What a state holds back: bytes that came last and may be the beginning of a terminator.</summary>
    public ReadOnlySpan<byte> HeldBack(int state) => _terminators[_states[state].Terminator].AsSpan(0, _states[state].Depth);

    /// <summary>Looks for the end of a terminator.</summary>
    /// <param name="data">The next bytes of the stream.</param>
    /// <param name="state">
    /// The stream's state, zero at first; zero again after a terminator.
    /// </param>
    /// <param name="length">
    /// The length of the terminator found, which may have begun in earlier data; 0 where none ends here.
    /// </param>
    /// <returns>How many bytes of the data are before the terminator's end, it included; all where none ends here.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)] // the path of a single byte, of which nothing is ever held back
    public int Find(ReadOnlySpan<byte> data, ref int state, out int length)
    {
        if (_single < 0)
        {
            return FindLonger(data, ref state, out length);
        }

        int found = data.IndexOf((byte)_single);
        length = found < 0 ? 0 : 1;
        return found < 0 ? data.Length : found + 1;
    }

    // Any others: more bytes than one, or more terminators.
    private int FindLonger(ReadOnlySpan<byte> data, ref int state, out int length)
    {
        if (state == 0 && _searched is { } searched)
        {
            // One short terminator from the start: what nearly every search is.
            int found = data.IndexOf(searched);
            if (found >= 0)
            {
                length = searched.Length;
                return found + length;
            }

            int tail = Math.Max(0, data.Length - searched.Length + 1);
            return tail + Walk(data[tail..], ref state, out length);
        }

        return Walk(data, ref state, out length);
    }

    // Through the automaton; from state zero by way of the next byte that a terminator begins with.
    private int Walk(ReadOnlySpan<byte> data, ref int state, out int length)
    {
        length = 0;
        int at = 0;
        while (at < data.Length)
        {
            if (state == 0)
            {
                int first = data[at..].IndexOfAny(_firstBytes);
                if (first < 0)
                {
                    return data.Length;
                }

                at += first;
            }

            state = Step(state, data[at++]);
            length = _states[state].Ends;
            if (length > 0)
            {
                state = 0;
                return at;
            }
        }

        return at;
    }

    // Amortised constant: a fallback is shorter, and only a step makes it longer.
    private int Step(int state, byte next)
    {
        while (true)
        {
            int child = Child(state, next);
            if (child > 0 || state == 0)
            {
                return Math.Max(child, 0);
            }

            state = _states[state].Fallback;
        }
    }

    private int Child(int state, byte next)
    {
        int child = _states[state].FirstChild;
        while (child > 0 && _states[child].Byte != next)
        {
            child = _states[child].Sibling;
        }

        return child;
    }

    private void AddPath(int terminator)
    {
        byte[] bytes = _terminators[terminator];
        int state = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            int child = Child(state, bytes[i]);
            if (child <= 0)
            {
                child = _states.Count;
                _states.Add(new State
                {
                    Byte = bytes[i],
                    Terminator = terminator,
                    Depth = i + 1,
                    Sibling = _states[state].FirstChild,
                });
                _states[state].FirstChild = child;
            }

            state = child;
        }

        _states[state].Ends = bytes.Length;
    }

    // Breadth first: a state's fallback is shorter than the state, so it is complete by then.
    private void LinkFallbacks()
    {
        var queue = new Queue<int>();
        queue.Enqueue(0);
        while (queue.TryDequeue(out int state))
        {
            for (int child = _states[state].FirstChild; child > 0; child = _states[child].Sibling)
            {
                State each = _states[child];
                each.Fallback = state == 0 ? 0 : Step(_states[state].Fallback, each.Byte);
                each.Ends = Math.Max(each.Ends, _states[each.Fallback].Ends);
                queue.Enqueue(child);
            }
        }
    }

    private sealed class State
    {
        public byte Byte { get; init; }

        /// <summary>A terminator that begins with this state's bytes, and how many they are.</summary>
        public int Terminator { get; init; }

        public int Depth { get; init; }

        public int FirstChild { get; set; }

        public int Sibling { get; init; }

        /// <summary>The longest proper suffix of this state's bytes that is a state too.</summary>
        public int Fallback { get; set; }

        /// <summary>The length of the longest terminator that ends here; 0 where none does.</summary>
        public int Ends { get; set; }
    }
}
