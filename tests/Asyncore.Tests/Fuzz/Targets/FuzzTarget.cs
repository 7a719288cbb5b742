using Asyncore.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Asyncore.Tests.Fuzz;

/// <summary>
/// Something that is given whatever bytes there are, and what has to hold of it. An input is a function of its seed and
/// of the inputs that were kept. One thread's.
/// </summary>
internal abstract class FuzzTarget : IDisposable
{
    private readonly Mutator _mutator;
    private byte[] _input = [];
    private int _seed;
    private long _begun;

    /// <param name="folder">Where the inputs are that were kept, in the corpus.</param>
    protected FuzzTarget(string folder)
    {
        Name = folder.ToLowerInvariant();
        Folder = $"tests/Asyncore.Tests/Fuzz/Corpus/{folder}";
        Corpus =
        [
            .. Directory.GetFiles(Repository.PathOf(Folder)).Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
        ];
        _mutator = new Mutator(Corpus);
    }

    /// <summary>For loops that say nothing.</summary>
    protected static EventLoopOptions Quiet { get; } = new() { LoggerFactory = NullLoggerFactory.Instance };

    /// <summary>What it is called on a command line.</summary>
    public string Name { get; }

    /// <summary>Where the inputs are that were kept, from the repository's root.</summary>
    public string Folder { get; }

    /// <summary>The inputs that were kept.</summary>
    public byte[][] Corpus { get; }

    /// <summary>How many inputs <see cref="Run"/> has begun with; any thread may ask.</summary>
    public long Begun => Volatile.Read(ref _begun);

    /// <summary>The input of a seed. The first ones are those that were kept, as they are.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="random">What is to be chosen beside the input, of the same seed.</param>
    public byte[] Input(int seed, out Random random)
    {
        random = new Random(Scrambled(seed));
        return seed >= 0 && seed < Corpus.Length ? Corpus[seed] : Change(Corpus[random.Next(Corpus.Length)], random);
    }

    /// <summary>Makes the input of a seed, and looks at what becomes of it.</summary>
    /// <returns>As <see cref="Check"/>.</returns>
    /// <exception cref="FuzzException">A property is broken.</exception>
    public int Run(int seed)
    {
        Volatile.Write(ref _begun, _begun + 1);
        _seed = seed;
        _input = Input(seed, out Random random);
        try
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int made = Check(_input, random);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            long most = MostAllocated(_input.Length);
            return allocated <= most
                ? made
                : throw new PropertyException($"{allocated} bytes were allocated, and {most} are allowed");
        }
        catch (Exception error)
        {
            throw new FuzzException(Describe(error.ToString()), error);
        }
    }

    /// <summary>What is wrong with the input that it has begun with last, and how to have it again.</summary>
    public string Describe(string what) => $"""
        {Name}, seed {_seed}: {what}
        the input, {_input.Length} bytes in base64: {Convert.ToBase64String(_input)}
        to have it again: tests/fuzz --only {Name} --first {_seed} --inputs 1
        to keep it: base64 -d > {Folder}/NAME
        """;

    /// <summary>Throws where something does not hold.</summary>
    /// <param name="input">Any bytes.</param>
    /// <param name="random">Chooses what is not the input's: where it is cut, say.</param>
    /// <returns>How much has come of it: items, messages, headers; none where it is all wrong.</returns>
    public abstract int Check(byte[] input, Random random);

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>Makes another input of one that was kept.</summary>
    protected virtual byte[] Change(byte[] kept, Random random) => Mutate(kept, random);

    protected byte[] Mutate(ReadOnlySpan<byte> input, Random random) => _mutator.Mutate(input, random);

    /// <summary>
    /// How many bytes one input may have allocated, of so many. It need not be close: to allocate what an input merely
    /// announces, or for each of its bytes as much as there are, is far beyond it.
    /// </summary>
    protected virtual long MostAllocated(int length) => (4 * 1024 * 1024) + (2048L * length);

    // What Random gives first is nearly proportional to its seed (the last step of MurmurHash3 mends that).
    private static int Scrambled(int seed)
    {
        uint bits = unchecked((uint)seed);
        bits = (bits ^ (bits >> 16)) * 0x85EBCA6B;
        bits = (bits ^ (bits >> 13)) * 0xC2B2AE35;
        return unchecked((int)(bits ^ (bits >> 16)));
    }
}

/// <summary>A property is broken: by which target, seed and input, and how to have it again.</summary>
internal sealed class FuzzException(string what, Exception? inner = null) : Exception(what, inner);
