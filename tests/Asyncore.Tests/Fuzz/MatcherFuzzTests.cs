using System.Globalization;
using System.Text;
using Asyncore.Tests.Chat;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// Terminators, streams and cuts that nobody has thought of, compared with splitting as it is defined. The same in every
/// run; ASYNCORE_FUZZ_RUNS asks for more of them.
/// </summary>
public class MatcherFuzzTests
{
    private const int Runs = 10_000;
    private const string Folder = "tests/Asyncore.Tests/Fuzz/Corpus/Matcher";

    public static TheoryData<string> Corpus => [.. Files().Select(file => Path.GetFileName(file))];

    [Theory, MemberData(nameof(Corpus))]
    public void AnInputThatWasKept(string file)
    {
        using var loop = new EventLoop();
        Check(loop, File.ReadAllBytes(Repository.PathOf($"{Folder}/{file}")));
    }

    [Fact]
    public void InputsMadeFromThoseThatWereKept()
    {
        byte[][] corpus = [.. Files().Select(File.ReadAllBytes)];
        string? asked = Environment.GetEnvironmentVariable("ASYNCORE_FUZZ_RUNS");
        int runs = asked is null ? Runs : int.Parse(asked, CultureInfo.InvariantCulture);

        // One loop for all, so that its matchers are shared, dropped and made again.
        using var loop = new EventLoop();
        for (int seed = 0; seed < runs; seed++)
        {
            var random = new Random(seed);
            byte[] input = corpus[random.Next(corpus.Length)];
            for (int generations = random.Next(1, 9); generations > 0; generations--)
            {
                input = Mutator.Mutate(input, random, corpus);
            }

            try
            {
                Check(loop, input);
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, to be kept: {Convert.ToBase64String(input)}\n{error}");
            }
        }
    }

    [Fact]
    public void ThoseThatWereKeptReachAllThereIs()
    {
        MatcherInput[] inputs = [.. Files().Select(file => new MatcherInput(File.ReadAllBytes(file)))];
        Assert.Contains(inputs, input => input.Terminators is [{ Length: 1 }]);
        Assert.Contains(inputs, input => input.Terminators is [{ Length: > 1 and <= 8 }]);
        Assert.Contains(inputs, input => input.Terminators is [{ Length: > 8 }]);
        Assert.Contains(inputs, input => input.Terminators.Length > 2);
        Assert.Contains(inputs, input => input.KeepsTerminator);
        Assert.Contains(inputs, input => input.MaxLength > 0);
        Assert.All(inputs, input =>
            Assert.NotEmpty(ReferenceSplitter.Split(input.Stream, input.Terminators).Items));
    }

    private static IEnumerable<string> Files() =>
        Directory.GetFiles(Repository.PathOf(Folder), "*.bin").Order(StringComparer.Ordinal);

    private static void Check(EventLoop loop, byte[] bytes)
    {
        var input = new MatcherInput(bytes);
        (List<string> items, string left) = ReferenceSplitter.Split(input.Stream, input.Terminators);
        Check(loop, input, items, left, [input.Stream.Length + 1]);
        Check(loop, input, items, left, [1]);
        if (input.Cuts.Any(size => size > 0))
        {
            Check(loop, input, items, left, Array.ConvertAll(input.Cuts, size => (int)size));
        }
    }

    private static void Check(EventLoop loop, MatcherInput input, List<string> items, string left, int[] cuts)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var chat = new Splitter(loop) { StripTerminator = !input.KeepsTerminator, MaxLineLength = input.MaxLength };
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
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000 + (items.Count * 1_000));
        List<string> events = chat.Events;
        if (input.MaxLength > 0)
        {
            // Whether one that has not ended is too long already depends on what of it may still be a terminator.
            bool unended = events.Count == items.Count + 1 && events[^1] == "overflow" && left.Length > input.MaxLength;
            events = unended ? events[..^1] : events;
        }

        if (input.KeepsTerminator)
        {
            CheckKept(input, items, events);
        }
        else
        {
            Assert.Equal(items.Select(item => Event(input, item)), events);
        }

        chat.ClearTerminator(); // what is held back comes out
        chat.Pull(default);
        if (input.MaxLength == 0)
        {
            Assert.Equal(left, chat.Rest);
        }

        chat.Close();
    }

    private static void CheckKept(MatcherInput input, List<string> items, List<string> events)
    {
        Assert.Equal(items.Count, events.Count);
        string[] terminators = Array.ConvertAll(input.Terminators, Encoding.Latin1.GetString);
        for (int i = 0; i < items.Count; i++)
        {
            string expected = Event(input, items[i]);
            Assert.StartsWith(expected, events[i], StringComparison.Ordinal);
            string kept = events[i][expected.Length..];
            Assert.True(expected == "overflow" ? kept.Length == 0 : terminators.Contains(kept));
        }
    }

    private static string Event(MatcherInput input, string item) =>
        input.MaxLength > 0 && item.Length > input.MaxLength ? "overflow" : $"item {item}";

    // Allocates for its items alone, so that what the chat allocates can be told from it.
    private sealed class Splitter(EventLoop loop) : AsyncChat(null, loop)
    {
        private readonly List<byte> _item = [];

        public List<string> Events { get; } = [];

        public string Rest => Encoding.GetString([.. _item]);

        protected override void CollectIncomingData(ReadOnlySpan<byte> data)
        {
            if (data.IsEmpty)
            {
                throw new InvalidOperationException("Nothing was collected.");
            }

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
