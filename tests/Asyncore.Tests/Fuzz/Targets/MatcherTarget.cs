using System.Runtime.InteropServices;
using System.Text;
using Asyncore.Testing;
using Asyncore.Tests.Chat;

namespace Asyncore.Tests.Fuzz;

/// <summary>Terminators, streams and cuts, compared with splitting as it is defined.</summary>
internal sealed class MatcherTarget : FuzzTarget
{
    private const int MostGenerations = 4;

    private readonly SimulatedNetwork _network = new();

    // One for all inputs, so that its matchers are shared, dropped and made again.
    private readonly EventLoop _loop;

    public MatcherTarget()
        : base("Matcher") => _loop = _network.CreateLoop();

    public override int Check(byte[] input, Random random)
    {
        var meant = new MatcherInput(input);
        (List<string> items, string left) = ReferenceSplitter.Split(meant.Stream, meant.Terminators);
        Check(meant, items, left, [meant.Stream.Length + 1]);
        Check(meant, items, left, [1]);
        if (meant.Cuts.AsSpan().ContainsAnyExcept((byte)0))
        {
            Check(meant, items, left, Array.ConvertAll(meant.Cuts, static size => (int)size));
        }

        _loop.RunOnce(TimeSpan.Zero); // which has chats on its lists that had something to tell, and have closed
        return items.Count;
    }

    public override void Dispose() => _network.Dispose();

    protected override byte[] Change(byte[] kept, Random random)
    {
        for (int generations = random.Next(1, MostGenerations + 1); generations > 0; generations--)
        {
            kept = Mutate(kept, random);
        }

        return kept;
    }

    private void Check(MatcherInput input, List<string> items, string left, int[] cuts)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var chat = new Splitter(_loop) { StripTerminator = !input.KeepsTerminator, MaxLineLength = input.MaxLength };
        if (input.Terminators is [var only])
        {
            chat.SetTerminator(only);
        }
        else
        {
            chat.SetTerminators(input.Terminators);
        }

        int at = 0;
        for (int i = 0; at < input.Stream.Length; i++)
        {
            int size = Math.Min(cuts[i % cuts.Length], input.Stream.Length - at);
            chat.Pull(input.Stream.AsSpan(at, size));
            at += size;
        }

        // The automaton, and each item a few times over; not something for every byte of the stream or every piece.
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Property.Holds(allocated <= 100_000 + (items.Count * 1_000));
        CheckEvents(input, items, left, chat.Events);
        chat.ClearTerminator(); // what is held back comes out
        chat.Pull(default);
        if (input.MaxLength == 0)
        {
            Property.Equal(left, chat.Rest, "what is left");
        }

        chat.Close();
    }

    private static void CheckEvents(MatcherInput input, List<string> items, string left, List<string> events)
    {
        if (input.MaxLength > 0)
        {
            // Whether one that has not ended is too long already depends on what of it may still be a terminator.
            bool unended = events.Count == items.Count + 1 && events[^1] == "overflow" && left.Length > input.MaxLength;
            events = unended ? events[..^1] : events;
        }

        List<string> expected = items.ConvertAll(item => Event(input, item));
        if (input.KeepsTerminator)
        {
            CheckKept(input, expected, events);
        }
        else
        {
            Property.EqualItems(expected, events, "items");
        }
    }

    private static void CheckKept(MatcherInput input, List<string> expected, List<string> events)
    {
        Property.Equal(expected.Count, events.Count, "items");
        string[] terminators = Array.ConvertAll(input.Terminators, Encoding.Latin1.GetString);
        for (int i = 0; i < expected.Count; i++)
        {
            Property.Holds(events[i].StartsWith(expected[i], StringComparison.Ordinal));
            string kept = events[i][expected[i].Length..];
            Property.Holds(expected[i] == "overflow" ? kept.Length == 0 : terminators.Contains(kept));
        }
    }

    private static string Event(MatcherInput input, string item) =>
        input.MaxLength > 0 && item.Length > input.MaxLength ? "overflow" : $"item {item}";

    // Allocates for its items alone, so that what the chat allocates can be told from it.
    private sealed class Splitter(EventLoop loop) : AsyncChat(null, loop)
    {
        private readonly List<byte> _item = [];

        public List<string> Events { get; } = [];

        public string Rest => Encoding.GetString(CollectionsMarshal.AsSpan(_item));

        protected override void CollectIncomingData(ReadOnlySpan<byte> data)
        {
            Property.Holds(!data.IsEmpty);
            _item.AddRange(data);
        }

        protected override void FoundTerminator()
        {
            Events.Add($"item {Rest}");
            _item.Clear();
        }

        protected override void HandleOverflow()
        {
            Events.Add("overflow");
            _item.Clear();
        }
    }
}
